"""A second store: large bodies as rows, types and indexes that hold on PostgreSQL too; indexes for a growing spool."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DROPPED = (
    ("job_due", "job"),
    ("job_result", "job"),
    ("mail_message_id", "mail"),
    ("mail_received_at", "mail"),
    ("callback_errand", "callback"),
    ("callback_received_at", "callback"),
    ("sent_errand", "sent"),
)
_LONGER = (
    ("job", "id"),
    ("event", "id"),
    ("cursor", "uidvalidity"),
    ("cursor", "uid"),
)
_UNBOUND = (
    ("mail", "source"),
    ("sent", "message_id"),
    ("cursor", "mailbox"),
    ("cursor", "folder"),
    ("pause", "lane"),
)


def upgrade() -> None:
    """Change them; what they hold stays."""
    op.create_table(
        "chunk",
        sa.Column("name", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", "number"),
    )
    for index, table in _DROPPED:
        op.drop_index(index, table_name=table)
    if op.get_context().dialect.name == "postgresql":
        _widen()
    _create_indexes()


def _widen() -> None:
    for table, column in _LONGER:
        op.alter_column(table, column, type_=sa.BigInteger())
    for sequence in ("job_id_seq", "event_id_seq"):
        op.execute(f"alter sequence {sequence} as bigint")
    for table, column in _UNBOUND:
        op.alter_column(table, column, type_=sa.Text())
    # Mails are mostly base64 and small HTML: pressing them costs more time than it spares room.
    op.execute("alter table mail alter column raw set storage external")
    op.execute("alter table chunk alter column data set storage external")


def _create_indexes() -> None:
    _index("job_due", "job", ["lane", "state", "next_at"])
    _index("job_state", "job", ["state", "next_at", "kind", "created_at"])
    _index("job_result", "job", ["result"], using="hash")
    _index("mail_there", "mail", ["received_at", "size"], "raw IS NOT NULL OR blob IS NOT NULL")
    _index("mail_gone", "mail", ["received_at"], "raw IS NULL AND blob IS NULL")
    _index("mail_message_id", "mail", ["message_id"], using="hash")
    _index("callback_errand", "callback", ["errand"], using="hash")
    _index("callback_there", "callback", ["received_at"], "document IS NOT NULL")
    _index("callback_gone", "callback", ["received_at"], "document IS NULL")
    _index("sent_errand", "sent", ["errand"], using="hash")
    _index("sent_callback", "sent", ["callback_id"])


def _index(name: str, table: str, columns: list[str], where: str | None = None, using: str = "btree") -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only, postgresql_using=using)
