"""What Alembic runs: the migrations, on the connection that `app.store.schema` hands over."""

from alembic import context

from app.store.tables import TableBase

context.configure(
    connection=context.config.attributes["connection"], target_metadata=TableBase.metadata
)
context.run_migrations()
