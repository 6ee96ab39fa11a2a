"""Whether this process can do its work."""

import tempfile

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import UnavailableError
from app.http.health_wire import Health
from app.settings import Settings


def check_readiness(session: Session, settings: Settings) -> Health:
    """Return healthy where the database answers and the data directory can be written.

    Raises
    ------
    UnavailableError
        One of them does not; says which.
    """
    try:
        session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        detail = "The database does not answer."
        raise UnavailableError(detail) from error
    try:
        with tempfile.TemporaryFile(dir=settings.data_dir):
            pass
    except OSError as error:
        detail = "The data directory cannot be written."
        raise UnavailableError(detail) from error
    return Health(status="ok", checks=("database", "data directory"))
