"""Alembic's entry: it runs the revisions on the connection that `gateway.spool.database.migrate` hands it."""

from alembic import context

from gateway.spool.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
