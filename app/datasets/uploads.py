"""Files that callers send: to disk piece by piece, named by their content, whole or not at all.

Uploaded vectors are checked in a process of their own before anything is made of them.
"""

import asyncio
import codecs
import hashlib
import os
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anyio import to_thread

from app.datasets.source_reports import UPLOAD
from app.datasets.wire import UploadedManifest
from app.errors import InvalidRequestError, SlowRequestError, TooLargeError
from app.processes.child import Cancellation
from app.settings import Settings
from app.store.artifacts import Artifacts
from features.errors import FeatureError
from features.files.packed import ENDING, MAGIC
from features.readers.vectors import read_vectors

_HEAD: Final = 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_PARQUET: Final = b"PAR1"
_MARKS: Final = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}

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
        path = await self._receive(chunks, lambda _: suffix, self._settings.max_upload_mb)
        return path.name

    async def receive_vectors(self, chunks: AsyncIterator[bytes], suffix: str) -> str:
        """Store vectors and return their name: Parquet by its first bytes, else as they are called.

        Raises
        ------
        TooLargeError, SlowRequestError
            See :meth:`receive`.
        """
        most_mb = self._settings.max_upload_mb
        path = await self._receive(
            chunks, lambda head: ".parquet" if head.startswith(_PARQUET) else suffix, most_mb
        )
        return path.name

    async def receive_manifest(self, chunks: AsyncIterator[bytes]) -> UploadedManifest:
        """Store a manifest whose form is seen by its first bytes.

        Raises
        ------
        InvalidRequestError
            It is empty.
        TooLargeError, SlowRequestError
            See :meth:`receive`.
        """
        path = await self._receive(chunks, _form, self._settings.max_body_mb)
        size = (await to_thread.run_sync(path.stat)).st_size
        return UploadedManifest(uri=f"{UPLOAD}{path.name}", bytes=size)

    async def _receive(
        self, chunks: AsyncIterator[bytes], suffix_of: Callable[[bytes], str], most_mb: int
    ) -> Path:
        folder = self._settings.uploads_dir
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part") as part:
            digest = hashlib.sha256()
            room = most_mb * 2**20
            head = b""
            async for chunk in _timed(chunks, self._settings.body_timeout_s):
                room -= len(chunk)
                if room < 0:
                    detail = f"The file is larger than the {most_mb} MiB that this server takes."
                    raise TooLargeError(detail)
                head += chunk[: _HEAD - len(head)]
                digest.update(chunk)
                await to_thread.run_sync(part.write, chunk)
            part.flush()
            await to_thread.run_sync(os.fsync, part.fileno())
            path = folder / f"{digest.hexdigest()}{suffix_of(head)}"
            await to_thread.run_sync(self._keep, Path(part.name), path)
        return path

    def _keep(self, part: Path, path: Path) -> None:
        whole = part.with_suffix(".whole")
        whole.hardlink_to(part)
        whole.replace(path)  # the same content as before, if any, but not as old: see Retention
        Artifacts(self._settings.data_dir, self._settings.artifacts_url).publish((path,))


def _form(head: bytes) -> str:
    """Tell a manifest's form: no CSV begins with a brace, for its columns have names of ours."""
    if head.startswith(MAGIC):
        return _text_form(_unpacked(head)) + ENDING
    if not head:
        detail = "The manifest is empty."
        raise InvalidRequestError(detail)
    if head.startswith(_PARQUET):
        return ".parquet"
    return _text_form(head)


def _text_form(head: bytes) -> str:
    form = {b"{": ".jsonl", b"[": ".json"}
    for encoding, mark in _MARKS.items():
        if head.startswith(mark):
            head = head.removeprefix(mark).decode(encoding, "ignore").encode()
    return form.get(head.lstrip()[:1], ".csv")


def _unpacked(head: bytes) -> bytes:
    """Return what the first bytes of a packed file unpack to; reading the file finds any damage."""
    try:
        return zlib.decompressobj(wbits=_GZIP).decompress(head, _HEAD)
    except zlib.error:
        return b""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorsTask:
    """A file of vectors to be checked.

    Parameters
    ----------
    path
        The file.
    scene_ids
        Whose vectors it may have.
    """

    path: Path
    scene_ids: tuple[str, ...]
    time_limit_s: float = 300.0

    def run(self, watch: Cancellation) -> None:
        """Check it.

        Raises
        ------
        InvalidRequestError
            It breaks a rule; the row is named, and not where this server keeps the file.
        """
        del watch
        try:
            read_vectors(self.path, self.scene_ids)
        except FeatureError as error:
            detail = str(error).replace(str(self.path), "vectors")
            raise InvalidRequestError(detail, "#") from error
