"""What became of each recipient of an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    name = sa.Text() if op.get_context().dialect.name == "postgresql" else sa.String(length=255)
    op.create_table(
        "delivery",
        sa.Column("callback_id", sa.String(length=26), nullable=False),
        sa.Column("recipient", name, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("smarthost", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("told", sa.String(length=10), nullable=False),
        sa.Column("notice_id", sa.String(length=26), nullable=True),
        sa.Column("report_id", sa.String(length=26), nullable=True),
        sa.PrimaryKeyConstraint("callback_id", "recipient"),
    )
