"""A seed in the formats that others read: one module a format, one function each.

An exporter takes an `ExportableSeed` and returns the files' contents by name; nothing is written
until all of them are ready. Formats that have images and point clouds in them (`BUNDLES`) are
streams of files instead: together they may be larger than memory.
"""

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, BinaryIO, Final

from app.exports.bundles import Files
from app.exports.coco import seed_coco
from app.exports.contact_sheet import seed_sheet
from app.exports.cvat import seed_cvat
from app.exports.label_studio import seed_label_studio
from app.exports.priorities import seed_priorities
from app.exports.records import seed_jsonl, seed_parquet
from app.exports.redal import REDAL, redal, require_redal
from app.exports.seed import ExportableSeed, ExportError
from app.exports.supervisely import seed_supervisely
from app.exports.tables import seed_csv, seed_json
from features.limits import MAX_DOWNLOAD_BYTES

_EXPORTERS: Final[Mapping[str, Callable[[ExportableSeed], dict[str, bytes]]]] = {
    "json": seed_json,
    "csv": seed_csv,
    "jsonl": seed_jsonl,
    "parquet": seed_parquet,
    "priorities": seed_priorities,
    "label_studio": seed_label_studio,
    "coco": seed_coco,
    REDAL: redal,
    "contact_sheet": seed_sheet,
}
BUNDLES: Final[Mapping[str, Callable[[ExportableSeed], Files]]] = {
    "cvat": seed_cvat,
    "supervisely": seed_supervisely,
}
"""Formats with images and point clouds: a folder of the format's name at a shell."""

FORMATS: Final = (*_EXPORTERS, *BUNDLES)
LINKING: Final = ("jsonl", "parquet", "label_studio", "coco")
"""Formats that say where files are; the others have them inside, or have none."""


_MEDIA_TYPES = {
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".zip": "application/zip",
}
# A fixed stamp (the earliest that zip knows), so that the same seed gives the same bytes.
_STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Exported:
    """One download: a file, or a zip of several."""

    filename: str
    media_type: str
    content: bytes | IO[bytes]
    """A stream, at its start, where it may be larger than memory; whoever reads it closes it."""


def require_format(name: str, kind: str | None = None) -> None:
    """Refuse a format that does not exist, or that does not fit a source.

    Parameters
    ----------
    name
        Of the format.
    kind
        Of the source, where it is known already.

    Raises
    ------
    ExportError
        Listing the formats that exist, or the kinds of source that this one is for.
    """
    if name not in FORMATS:
        detail = f"There is no format {name!r}; the formats are {', '.join(FORMATS)}."
        raise ExportError(detail)
    if name == REDAL and kind is not None:
        require_redal(kind)


def export_files(seed: ExportableSeed, name: str) -> dict[str, bytes]:
    """Return the files of a format by name; of those that are no `BUNDLES`.

    Raises
    ------
    ExportError
        When the format does not exist or does not fit this pool.
    """
    require_format(name)
    return _EXPORTERS[name](seed)


def export(seed: ExportableSeed, name: str) -> Exported:
    """Return a format as one download.

    Raises
    ------
    ExportError
        When the format does not exist or does not fit this pool, a file of a scene cannot be read,
        or they are too large together.
    ReadersBusyError
        Too many files are being read.
    """
    require_format(name)
    if name in BUNDLES:
        return Exported(f"{name}.zip", _MEDIA_TYPES[".zip"], _bundled(BUNDLES[name](seed)))
    files = export_files(seed, name)
    if len(files) == 1:
        ((filename, content),) = files.items()
    else:
        filename, content = f"{name}.zip", _zipped(files)
    suffix = filename[filename.rindex(".") :]
    return Exported(filename, _MEDIA_TYPES[suffix], content)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    _zip(files.items(), stream)
    return stream.getvalue()


def _zip(files: Iterable[tuple[str, bytes]], stream: BinaryIO | IO[bytes]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for filename, content in files:
            archive.writestr(zipfile.ZipInfo(filename, _STAMP), content, zipfile.ZIP_DEFLATED)


def _bundled(files: Files) -> IO[bytes]:
    """Return a zip of files in a temporary file, which is gone when it is closed."""
    with ExitStack() as stack:
        stream = stack.enter_context(tempfile.TemporaryFile(prefix="seedal-"))
        _zip(_within(files), stream)
        stack.pop_all()  # it stays open
    stream.seek(0)
    return stream


def _within(files: Files) -> Files:
    total = 0
    for filename, content in files:
        total += len(content)
        if total > MAX_DOWNLOAD_BYTES:
            detail = (
                f"The images and point clouds of the seed have more than {MAX_DOWNLOAD_BYTES:,} "
                "bytes, the most of one download; take it as jsonl, and seedal export writes this "
                "format at a shell."
            )
            raise ExportError(detail)
        yield filename, content


__all__ = [
    "BUNDLES",
    "FORMATS",
    "LINKING",
    "REDAL",
    "ExportError",
    "ExportableSeed",
    "Exported",
    "export",
    "export_files",
    "require_format",
]
