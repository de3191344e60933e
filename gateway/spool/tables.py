"""The tables of the house, and `pause`: the lanes that wait for credentials. Times are Unix seconds."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

mail = Table(
    "mail",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("received_at", Float, nullable=False),
    Column("source", String(60), nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("peer", Text, nullable=False),
    Column("helo", Text, nullable=False),
    Column("tls", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("message_id", Text),
    Column("thread", JSON),
    Column("subject", Text),
    Column("from_address", Text),
    Column("blob", Text),
    Column("raw", LargeBinary),
    Index("mail_received_at", "received_at"),
    Index("mail_message_id", "message_id"),
)

callback = Table(
    "callback",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("identity", String(64), nullable=False, unique=True),
    Column("errand", Text, nullable=False),
    Column("document", LargeBinary),
    Index("callback_errand", "errand"),
    Index("callback_received_at", "received_at"),
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(10), nullable=False),
    Column("mail_id", String(26), ForeignKey("mail.id", ondelete="CASCADE")),
    Column("callback_id", String(26), ForeignKey("callback.id", ondelete="CASCADE")),
    Column("route", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("identity", String(64), unique=True),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("lease", Integer, nullable=False),
    Column("leased_until", Float, nullable=False),
    Column("hold", String(10)),
    Column("keep", Boolean, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Column("detail", JSON, nullable=False),
    Index("job_due", "state", "next_at"),
    Index("job_result", "kind", "result"),
    Index("job_mail", "mail_id"),
    Index("job_callback", "callback_id"),
)

sent = Table(
    "sent",
    metadata,
    Column("message_id", String(255), primary_key=True),
    Column("callback_id", String(26), nullable=False),
    Column("errand", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("sent_at", Float, nullable=False),
    Index("sent_errand", "errand"),
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", String(26), nullable=False),
    Column("at", Float, nullable=False),
    Column("step", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("event_subject", "subject"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("mailbox", String(255), primary_key=True),
    Column("folder", String(255), primary_key=True),
    Column("uidvalidity", Integer, nullable=False),
    Column("uid", Integer, nullable=False),
)

pause = Table(
    "pause",
    metadata,
    Column("lane", String(255), primary_key=True),
    Column("since", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("probe_at", Float, nullable=False),
)
