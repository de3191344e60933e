"""Who wrote a mail, a person or a program, and by what mails of one sender and subject are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; mails of before have neither."""
    number = sa.BigInteger() if op.get_context().dialect.name == "postgresql" else sa.Integer()
    op.add_column("mail", sa.Column("kind", sa.String(length=12), nullable=True))
    op.add_column("mail", sa.Column("alike", number, nullable=True))
    known = sa.text("alike IS NOT NULL")
    op.create_index("mail_alike", "mail", ["alike", "received_at"], sqlite_where=known, postgresql_where=known)
