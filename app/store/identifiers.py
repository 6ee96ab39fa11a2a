"""Names of rows: UUIDs of version 7 (RFC 9562), which sort by the time they were made."""

from datetime import UTC, datetime

import uuid_utils


def new_id() -> str:
    """Return an identifier that no other row has."""
    return str(uuid_utils.uuid7())


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)
