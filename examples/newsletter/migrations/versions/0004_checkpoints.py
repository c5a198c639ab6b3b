"""motfunnel: tables of version 4

Revision ID: 0004
Revises: 0003

"""
from alembic import op

from motfunnel.integrations.alembic import upgrade_tables

# revision identifiers, used by Alembic.
revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade():
    upgrade_tables(op.get_bind(), 3, 4)


def downgrade():
    with op.batch_alter_table('motfunnel_events', schema=None) as batch_op:
        batch_op.drop_index('motfunnel_events_order')
    op.drop_table('motfunnel_checkpoints')
    with op.batch_alter_table('motfunnel_contacts', schema=None) as batch_op:
        batch_op.drop_index('motfunnel_contacts_owed')
        batch_op.drop_column('owed_since')
        batch_op.drop_column('checkpoint')
        batch_op.drop_column('events')
