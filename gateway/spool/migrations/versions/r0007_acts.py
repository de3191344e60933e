"""What persons did and what they paused; the word for which a job is parked."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the column."""
    postgresql = op.get_context().dialect.name == "postgresql"
    number = sa.BigInteger() if postgresql else sa.Integer()
    op.add_column("job", sa.Column("reason", sa.String(length=30), nullable=True))
    op.create_table(
        "act",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("way", sa.String(length=20), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("undone_by", number, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "acted",
        sa.Column("act", number, autoincrement=False, nullable=False),
        sa.Column("job", number, autoincrement=False, nullable=False),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["job.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("act", "job"),
    )
    op.create_index("acted_job", "acted", ["job"])
    op.create_table(
        "halt",
        sa.Column("name", sa.Text() if postgresql else sa.String(length=255), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
