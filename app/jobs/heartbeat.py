"""A sign of life that others can see: ``python -m app.jobs.heartbeat`` checks it."""

import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.jobs.slots import RECONNECT_S
from app.settings import Settings

_OLDEST_S: Final = RECONNECT_S + 60.0
"""A worker that has shown no sign of life for this long hangs: one that waits for the database ends
before."""


class Heartbeat:
    """A file whose age tells when a worker on this host was last well.

    Parameters
    ----------
    folder
        Where the file is; it is named by the host, which in a container is the container.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{socket.gethostname()}.alive"

    def beat(self) -> None:
        """Show a sign of life."""
        self._file.touch()

    def end(self) -> None:
        """Show that the worker ended as it should."""
        self._file.unlink(missing_ok=True)

    def is_fresh(self) -> bool:
        """Tell whether there was a sign of life lately."""
        with suppress(FileNotFoundError):
            age = datetime.now(UTC).timestamp() - self._file.stat().st_mtime
            return age < _OLDEST_S
        return False


if __name__ == "__main__":
    sys.exit(0 if Heartbeat(Settings().locks_dir).is_fresh() else 1)
