"""The tables of the house, `pause`: lanes that wait for credentials, `chunk`: large bodies. Times are Unix seconds.

An index that looks up words of others (a Message-ID, an errand's id) is a hash on PostgreSQL: these have no bound, and
a tree refuses entries over 2,700 bytes there.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
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
    and_,
    or_,
    text,
)

metadata = MetaData()

# SQLite has one kind of number and minds no length; PostgreSQL has several, and does.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
_NAME = Text().with_variant(String(255), "sqlite")
_SOURCE = Text().with_variant(String(60), "sqlite")

mail = Table(
    "mail",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("received_at", Float, nullable=False),
    Column("source", _SOURCE, nullable=False),
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
    Column("kind", String(12)),
    Column("alike", _NUMBER),
    Column("blob", Text),
    Column("raw", LargeBinary),
    Index("mail_message_id", "message_id", postgresql_using="hash"),
    Index(
        "mail_alike",
        "alike",
        "received_at",
        sqlite_where=text("alike IS NOT NULL"),
        postgresql_where=text("alike IS NOT NULL"),
    ),
)

# Whether its content is there, or has been forgotten. A partial index serves queries that say exactly what it says.
mail_there = or_(mail.c.raw.is_not(None), mail.c.blob.is_not(None))
mail_gone = and_(mail.c.raw.is_(None), mail.c.blob.is_(None))
Index("mail_there", mail.c.received_at, mail.c.size, sqlite_where=mail_there, postgresql_where=mail_there)
Index("mail_gone", mail.c.received_at, sqlite_where=mail_gone, postgresql_where=mail_gone)

callback = Table(
    "callback",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("identity", String(64), nullable=False, unique=True),
    Column("errand", Text, nullable=False),
    Column("document", LargeBinary),
    Index("callback_errand", "errand", postgresql_using="hash"),
)

callback_there, callback_gone = callback.c.document.is_not(None), callback.c.document.is_(None)
Index("callback_there", callback.c.received_at, sqlite_where=callback_there, postgresql_where=callback_there)
Index("callback_gone", callback.c.received_at, sqlite_where=callback_gone, postgresql_where=callback_gone)

job = Table(
    "job",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
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
    Column("reason", String(30)),
    Column("keep", Boolean, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Column("detail", JSON, nullable=False),
    Index("job_due", "lane", "state", "next_at"),
    Index("job_state", "state", "next_at", "kind", "created_at"),
    Index("job_result", "result", sqlite_where=text("result IS NOT NULL"), postgresql_using="hash"),
    Index("job_mail", "mail_id"),
    Index("job_callback", "callback_id"),
)

sent = Table(
    "sent",
    metadata,
    Column("message_id", _NAME, primary_key=True),
    Column("callback_id", String(26), nullable=False),
    Column("errand", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("sent_at", Float, nullable=False),
    Index("sent_errand", "errand", postgresql_using="hash"),
    Index("sent_callback", "callback_id"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("callback_id", String(26), primary_key=True),
    Column("recipient", _NAME, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("since", Float, nullable=False),
    Column("at", Float, nullable=False),
    Column("smarthost", Text, nullable=False),
    Column("queue_id", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("told", String(10), nullable=False),
    Column("notice_id", String(26)),
    Column("report_id", String(26)),
)

event = Table(
    "event",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("subject", String(26), nullable=False),
    Column("at", Float, nullable=False),
    Column("step", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("event_subject", "subject"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("mailbox", _NAME, primary_key=True),
    Column("folder", _NAME, primary_key=True),
    Column("uidvalidity", _NUMBER, nullable=False),
    Column("uid", _NUMBER, nullable=False),
)

fetched = Table(
    "fetched",
    metadata,
    Column("mailbox", _NAME, primary_key=True),
    Column("folder", _NAME, primary_key=True),
    Column("uid", _NAME, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("error", Text),
)

# One row: the jobs up to this one may not be in the index of words yet.
unindexed = Table("unindexed", metadata, Column("top", _NUMBER, primary_key=True, autoincrement=False))

# How many of a fact happened in the minute (60 seconds) or hour (3,600) that begins at a Unix time.
pulse = Table(
    "pulse",
    metadata,
    Column("seconds", Integer, primary_key=True, autoincrement=False),
    Column("fact", String(20), primary_key=True),
    Column("at", _NUMBER, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
)

# One row: the steps up to this one are in `pulse`.
counted = Table("counted", metadata, Column("top", _NUMBER, primary_key=True, autoincrement=False))

node = Table(
    "node",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("host", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("seen", Float, nullable=False),
)

holding = Table(
    "holding",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("holder", String(26), nullable=False),
    Column("until", Float, nullable=False),
)

pause = Table(
    "pause",
    metadata,
    Column("lane", _NAME, primary_key=True),
    Column("since", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("probe_at", Float, nullable=False),
)

# Who is signed in to the console.
session = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("how", String(10), nullable=False),
    Column("role", String(12), nullable=False),
    Column("mark", String(64), nullable=False),
    Column("began", Float, nullable=False),
    Column("seen", Float, nullable=False),
)

# What persons did: one row an act, and the jobs that it moved as they were before.
act = Table(
    "act",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("way", String(20), nullable=False),
    Column("address", Text, nullable=False),
    Column("act", String(20), nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("jobs", Integer, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("undone_by", _NUMBER),
)

acted = Table(
    "acted",
    metadata,
    Column("act", _NUMBER, primary_key=True, autoincrement=False),
    Column("job", _NUMBER, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("lease", Integer, nullable=False),
    Column("before", JSON, nullable=False),
    Index("acted_job", "job"),
)

# What a person has paused: "route:NAME", "workspace:NAME", "smarthost:NAME", "source:NAME".
halt = Table(
    "halt",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("since", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

chunk = Table(
    "chunk",
    metadata,
    Column("name", String(26), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
