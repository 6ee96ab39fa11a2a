"""Bring a database up to date: our tables through Alembic, the job engine's through its own."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from dbos import DBOS
from sqlalchemy import Engine, text

_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 0x5EEDA1
"""Any number that nothing else in the database locks."""


def migrations(connection: object = None) -> Config:
    """Return Alembic's view of our migrations, to be run on a connection."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def upgrade(engine: Engine) -> None:
    """Create what is missing and migrate what is old; safe to call from many processes at once.

    Raises
    ------
    sqlalchemy.exc.SQLAlchemyError
        The database cannot be reached or changed.
    """
    with engine.begin() as connection:
        # One migrates, the others wait here and find nothing left to do.
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        command.upgrade(migrations(connection), "head")
    logging.getLogger("dbos").setLevel(logging.WARNING)
    DBOS.migrate(engine.url.render_as_string(hide_password=False))
