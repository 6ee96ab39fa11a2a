"""The scene manifest, taken as a whole or not at all: the first broken rule is the error.

Unless the caller says how else broken rules are met (`features.sources.options`).

A row is a scene as :func:`features.sources.record.parse_scene` describes it, whichever of the
forms the file's ending names: JSON Lines, JSON, CSV or Parquet.

A manifest as JSON Lines: UTF-8, one object a line. As JSON: one array of such objects. All but
Parquet may be packed by gzip.
"""

from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path, PurePosixPath
from typing import Final

from features.errors import SourceError
from features.files.json_values import decode_json, read_arrays
from features.files.packed import ENDING
from features.files.text_lines import read_text_lines
from features.sources.columns import SCENE_COLUMNS, Columns, parse_columns
from features.sources.manifest_csv import read_csv
from features.sources.options import Refuse, SourceOptions, at_once, id_of
from features.sources.pool import build_pool, require_proportion
from features.sources.record import parse_scene
from features.sources.scenes import PoolScene, ScenePool


def read_jsonl(
    path: Path, base: Path | str, columns: Columns, refuse: Refuse = at_once
) -> Iterator[tuple[str, PoolScene]]:
    """Yield the scene of each line after its place, ``"FILE:LINE"``.

    Raises
    ------
    SourceError
        A line breaks a rule.
    """
    # Windows editors put a byte order mark before the first line, or write UTF-16.
    for number, line in enumerate(read_text_lines(path), start=1):
        place = f"{path}:{number}"
        record: object = None
        try:
            record = _named(_decoded(line, place), columns, place)
            scene = parse_scene(record, place, base)
        except SourceError as error:
            refuse(error, id_of(record))
        else:
            yield place, scene
    columns.require_given(str(path))


def _named(record: object, columns: Columns, place: str) -> object:
    """Return a record with the keys that it should have; who reads it refuses what is none."""
    return columns.record(record, place) if isinstance(record, dict) else record


def _decoded(text: bytes, place: str) -> object:
    if not text.strip():
        raise SourceError(place, "the line is blank")
    return decode_json(text, place)


def read_array(
    path: Path, base: Path | str, columns: Columns, refuse: Refuse = at_once
) -> Iterator[tuple[str, PoolScene]]:
    """Yield the scene of each element of a JSON array after its place, ``"FILE [INDEX]"``.

    Raises
    ------
    SourceError
        The file is no array, or an element breaks a rule.
    """
    for name, index, record in read_arrays(path):
        if name:
            raise SourceError(str(path), "is an object where an array of scenes is needed")
        place = f"{path} [{index}]"
        try:
            scene = parse_scene(_named(record, columns, place), place, base)
        except SourceError as error:
            refuse(error, id_of(record))
        else:
            yield place, scene
    columns.require_given(str(path))


def is_array(path: Path) -> bool:
    """Tell whether a JSON file is an array of objects.

    Raises
    ------
    SourceError
        The file is not JSON.
    """
    first = islice(read_arrays(path), 1)
    return any(not name and isinstance(element, dict) for name, _, element in first)


SUFFIXES: Final = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
"""File name endings, in lower case, that tell a manifest; the first two are JSON Lines."""

ARRAY: Final = ".json"
"""That of a manifest which is one JSON array, or of something else."""


def form_of(name: str) -> str:
    """Return the ending, in lower case, that tells a file's form; ``.gz`` after it is left out.

    Parquet packs itself, so ``.parquet.gz`` tells nothing.

    Examples
    --------
    >>> form_of("pool/Scenes.JSONL.gz")
    '.jsonl'
    """
    path = PurePosixPath(name.lower())
    if path.suffix != ENDING:
        return path.suffix
    form = path.with_suffix("").suffix
    return ENDING if form == ".parquet" else form


def open_manifest(path: Path, options: SourceOptions, base: Path | str | None = None) -> ScenePool:
    """Return the pool that a manifest describes.

    Relative paths in it start from `base`, or else from its own folder. A file with another ending
    is JSON Lines.

    Raises
    ------
    SourceError
        A row breaks a rule; names ``FILE:LINE``, of Parquet ``FILE row N``.
    """
    notes: list[str] = []
    scenes = _scenes(path, path.parent if base is None else base, options, notes)
    return build_pool(
        "manifest",
        str(path),
        takewhile(lambda _: options.go_on(), require_proportion(path, scenes)),
        resource=options.resource,
        notes=notes,
        refuse=options.refuse,
        cost_origin="the manifest",
    )


def _scenes(
    path: Path, base: Path | str, options: SourceOptions, notes: list[str]
) -> Iterator[tuple[str, PoolScene]]:
    given, refuse = parse_columns(options.column), options.refuse
    columns = Columns(given, SCENE_COLUMNS, path.name)
    match form_of(path.name):
        case ".csv" | ".tsv":
            yield from read_csv(path, base, given, refuse, notes)
            return
        case ".parquet":
            from features.sources.manifest_parquet import (  # noqa: PLC0415  loads pyarrow
                read_parquet,
            )

            yield from read_parquet(path, base, columns, refuse, notes)
        case ".json":
            yield from read_array(path, base, columns, refuse)
        case _:
            yield from read_jsonl(path, base, columns, refuse)
    notes += columns.notes()
