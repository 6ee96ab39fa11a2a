"""What a URI may look like, how relative ones are resolved, and what lies under what.

A name is a local path unless it starts with ``SCHEME://``. Object stores' keys are taken as they
are written; the paths of http and https have percent escapes (RFC 3986).

"""

import os
import re
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from features.errors import StorageError
from features.limits import MAX_URI_BYTES

HTTP: Final = frozenset({"http", "https"})
OBJECT_STORES: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "azure", "adl", "abfs", "abfss"})
"""Schemes of object stores: a bucket or container, then a key."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_HOST: Final = re.compile(r"[A-Za-z0-9._:\[\]-]+")
_CONTAINER: Final = re.compile(r"\A[A-Za-z0-9$-]+@")
_SAFE_IN_PATHS: Final = "~!$&'()*+,;=:@"
_HEX: Final = frozenset(string.hexdigits)
_ESCAPE: Final = 3  # characters of one: a percent sign and two digits
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Uri:
    """A remote URI in its parts.

    Parameters
    ----------
    scheme
        In lower case.
    authority
        Bucket, container or host, as it was written.
    path
        What follows the slash after it: a key, or a path with its percent escapes.
    query
        Of http and https: what follows the path, with its question mark.
    """

    scheme: str
    authority: str
    path: str
    query: str = ""

    @property
    def root(self) -> str:
        """Scheme and authority."""
        return f"{self.scheme}://{self.authority}"


def is_remote(name: str) -> bool:
    """Tell whether a name is a URI of another scheme than ``file``."""
    scheme = _SCHEME.match(name)
    return scheme is not None and scheme[1].lower() != "file"


def to_path(name: str) -> Path:
    """Return the local path that a path or a ``file://`` URI (RFC 8089) names.

    Parameters
    ----------
    name
        A local path, taken as it is, or ``file://[localhost]/absolute/path`` with percent escapes.

    Raises
    ------
    StorageError
        Another scheme, another host, a relative ``file://`` path, a path that no file can have, or
        one of more than ``MAX_URI_BYTES``.
    """
    _require_short(name)
    scheme = _SCHEME.match(name)
    path = name
    if scheme is not None:
        if scheme[1].lower() != "file":
            raise StorageError(name, "only a local path or a file:// URI can be read here")
        host, slash, rest = name[scheme.end() :].partition("/")
        if not slash or host.lower() not in {"", "localhost"}:
            raise StorageError(name, "a file:// URI must name an absolute path on this machine")
        path = unquote(slash + rest, errors="surrogateescape")
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise StorageError(name, "a path must not contain lone surrogates") from error
    if not path or b"\0" in encoded:
        raise StorageError(name, "a path must not be empty or contain a NUL character")
    return Path(path)


def parse(uri: str) -> Uri:
    """Take a remote URI apart.

    Raises
    ------
    StorageError
        It has no scheme, no host or bucket, a user or password, control characters, more than
        ``MAX_URI_BYTES``, or ``.`` or ``..`` in its path, plain or escaped.
    """
    _require_short(uri)
    scheme = _SCHEME.match(uri)
    if scheme is None:
        raise StorageError(uri, "is no URI")
    if _CONTROL.search(uri):
        raise StorageError(uri, "a URI must not contain control characters or lone surrogates")
    kind, rest = scheme[1].lower(), uri[scheme.end() :]
    query = ""
    if kind in HTTP:
        rest, mark, query = rest.partition("#")[0].partition("?")
        query = mark + query
    authority, _, path = rest.partition("/")
    parts = Uri(kind, authority, path, query)
    _check_authority(uri, parts)
    if _leaves_its_folder(parts.path):
        raise StorageError(uri, "a URI must not contain . or .. as a part of its path")
    return parts


def resolve(name: str, base: Path | str) -> str:
    """Return the absolute name of what a file names.

    Parameters
    ----------
    name
        A path or URI. A relative path starts at `base`, also where that is a URI; it is a path
        there too, without percent escapes.
    base
        A folder, or a URI prefix that ends in a slash.

    Returns
    -------
    str
        A local path or a remote URI.

    Raises
    ------
    StorageError
        It is no usable path or URI, or climbs above the bucket or host of `base`.
    """
    if is_remote(name):
        parse(name)
        return name
    path = to_path(name)
    if isinstance(base, Path) or path.is_absolute():
        return str(base / path)
    return _join(parse(base), name)


def folder_of(uri: str) -> str:
    """Return the prefix that names beside a remote file share; it ends in a slash."""
    parts = parse(uri)
    folder = parts.path.rpartition("/")[0]
    return f"{parts.root}/{folder}/" if folder else f"{parts.root}/"


def normalised(uri: str) -> str:
    """Return a remote URI as it is compared: scheme and host in lower case, without its query.

    Raises
    ------
    StorageError
        As :func:`parse`.
    """
    parts = parse(uri)
    return f"{parts.root.lower()}/{parts.path}"


def prefix(uri: str) -> str:
    """Return a URI prefix as :func:`normalised` URIs are compared with it; it ends in a slash.

    Raises
    ------
    StorageError
        As :func:`parse`; it has a query or is no remote URI.
    """
    if not is_remote(uri):
        raise StorageError(uri, "must be the beginning of a remote URI")
    parts = parse(uri)
    if parts.query or not (parts.authority or parts.path):
        raise StorageError(uri, "must name a bucket or host, and have no query")
    return f"{normalised(uri).rstrip('/')}/"


def _join(base: Uri, name: str) -> str:
    segments = [part for part in base.path.split("/") if part]
    for part in name.split("/"):
        if part == ".." and not segments:
            raise StorageError(name, "the path leads out of the bucket or host it starts in")
        if part == "..":
            segments.pop()
        elif part not in {"", "."}:
            segments.append(quote(part, safe=_SAFE_IN_PATHS) if base.scheme in HTTP else part)
    joined = f"{base.root}/{'/'.join(segments)}"
    parse(joined)
    return joined


def _check_authority(uri: str, parts: Uri) -> None:
    known = parts.scheme in HTTP | OBJECT_STORES
    authority = parts.authority
    if parts.scheme in {"abfs", "abfss"}:  # CONTAINER@ACCOUNT.dfs.core.windows.net
        authority = _CONTAINER.sub("", authority, count=1)
    if "@" in authority:
        raise StorageError(uri, "a URI must not contain a user or password")
    if known and not _HOST.fullmatch(authority):
        raise StorageError(uri, "a URI must name a bucket or host, in plain letters")
    if parts.scheme in HTTP and "\\" in parts.path:
        raise StorageError(uri, "a URI must not contain a backslash")


def _require_short(name: str) -> None:
    # A character has one to four bytes: most names need not be encoded to be measured.
    if 4 * len(name) > MAX_URI_BYTES:
        size = len(name.encode(errors="surrogatepass"))
        if size > MAX_URI_BYTES:
            rule = f"a path or URI must have at most {MAX_URI_BYTES:,} bytes, not {size:,}"
            msg = f"{name[:_SHOWN]}..."
            raise StorageError(msg, rule)


def _leaves_its_folder(path: str) -> bool:
    """Look through any number of escapes: the server of the path may undo them."""
    plain = _unescaped(path) if "%" in path else path
    # Some servers cut parameters off a segment, and then look at it: `..;x` is `..` to them.
    return any(part.partition(";")[0] in {".", ".."} for part in re.split(r"[/\\]", plain))


def _unescaped(path: str) -> str:
    """Undo escapes, those of escapes too, in one pass.

    An escape is undone as soon as its last digit is there, so no character is looked at again: to
    undo all of a path until nothing changes takes a time that grows with the square of its length.
    """
    plain: list[str] = []
    for letter in path:
        plain.append(letter)
        while len(plain) >= _ESCAPE and plain[-3] == "%" and {plain[-2], plain[-1]} <= _HEX:
            plain[-_ESCAPE:] = chr(int(plain[-2] + plain[-1], 16))  # of bytes, dots are ASCII
    return "".join(plain)
