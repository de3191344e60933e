"""What pollers remember of single messages, and which node holds which poller."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    name = sa.Text() if op.get_context().dialect.name == "postgresql" else sa.String(length=255)
    op.create_table(
        "fetched",
        sa.Column("mailbox", name, nullable=False),
        sa.Column("folder", name, nullable=False),
        sa.Column("uid", name, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("mailbox", "folder", "uid"),
    )
    op.create_table(
        "holding",
        sa.Column("name", name, nullable=False),
        sa.Column("holder", sa.String(length=26), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
