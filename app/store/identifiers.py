"""Names of rows: UUIDs of version 7 (RFC 9562), which sort by the time they were made.

Files that callers sent are named by the SHA-256 of their content.
"""

import re
from datetime import UTC, datetime
from typing import Final

import uuid_utils

FILE_NAME: Final = re.compile(r"[0-9a-f]{64}\.[a-z]+(?:\.gz)?")
"""The name of a file that a caller sent, wherever it stands in a text."""


def new_id() -> str:
    """Return an identifier that no other row has."""
    return str(uuid_utils.uuid7())


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)
