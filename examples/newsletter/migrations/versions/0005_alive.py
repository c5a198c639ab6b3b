"""motfunnel: tables of version 5

Revision ID: 0005
Revises: 0004

"""
from alembic import op

from motfunnel.integrations.alembic import upgrade_tables

# revision identifiers, used by Alembic.
revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade():
    upgrade_tables(op.get_bind(), 4, 5)


def downgrade():
    with op.batch_alter_table('motfunnel_events', schema=None) as batch_op:
        batch_op.drop_column('alive')
