"""The files of scenes, byte for byte, for hosts that have a signed address of one."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote

import anyio
from anyio import to_thread
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from app.access.files import permitted
from app.access.signatures import MediaClaim, media_signer
from app.errors import BusyError, NotFoundError, SourceRefusedError, UnavailableError
from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import SceneRow
from features.errors import AbsentError, StorageError
from features.storage.reading import described, local_copy
from features.storage.remote import IMAGE, Content
from features.storage.uris import is_remote, parse, to_path

_BYTES: Final = "application/octet-stream"
TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".webp": "image/webp",
        ".bmp": "image/bmp",
        ".tif": "image/tiff",
        ".tiff": "image/tiff",
        ".gif": "image/gif",
        ".avif": "image/avif",
        ".jp2": "image/jp2",
        ".heic": "image/heic",
        ".heif": "image/heif",
        ".ply": _BYTES,
        ".npy": _BYTES,
        ".bin": _BYTES,
        ".pcd": _BYTES,
        ".las": _BYTES,
        ".laz": _BYTES,
        ".xyz": "text/plain; charset=utf-8",
        ".txt": "text/plain; charset=utf-8",
    }
)
"""Kinds of images and point clouds by their endings: nothing here is run by a browser.

An SVG or a page with an ending of these is sent as what its ending says, and not sniffed.
"""

CORS: Final = MappingProxyType({"Access-Control-Allow-Origin": "*"})
"""Any page may read what anybody may read who has the address."""

_SAFE: Final = MappingProxyType(
    {
        **CORS,
        "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=300",
    }
)

_COPIES: Final = 16
"""Files from elsewhere that are sent at a time; each is copied here first."""

_PATIENCE_S: Final = 20.0
"""How long a request waits for its turn to copy."""

_LONGEST_S: Final = 600.0
"""How long a copy may take to be sent."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that may be sent.

    Parameters
    ----------
    name
        Its path or URI, which may be read.
    shown
        The name that a browser keeps it under.
    media_type
        What it is.
    """

    name: str
    shown: str
    media_type: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it, whoever sends it."""
        quoted = quote(self.shown)
        named = f'filename="{quoted}"' if quoted == self.shown else f"filename*=utf-8''{quoted}"
        return {**_SAFE, "Content-Disposition": f"inline; {named}"}


def signed_file(session: Session, settings: Settings, signature: str) -> MediaFile:
    """Return the file that a signature is for.

    What its path is is told to nobody: who has the signature need not know the server's folders.

    Raises
    ------
    NotFoundError
        The signature is not this service's, the scene or the file is gone, the file may not be read
        now, or it is neither an image nor a point cloud.
    GoneError
        The signature has expired.
    """
    claim = media_signer(session).read(signature, now())
    name = _named(session, claim)
    if name is None:
        raise _missing(claim)
    try:
        place = permitted(name, settings)
    except SourceRefusedError as error:
        raise _missing(claim) from error
    shown = _last(place)
    media_type = TYPES.get(PurePosixPath(shown).suffix.lower())
    if media_type is None:
        raise _missing(claim)
    return MediaFile(place, shown, media_type)


def _named(session: Session, claim: MediaClaim) -> str | None:
    """Return the path or URI of a file as its source has it."""
    row = session.get(SceneRow, (claim.dataset_id, claim.position))
    if row is None:
        return None
    if claim.image is None:
        return row.pointcloud
    return row.images[claim.image]["uri"] if claim.image < len(row.images) else None


def _last(name: str) -> str:
    """Return the last part of a path or URI."""
    if is_remote(name):
        return PurePosixPath(unquote(parse(name).path)).name
    return to_path(name).name


def _missing(claim: MediaClaim) -> NotFoundError:
    kind = "point cloud" if claim.image is None else f"image {claim.image}"
    return NotFoundError(kind=f"{kind} that may be shown of scene", name=str(claim.position))


@contextmanager
def _told(file: MediaFile) -> Iterator[None]:
    """Say what is wrong with a file, and not where it lies."""
    try:
        yield
    except StorageError as error:
        if isinstance(error, AbsentError) or not is_remote(file.name):
            raise NotFoundError(kind="file any more", name=file.shown) from error
        rule = f"The file cannot be had now: {error.reason}."
        raise UnavailableError(rule) from error


class _SentFile(FileResponse):
    """A file that is sent, whole or in part; a copy is gone afterwards."""

    def __init__(
        self, path: str, headers: Mapping[str, str], media_type: str, copy: ExitStack | None = None
    ) -> None:
        super().__init__(path, headers=headers, media_type=media_type)
        self._copy = copy

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("state", {}).get("is_head"):  # see `app.http.doors.Head`
            scope = {**scope, "method": "HEAD"}
        if self._copy is None:
            await super().__call__(scope, receive, send)
            return
        with self._copy, anyio.move_on_after(_LONGEST_S):
            await super().__call__(scope, receive, send)


def _head(file: MediaFile, headers: Mapping[str, str], known: Content) -> Response:
    """Return the headers of a file from elsewhere, without having read it."""
    response = Response(headers=headers, media_type=file.media_type)
    del response.headers["Content-Length"]
    if known.size is not None:
        response.headers["Content-Length"] = str(known.size)
    return response


class MediaSender:
    """Answers with files; those from elsewhere are copied here first, some at a time.

    A store's own stream cannot be passed on: all remote reads of a process run on one loop, so a
    caller who reads slowly would hold up all of them.
    """

    def __init__(self) -> None:
        self._turns = anyio.Semaphore(_COPIES)
        # Threads of its own: a store that does not answer holds up no other request.
        self._threads = anyio.CapacityLimiter(_COPIES)

    async def answer(
        self, file: MediaFile, *, is_head: bool, is_known: Callable[[str], bool]
    ) -> Response:
        """Return the response.

        Parameters
        ----------
        file
            What is sent.
        is_head
            Whether only the headers are wanted.
        is_known
            Tells whether the caller has the content of an entity tag already.

        Raises
        ------
        NotFoundError
            The file is gone.
        UnavailableError
            Where it lies does not answer.
        BusyError
            Too many files are copied.
        """
        with _told(file):
            known = await to_thread.run_sync(described, file.name, IMAGE, limiter=self._threads)
        headers = file.headers
        if known.tag is not None:
            about = f"{file.name}\n{known.size}\n{known.tag}"
            headers["ETag"] = f'"{hashlib.sha256(about.encode()).hexdigest()[:32]}"'
            if is_known(headers["ETag"]):
                headers.pop("Content-Disposition")
                return Response(status_code=304, headers=headers)
        if not is_remote(file.name):
            return _SentFile(str(to_path(file.name)), headers, file.media_type)
        if is_head:
            return _head(file, headers, known)
        try:
            with anyio.fail_after(_PATIENCE_S):
                await self._turns.acquire()
        except TimeoutError as error:
            rule = f"{_COPIES} files from elsewhere are being sent; ask again in a moment."
            raise BusyError(rule) from error
        stack = ExitStack()
        stack.callback(self._turns.release)
        try:
            with _told(file):
                made = local_copy(file.name, IMAGE)
                copy = await to_thread.run_sync(stack.enter_context, made, limiter=self._threads)
        except BaseException:
            stack.close()
            raise
        return _SentFile(str(copy), headers, file.media_type, stack)
