"""motfunnel: tables of version 6

Revision ID: 0006
Revises: 0005

"""
from alembic import op

from motfunnel.integrations.alembic import upgrade_tables

# revision identifiers, used by Alembic.
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    upgrade_tables(op.get_bind(), 5, 6)


def downgrade():
    with op.batch_alter_table('motfunnel_contacts', schema=None) as batch_op:
        batch_op.drop_column('gaps_sum')
        batch_op.drop_column('gaps')
