"""Bring a database up to date: our tables through Alembic, the job engine's through its own."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from dbos import DBOS
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from app.errors import DatabaseError

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x5EEDA1
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
    DatabaseError
        The database cannot be reached or changed, is none, or was written by a newer version.
    """
    place = engine.url.render_as_string(hide_password=True)
    try:
        with engine.begin() as connection:
            # One migrates, the others wait here and find nothing left to do.
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _require_known(connection, place)
            command.upgrade(migrations(connection), "head")
        logging.getLogger("dbos").setLevel(logging.WARNING)
        DBOS.migrate(engine.url.render_as_string(hide_password=False))
    except DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0]
        rule = f"The database {place} cannot be used ({why}); nothing was changed."
        raise DatabaseError(rule) from error
    except CommandError as error:
        rule = f"The database {place} cannot be brought up to date ({error}); nothing was changed."
        raise DatabaseError(rule) from error


def _require_known(connection: Connection, place: str) -> None:
    """Refuse a database whose schema this version does not know."""
    known = {
        script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()
    }
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        rule = (
            f"The database {place} was written by a newer version of this program: its schema is "
            f"{min(unknown)[:40]!r}, and this version knows up to {max(known)!r}. "
            "Run that version, or restore a backup."
        )
        raise DatabaseError(rule)
