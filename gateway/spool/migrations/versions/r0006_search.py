"""What mails and answers are found by: a table of words, with an index that goes by them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SQLITE = (
    """
    CREATE VIRTUAL TABLE finding
    USING fts5(subject, sender, recipients, rest, traits, tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3')
    """,
    "CREATE TRIGGER job_found_no_more AFTER DELETE ON job BEGIN DELETE FROM finding WHERE rowid = old.id; END",
)
_POSTGRESQL = (
    "CREATE TABLE finding (job bigint PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE, words tsvector NOT NULL)",
    "CREATE INDEX finding_words ON finding USING gin (words)",
)


def upgrade() -> None:
    """Make the table, empty: the worker fills it with what there is, newest first, while it works (`index.fill`)."""
    postgresql = op.get_context().dialect.name == "postgresql"
    for statement in _POSTGRESQL if postgresql else _SQLITE:
        op.execute(statement)
    number = sa.BigInteger() if postgresql else sa.Integer()
    op.create_table(
        "unindexed", sa.Column("top", number, autoincrement=False, nullable=False), sa.PrimaryKeyConstraint("top")
    )
    op.execute("INSERT INTO unindexed (top) SELECT coalesce(max(id), 0) FROM job")
