"""What labelling an image costs, as the user says it.

=====================  ===========================================================================
``images``             1 an image
a pool's resource      ``pixels`` or ``segments`` of label PNGs, ``points`` of point clouds
``column:FILE:NAME``   the column NAME of a table with a column ``stem`` or ``image``: CSV with a
                       header, or JSON Lines (``.jsonl``, ``.ndjson``)
=====================  ===========================================================================

A scene costs the sum of its images' costs.
"""

import codecs
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.labelled.errors import LabelledDataError
from app.labelled.folder import LabelledPool
from app.labelled.stems import stem_of
from features.errors import count
from features.files.json_values import Fields, decode_json
from features.files.numbers import InexactError
from features.files.tables import Rows
from features.files.text_lines import read_lines

_KEYS: Final = ("stem", "image")  # the first that is there
_JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})

_Row = tuple[str, str, float]  # place, name of the image, cost


def read_column(path: Path, column: str, stems: Collection[str]) -> dict[str, float]:
    """Return the cost of each stem; rows of other images are passed over.

    Parameters
    ----------
    path
        The table. Its column ``stem``, or else ``image``, says which image a row is about, with or
        without folders and ending.
    column
        The column of costs.
    stems
        The images that must have exactly one row.

    Raises
    ------
    LabelledDataError
        There is no such file, a column is missing, a stem has no row or two, or a cost is no finite
        number of at least 0.
    SourceError
        The file is neither CSV nor JSON Lines; or, in JSON Lines, a key is missing or wrong.
    """
    if not path.is_file():
        raise LabelledDataError(str(path), "is no file; it must be a table with a column of costs")
    wanted = set(stems)
    costs: dict[str, float] = {}
    places: dict[str, str] = {}
    is_json = path.suffix.lower() in _JSON_LINES
    for place, name, cost in _json_rows(path, column) if is_json else _csv_rows(path, column):
        stem = name if name in wanted else stem_of(name)
        if stem not in wanted:
            continue
        if stem in costs:
            raise LabelledDataError(place, f"{stem!r} already has a cost in {places[stem]}")
        costs[stem] = cost
        places[stem] = place
    missing = [stem for stem in stems if stem not in costs]
    if missing:
        raise LabelledDataError(str(path), f"has no {column} for {count(missing, 'stem')}")
    return {stem: costs[stem] for stem in stems}


def _csv_rows(path: Path, column: str) -> Iterator[_Row]:
    rows = Rows(path)
    place, header = rows.place, rows.header
    key = _index(place, header, next((key for key in _KEYS if key in header), _KEYS[0]))
    value = _index(place, header, column)
    for place, row in rows:
        if len(row) != len(header):
            rule = f"the row has {len(row)} columns, the header {len(header)}"
            raise LabelledDataError(place, rule)
        try:
            cost = rows.number(row[value], place)
        except InexactError as error:
            raise LabelledDataError(place, f"{column}: {error}") from error
        if cost is None or cost < 0 or not math.isfinite(cost):
            rule = f"{column} must be a finite number of at least 0, not {row[value]!r}"
            raise LabelledDataError(place, rule)
        yield place, row[key], cost


def _index(place: str, header: list[str], name: str) -> int:
    match header.count(name):
        case 1:
            return header.index(name)
        case 0:
            shown = ", ".join(header) or "nothing"
            raise LabelledDataError(place, f"the header has no column {name!r} (it has {shown})")
        case _:
            raise LabelledDataError(place, f"the header has the column {name!r} more than once")


def _json_rows(path: Path, column: str) -> Iterator[_Row]:
    for number, line in enumerate(read_lines(path), start=1):
        text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if text.strip():
            place = f"{path}:{number}"
            fields = Fields.of(decode_json(text, place), place)
            key = next((key for key in _KEYS if key in fields), _KEYS[0])
            yield place, fields.text(key), fields.amount(column)


_IMAGES: Final = "images"
_COLUMN: Final = "column"


@dataclass(frozen=True, slots=True)
class Cost:
    """A way to say what labelling an image costs; see :func:`parse_cost`.

    Parameters
    ----------
    spec
        The user's text.
    resource
        What is paid for: ``images``, a pool's resource, or the column's name.
    table
        The file of the column, where there is one.
    """

    spec: str
    resource: str
    table: Path | None = None

    def per_image(self, pool: LabelledPool) -> dict[str, float]:
        """Return the cost of each image that may be chosen; finite and at least 0.

        Raises
        ------
        LabelledDataError
            The pool has no such resource; the table breaks a rule or lacks an image.
        """
        if self.table is not None:
            return read_column(self.table, self.resource, pool.train)
        if self.resource == _IMAGES:
            return dict.fromkeys(pool.train, 1.0)
        if self.resource not in pool.resources:
            known = ", ".join((*pool.resources, _IMAGES))
            rule = f"{pool.name} has no such cost (it has {known}, and column:FILE:NAME)"
            raise LabelledDataError(place=f"cost {self.spec!r}", rule=rule)
        return {stem: pool.cost(stem, self.resource) for stem in pool.train}


def parse_cost(spec: str) -> Cost:
    """Return the cost that a text describes, see the module; a file's name may hold colons.

    Raises
    ------
    LabelledDataError
        The text is empty, or names no file or no column.
    """
    kind, colon, rest = spec.partition(":")
    if kind == _COLUMN:
        file, _, column = rest.rpartition(":")
        if not (file and column):
            raise LabelledDataError(place=f"cost {spec!r}", rule="must be column:FILE:NAME")
        return Cost(spec, column, Path(file))
    if colon or not kind:
        rule = "must be pixels, segments, points, images or column:FILE:NAME"
        raise LabelledDataError(place=f"cost {spec!r}", rule=rule)
    return Cost(spec, kind)


def scene_costs(
    scenes: Mapping[str, Sequence[str]], per_image: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return what each scene costs, in the scenes' order: the sum over its images."""
    return np.array([sum(per_image[stem] for stem in stems) for stems in scenes.values()])
