"""Files that callers send: to disk piece by piece, named by their content, whole or not at all."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from anyio import to_thread

from app.errors import SlowRequestError, TooLargeError
from app.settings import Settings
from app.store.artifacts import Artifacts

_PACE: Final = 32 * 2**10
"""Bytes a second that the slowest sender reaches on average."""


class Uploads:
    """The folder of uploads.

    Parameters
    ----------
    settings
        Say where it is, and how large and how slow an upload may be.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def receive(self, chunks: AsyncIterator[bytes], suffix: str) -> str:
        """Store what arrives and return its name.

        Raises
        ------
        TooLargeError
            It is longer than this server takes.
        SlowRequestError
            Nothing arrived for too long, or too little all the time.
        """
        folder = self._settings.uploads_dir
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part") as part:
            digest = hashlib.sha256()
            room = self._settings.max_upload_mb * 2**20
            async for chunk in _timed(chunks, self._settings.body_timeout_s):
                room -= len(chunk)
                if room < 0:
                    detail = (
                        f"The file is larger than the {self._settings.max_upload_mb} MiB that "
                        "this server takes."
                    )
                    raise TooLargeError(detail)
                digest.update(chunk)
                await to_thread.run_sync(part.write, chunk)
            part.flush()
            path = folder / f"{digest.hexdigest()}{suffix}"
            await to_thread.run_sync(self._keep, Path(part.name), path)
        return path.name

    def _keep(self, part: Path, path: Path) -> None:
        if not path.exists():
            path.hardlink_to(part)
        Artifacts(self._settings.data_dir, self._settings.artifacts_url).publish((path,))


async def _timed(chunks: AsyncIterator[bytes], longest_s: float) -> AsyncIterator[bytes]:
    """Yield what arrives; silence ends it, and so does a trickle."""
    clock = asyncio.get_running_loop().time
    patience = clock() + longest_s
    while True:
        try:
            async with asyncio.timeout_at(min(patience, clock() + longest_s)):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            detail = f"Nothing arrived for {longest_s:g} s, or less than {_PACE} bytes a second."
            raise SlowRequestError(detail) from error
        patience += len(chunk) / _PACE
        yield chunk
