"""How many of what happened in each minute and hour, and the nodes that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. Counting begins with the oldest step that there is."""
    postgresql = op.get_context().dialect.name == "postgresql"
    number = sa.BigInteger() if postgresql else sa.Integer()
    op.create_table(
        "pulse",
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("fact", sa.String(length=20), nullable=False),
        sa.Column("at", number, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seconds", "fact", "at"),
    )
    op.create_table(
        "counted", sa.Column("top", number, autoincrement=False, nullable=False), sa.PrimaryKeyConstraint("top")
    )
    op.execute("INSERT INTO counted (top) VALUES (0)")
    op.create_table(
        "node",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
