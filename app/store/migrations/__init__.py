"""The database's history, run by Alembic from `app.store.schema`."""
