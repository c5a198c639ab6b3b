"""motfunnel: tables of version 7

Revision ID: 0007
Revises: 0006

"""
from alembic import op

from motfunnel.integrations.alembic import upgrade_tables

# revision identifiers, used by Alembic.
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    upgrade_tables(op.get_bind(), 6, 7)


def downgrade():
    op.drop_table('motfunnel_messages')
    op.drop_table('motfunnel_subscriptions')
    op.drop_table('motfunnel_changes')
    op.drop_table('motfunnel_answers')
    with op.batch_alter_table('motfunnel_events', schema=None) as batch_op:
        batch_op.drop_column('value')
