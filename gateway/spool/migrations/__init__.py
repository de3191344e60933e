"""The tables' history, run by alembic when the spool is opened."""
