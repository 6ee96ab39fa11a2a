"""From a file of vectors to the vectors of each scene, with every row checked."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.vectors.array_files import find_ids, read_ids, read_npy, read_npz, read_safetensors
from features.vectors.parquet_files import read_parquet
from features.vectors.table import (
    Level,
    VectorTable,
    check_rows,
    find_level,
    group_rows,
    refuse,
    refuse_level,
)

_READERS: Final[Mapping[str, Callable[[Path], VectorTable]]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".parquet": read_parquet,
    ".safetensors": read_safetensors,
}


@dataclass(frozen=True, eq=False, slots=True)
class PrecomputedVectors:
    """The vectors of scenes, as a file has them.

    Parameters
    ----------
    path
        The file.
    values : (n, d) or (n, p, d)
        Its vectors; may be memory-mapped.
    rows
        Scene id to its rows, for every scene that has vectors, in the pool's order.
    missing
        Scenes that have none, in the pool's order.
    level
        What a vector is of.
    sha256
        Of the file.
    key
        Hash of the file and of the ids, wherever they are.
    seconds
        That reading and checking took.
    """

    path: Path
    values: NDArray[np.floating]
    rows: Mapping[str, NDArray[np.intp]]
    missing: tuple[str, ...]
    level: Level
    sha256: str
    key: str
    seconds: float

    @property
    def dim(self) -> int:
        """The vectors' dimension d."""
        return int(self.values.shape[-1])

    def of(self, scene_id: str) -> NDArray[np.float32]:
        """Return the vectors of a scene, (m, d) float32, in the file's order.

        Raises
        ------
        KeyError
            The scene has none.
        """
        found = np.asarray(self.values[self.rows[scene_id]], dtype=np.float32)
        return np.ascontiguousarray(found.reshape(-1, self.dim))


@dataclass(frozen=True, eq=False, slots=True)
class OwnedTable:
    """The content of a file of vectors, and whose each row is.

    Parameters
    ----------
    table
        Its rows, in its order.
    owners
        The scene of each row.
    """

    table: VectorTable
    owners: list[str]


def parse_vectors(path: Path, ids: Path | None = None) -> OwnedTable:
    """Read a file of vectors without looking at its numbers.

    Raises
    ------
    VectorsError
        The file cannot be read, or has no ids, or more or fewer than rows.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        refuse(path, f"vectors are read from {', '.join(_READERS)} files")
    if not path.is_file():
        refuse(path, "there is no such file")
    table = reader(path)
    return OwnedTable(table, _owners(path, table, ids))


def read_vectors(
    path: Path,
    scene_ids: Sequence[str],
    ids: Path | None = None,
    level: Level | None = None,
    parse: Callable[[Path, Path | None], OwnedTable] = parse_vectors,
) -> PrecomputedVectors:
    """Read the vectors of a pool's scenes and check every one of them.

    Parameters
    ----------
    path
        ``.npz``, ``.npy``, ``.parquet`` or ``.safetensors`` (``docs/vectors.md``).
    scene_ids
        The scenes of the pool.
    ids
        A file with the scene of each row, where `path` does not say it and no ``ids.json`` or
        ``ids.txt`` lies beside it.
    level
        What the vectors must be of; found out where None.
    parse
        Reads the file: here, or where it can do no harm (`features.readers.vectors`).

    Raises
    ------
    VectorsError
        The file cannot be read, or a row breaks a rule: its number and what is wrong are named.
    """
    start = perf_counter()
    owned = parse(path, ids)
    table, owners = owned.table, owned.owners
    rows = group_rows(path, owners, scene_ids)
    found = find_level(table, owners)
    if level is not None and found != level:
        refuse_level(path, owners, found, level)
    check_rows(path, table.values, owners)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    key = hashlib.sha256("\n".join([sha256, *map(repr, owners)]).encode("utf-8", "surrogatepass"))
    return PrecomputedVectors(
        path=path,
        values=table.values,
        rows=rows,
        missing=tuple(scene_id for scene_id in scene_ids if scene_id not in rows),
        level=found,
        sha256=sha256,
        key=key.hexdigest(),
        seconds=perf_counter() - start,
    )


def _owners(path: Path, table: VectorTable, ids: Path | None) -> list[str]:
    """Return the scene of each row."""
    if table.scene_ids is not None and ids is not None:
        refuse(path, f"has scene ids of its own, so {ids} cannot be used")
    place = path
    owners = table.scene_ids
    if owners is None:
        place = ids or find_ids(path)
        owners = read_ids(place)
    n = len(table.values)
    if len(owners) != n:
        refuse(place, f"has {len(owners)} scene ids for {n} rows of vectors")
    if table.image_ids is not None and len(table.image_ids) != n:
        refuse(path, f"has {len(table.image_ids)} image ids for {n} rows of vectors")
    return owners
