"""motfunnel: tables of version 3

Revision ID: 0003
Revises: 0002

"""
from alembic import op

from motfunnel.integrations.alembic import upgrade_tables

# revision identifiers, used by Alembic.
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    upgrade_tables(op.get_bind(), 2, 3)


def downgrade():
    op.drop_table('motfunnel_redactions')
    op.drop_table('motfunnel_tombstones')
