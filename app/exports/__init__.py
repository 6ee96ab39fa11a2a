"""A seed in the formats that others read: one module a format, one function each.

An exporter takes an `ExportableSeed` and returns the files' contents by name; nothing is written
until all of them are ready.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.exports.coco import seed_coco
from app.exports.contact_sheet import seed_sheet
from app.exports.label_studio import seed_label_studio
from app.exports.priorities import seed_priorities
from app.exports.records import seed_jsonl, seed_parquet
from app.exports.redal import REDAL, redal, require_redal
from app.exports.seed import ExportableSeed, ExportError
from app.exports.tables import seed_csv, seed_json

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
FORMATS: Final = tuple(_EXPORTERS)
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
    content: bytes


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
    if name not in _EXPORTERS:
        detail = f"There is no format {name!r}; the formats are {', '.join(FORMATS)}."
        raise ExportError(detail)
    if name == REDAL and kind is not None:
        require_redal(kind)


def export_files(seed: ExportableSeed, name: str) -> dict[str, bytes]:
    """Return the files of a format by name.

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
        When the format does not exist or does not fit this pool.
    """
    files = export_files(seed, name)
    if len(files) == 1:
        ((filename, content),) = files.items()
    else:
        filename, content = f"{name}.zip", _zipped(files)
    suffix = filename[filename.rindex(".") :]
    return Exported(filename, _MEDIA_TYPES[suffix], content)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for filename, content in files.items():
            archive.writestr(zipfile.ZipInfo(filename, _STAMP), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


__all__ = [
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
