"""Point clouds in PCD: written by this file's own writer, read back as they were."""

import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.errors import SourceError
from features.limits import MAX_CLOUD_BYTES
from features.pointclouds.reading import read_cloud

_LETTERS: Final = {"f": "F", "i": "I", "u": "U"}
_UNHURRIED = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)


def _header(dtype: np.dtype[Any], total: int, data: str) -> bytes:
    names = list(dtype.names or ())
    kinds = [dtype[name] for name in names]
    lines = [
        "# .PCD v0.7 - Point Cloud Data file format",
        "VERSION 0.7",
        f"FIELDS {' '.join(names)}",
        f"SIZE {' '.join(str(kind.itemsize) for kind in kinds)}",
        f"TYPE {' '.join(_LETTERS[kind.kind] for kind in kinds)}",
        f"COUNT {' '.join('1' for _ in kinds)}",
        f"WIDTH {total}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {total}",
        f"DATA {data}",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _packed(plain: bytes) -> bytes:
    """Return LZF: greedy references to the last place with the same three bytes, else stretches."""
    found, stretch, place = bytearray(), bytearray(), 0
    seen: dict[bytes, int] = {}

    def flush() -> None:
        for start in range(0, len(stretch), 32):
            some = stretch[start : start + 32]
            found.append(len(some) - 1)
            found.extend(some)
        stretch.clear()

    while place < len(plain):
        key = plain[place : place + 3]
        before = seen.get(key, -1)
        seen[key] = place
        back = place - before
        if len(key) < 3 or before < 0 or back > 8192:
            stretch.append(plain[place])
            place += 1
            continue
        length = 3
        while (
            length < 264
            and plain[place + length : place + length + 1]
            == (plain[before + length : before + length + 1])
            and place + length < len(plain)
        ):
            length += 1
        flush()
        coded, offset = length - 2, back - 1
        if coded < 7:
            found += bytes([coded << 5 | offset >> 8, offset & 255])
        else:
            found += bytes([7 << 5 | offset >> 8, coded - 7, offset & 255])
        place += length
    flush()
    return bytes(found)


def _written(path: Path, records: NDArray[Any], data: str) -> None:
    content = _header(records.dtype, len(records), data)
    names = records.dtype.names or ()
    if data == "ascii":
        for record in records:
            content += (" ".join(repr(record[name].item()) for name in names) + "\n").encode()
    elif data == "binary":
        content += records.tobytes()
    else:
        plain = b"".join(np.ascontiguousarray(records[name]).tobytes() for name in names)
        packed = _packed(plain)
        content += struct.pack("<II", len(packed), len(plain)) + packed
    path.write_bytes(content)


@_UNHURRIED
@given(
    data=st.sampled_from(["ascii", "binary", "binary_compressed"]),
    total=st.integers(1, 60),
    order=st.permutations(["x", "y", "z", "intensity", "rgb", "ring"]),
    wide=st.booleans(),
    most=st.integers(1, 80),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_cloud_is_read_as_it_was_written(
    tmp_path: Path, data: str, total: int, order: list[str], *, wide: bool, most: int, seed: int
) -> None:
    """Places, intensities and colours come back, in every order of fields and every form."""
    rng = np.random.default_rng(seed)
    real = "<f8" if wide else "<f4"
    kinds = {"rgb": "<u4", "ring": "<u2", "intensity": "<f4"}
    records = np.zeros(total, [(name, kinds.get(name, real)) for name in order])
    for axis in "xyz":
        records[axis] = np.round(rng.normal(scale=3, size=total), rng.integers(0, 6))
    records["intensity"] = rng.integers(0, 4, total) / 4
    shades = rng.integers(0, 256, (total, 3))
    records["rgb"] = shades @ [65536, 256, 1]
    path = tmp_path / "cloud.pcd"
    _written(path, records, data)
    cloud = read_cloud(str(path), most)
    assert cloud.total == total
    assert len(cloud.points) == min(most, total)
    rows = np.stack([records[axis].astype(float) for axis in "xyz"], axis=1)
    assert cloud.intensity is not None
    assert cloud.colors is not None
    if most >= total:
        assert np.array_equal(cloud.points, rows)
        assert np.array_equal(cloud.intensity, records["intensity"])
        assert np.array_equal(cloud.colors, shades)
    else:
        assert {tuple(row) for row in cloud.points} <= {tuple(row) for row in rows}


def test_what_is_not_finite_is_left_out(tmp_path: Path) -> None:
    """Points that a scanner did not measure are written as nan, and not shown."""
    records = np.zeros(3, [("x", "<f4"), ("y", "<f4"), ("z", "<f4")])
    records["x"] = [1, np.nan, 2]
    for data in ("ascii", "binary", "binary_compressed"):
        _written(tmp_path / "cloud.pcd", records, data)
        assert read_cloud(str(tmp_path / "cloud.pcd"), 10).points[:, 0].tolist() == [1, 2]


@_UNHURRIED
@given(
    data=st.sampled_from(["ascii", "binary", "binary_compressed"]),
    cut=st.floats(0, 1, exclude_max=True),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_a_damaged_cloud_is_read_or_refused(
    tmp_path: Path, data: str, cut: float, flips: list[tuple[float, int]]
) -> None:
    """Whatever is cut or changed, the answer is points or one sentence that names the file."""
    records = np.zeros(40, [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("i", "<u1")])
    path = tmp_path / "cloud.pcd"
    _written(path, records, data)
    content = bytearray(path.read_bytes())
    for place, value in flips:
        content[int(place * len(content))] = value
    path.write_bytes(content[: len(content) - int(cut * len(content))])
    try:
        points = read_cloud(str(path), 10).points
    except SourceError as error:
        said = str(error)
    else:
        said, points = f"{path}", points[:11]
        assert len(points) <= 10
    assert said.startswith(str(path))
    assert "\n" not in said


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ((b"FIELDS x y z", b"FIELDS a b c"), "no x, y and z"),
        ((b"POINTS 4", b"POINTS 0"), "has no points"),
        ((b"POINTS 4", b"POINTS 99"), "is truncated"),
        ((b"POINTS 4", f"POINTS {MAX_CLOUD_BYTES}".encode()), "more than are read"),
        ((b"COUNT 1 1 1", b"COUNT 1 1"), "do not agree"),
        ((b"TYPE F F F", b"TYPE F F X"), "is no PCD"),
        ((b"DATA binary", b"DATA morse"), "'morse'"),
    ],
)
def test_a_header_that_is_none_is_told(
    tmp_path: Path, change: tuple[bytes, bytes], rule: str
) -> None:
    """Each way in which a header can be wrong is one sentence."""
    records = np.zeros(4, [("x", "<f4"), ("y", "<f4"), ("z", "<f4")])
    path = tmp_path / "cloud.pcd"
    _written(path, records, "binary")
    path.write_bytes(path.read_bytes().replace(*change))
    with pytest.raises(SourceError, match=rule):
        read_cloud(str(path), 10)
