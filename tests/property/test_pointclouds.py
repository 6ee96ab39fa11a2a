"""Point clouds of every format against the arrays that the test writes itself."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.errors import AbsentError, SourceError
from features.pointclouds import read_cloud
from features.pointclouds.cloud import picks

# One file is written over and over; examples do not see each other's bytes.
one_file = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)

Floats = NDArray[np.float64]
Write = Callable[[Path, Floats, Floats, NDArray[np.uint8]], None]


def _packed(width: int) -> Write:
    def write(path: Path, points: Floats, shine: Floats, _: NDArray[np.uint8]) -> None:
        rows = np.zeros((len(points), width), dtype="<f4")
        rows[:, :3], rows[:, 3] = points, shine
        path.write_bytes(rows.tobytes())

    return write


def _array(order: str, width: int) -> Write:
    def write(path: Path, points: Floats, _: Floats, __: NDArray[np.uint8]) -> None:
        rows = np.zeros((len(points), width))
        rows[:, :3] = points
        np.save(path, np.asarray(rows, order=order))  # type: ignore[call-overload]  # "C" or "F"

    return write


def _ply(form: str) -> Write:
    def write(path: Path, points: Floats, shine: Floats, colours: NDArray[np.uint8]) -> None:
        head = [
            "ply", f"format {form} 1.0", "element camera 2", "property float view",
            f"element vertex {len(points)}", "property double x", "property double y",
            "property uchar red", "property uchar green", "property uchar blue",
            "property double z", "property float intensity", "element face 1",
            "property list uchar int vertex_indices", "end_header",
        ]  # fmt: skip
        rows = zip(points.tolist(), shine.tolist(), colours.tolist(), strict=True)
        if form == "ascii":
            lines = ["0.5", "0.5"]
            lines += [f"{p[0]!r} {p[1]!r} {c[0]} {c[1]} {c[2]} {p[2]!r} {s!r}" for p, s, c in rows]
            body = "\n".join([*lines, "3 0 0 0\n"]).encode()
        else:
            order = "<" if "little" in form else ">"
            body = struct.pack(order + "2f", 1, 1)
            for p, s, c in rows:
                body += struct.pack(order + "2d3Bdf", p[0], p[1], *c, p[2], s)
            body += struct.pack(order + "B3i", 3, 0, 0, 0)
        path.write_bytes("\n".join([*head, ""]).encode() + body)

    return write


def _text(kind: str) -> Write:
    def write(path: Path, points: Floats, shine: Floats, colours: NDArray[np.uint8]) -> None:
        more = {
            "plain": [""] * len(points),
            "shine": [f" {s!r}" for s in shine.tolist()],
            "colour": [" {} {} {}".format(*c) for c in colours.tolist()],
        }[kind]
        lines = ["# a remark", ""]
        lines += [
            f"{p[0]!r} {p[1]!r}\t{p[2]!r}{m}" for p, m in zip(points.tolist(), more, strict=True)
        ]
        path.write_text("\n".join(lines))

    return write


FORMATS: dict[str, tuple[str, Write, str]] = {
    "kitti": ("a.bin", _packed(4), "shine"),
    "nuscenes": ("a.pcd.bin", _packed(5), "shine"),
    "array": ("a.npy", _array("C", 3), ""),
    "wide array": ("a.npy", _array("C", 7), ""),
    "Fortran array": ("a.npy", _array("F", 4), ""),
    "ascii": ("a.ply", _ply("ascii"), "shine colour"),
    "little endian": ("A.PLY", _ply("binary_little_endian"), "shine colour"),
    "big endian": ("a.ply", _ply("binary_big_endian"), "shine colour"),
    "text": ("a.xyz", _text("plain"), ""),
    "text with intensity": ("a.txt", _text("shine"), "shine"),
    "text with colours": ("a.txt", _text("colour"), "colour"),
}
EVERY = pytest.mark.parametrize("form", FORMATS)


@EVERY
@one_file
@given(
    n=st.integers(1, 200) | st.integers(3000, 4000),
    most=st.integers(1, 250),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_cloud_is_read_as_it_was_written(
    tmp_path: Path, form: str, n: int, most: int, seed: int
) -> None:
    """Points, colours and intensities are those of the rows that were picked, to the last digit."""
    name, write, has = FORMATS[form]
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 50, (n, 3)).astype(np.float32).astype(float)
    shine = rng.random(n).astype(np.float32).astype(float)
    colours = rng.integers(0, 256, (n, 3), dtype=np.uint8)
    write(tmp_path / name, points, shine, colours)
    cloud, rows = read_cloud(str(tmp_path / name), most), picks(n, most)
    assert cloud.total == n
    assert np.array_equal(cloud.points, points[rows])
    assert (cloud.colors is not None, cloud.intensity is not None) == (
        "colour" in has,
        "shine" in has,
    )
    if cloud.colors is not None:
        assert np.array_equal(cloud.colors, colours[rows])
    if cloud.intensity is not None:
        assert np.array_equal(cloud.intensity, shine[rows])


@given(total=st.integers(1, 10**9), most=st.integers(1, 2000))
def test_picks_are_spread_evenly(total: int, most: int) -> None:
    """As many as are wanted, distinct, ascending, one of each stretch, and the same every time."""
    found = picks(total, most)
    assert len(found) == min(total, most)
    assert (np.diff(found) > 0).all()
    assert np.array_equal(found, picks(total, most))
    edges = np.arange(len(found) + 1) * total // len(found)
    assert ((edges[:-1] <= found) & (found < edges[1:])).all()


@EVERY
def test_points_that_are_nowhere_are_left_out(tmp_path: Path, form: str) -> None:
    """Of a point that is not finite, or beyond all that can be scanned, nothing is shown."""
    name, write, has = FORMATS[form]
    points = np.arange(18.0).reshape(6, 3)
    points[1, 0], points[2, 1], points[3, 2] = np.nan, np.inf, -1e30
    shine = np.array([0, 0, 0, 0, np.nan, 1])
    write(tmp_path / name, points, shine, np.zeros((6, 3), dtype=np.uint8))
    cloud = read_cloud(str(tmp_path / name), 100)
    assert np.array_equal(cloud.points, points[[0, 5] if "shine" in has else [0, 4, 5]])
    assert cloud.total == 6


@EVERY
@pytest.mark.filterwarnings("ignore:Reading `.npy`")  # what numpy says of a header of Python 2
@one_file
@given(data=st.data())
def test_a_damaged_file_is_a_cloud_or_named(tmp_path: Path, form: str, data: st.DataObject) -> None:
    """A file that is cut or garbled gives points that are finite, or one sentence."""
    name, write, _ = FORMATS[form]
    points = np.arange(90.0).reshape(30, 3)
    write(tmp_path / name, points, points[:, 0], points.astype(np.uint8))
    full = (tmp_path / name).read_bytes()
    start = data.draw(st.integers(0, len(full)))
    end = len(full) if data.draw(st.booleans()) else min(len(full), start + 10)
    (tmp_path / name).write_bytes(full[:start] + data.draw(st.binary(max_size=8)) + full[end:])
    try:
        cloud = read_cloud(str(tmp_path / name), 10)
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both outcomes are right
    else:
        assert np.isfinite(cloud.points).all()
        assert len(cloud.points) <= 10


PLY = "ply\nformat {} 1.0\nelement vertex {}\n{}end_header\n"
XYZ = "property float x\nproperty float y\nproperty float z\n"


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.bin", b"", "has 0 bytes"),
        ("a.bin", b"\0" * 17, "not a positive multiple of 16"),
        ("a.pcd.bin", b"\0" * 16, "not a positive multiple of 20"),
        ("a.ply", b"", "is no PLY file"),
        ("a.ply", PLY.format("ascii", 3, XYZ) + "1 2 3\n1 2\n1 2 3 4\n", "'1 2' where 3 numbers"),
        ("a.ply", PLY.format("ascii", 3, XYZ) + "1 2 3\n7\n1 2 3 4 5\n", "'7' where 3 numbers"),
        ("a.ply", PLY.format("ascii", 3, XYZ) + "1 2 3.00000000000\n" * 2, "fewer than 3 points"),
        ("a.ply", PLY.format("ascii", 1, XYZ) + "1 " * 3000, "a line of more than 4,096 bytes"),
        ("a.ply", PLY.format("binary_little_endian", 2, XYZ) + "\0" * 23, "is truncated"),
        ("a.ply", PLY.format("ascii", 1, "property float x\n") + "1\n", "without x, y and z"),
        (
            "a.ply",
            PLY.format("ascii", 1, XYZ + "property list uchar int v\n") + "1 2 3 0\n",
            "lists",
        ),
        ("a.ply", PLY.format("ascii", 1, XYZ + "property float x\n") + "1 2 3 4\n", "twice"),
        (
            "a.ply",
            "ply\nformat binary_little_endian 1.0\nelement face 1\nproperty list uchar int v\n"
            "element vertex 1\n" + XYZ + "end_header\n" + "\0" * 50,
            "has lists (face) before its vertices",
        ),
        ("a.npy", b"\x93NUMPY", "is no .npy array"),
        ("a.npy", b"\x93NUMPY\x01\x00\x04\x00(((\n", "is no .npy array"),
        ("a.npy", b"\x93NUMPY\x01\x00\x10\x00{'a': 1, b'b': 2}", "is no .npy array"),
        ("a.xyz", b"# nothing\n\n", "has no points"),
        ("a.xyz", b"1 2 3\nx y z\n", "'x y z' where 3 numbers"),
        ("a.xyz", b"1" * 5000, "a line of more than 4,096 bytes"),
        ("a.obj", b"LASF", "is of no kind that can be shown"),
    ],
)
def test_a_broken_file_says_what_is_wrong(
    tmp_path: Path, name: str, content: bytes | str, rule: str
) -> None:
    """Each way to break a file is one sentence that names the rule."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SourceError) as caught:
        read_cloud(str(path), 100)
    assert rule in caught.value.rule
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "array",
    [np.zeros((0, 3)), np.zeros((4, 2)), np.zeros(9), np.array([["a", "b", "c"]])],
    ids=["empty", "narrow", "flat", "words"],
)
def test_an_array_that_is_no_cloud_is_refused(tmp_path: Path, array: NDArray[np.generic]) -> None:
    """Anything but n x 3 numbers is named by its type and shape."""
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(SourceError, match="not of n x 3 numbers"):
        read_cloud(str(tmp_path / "a.npy"), 10)


def test_python_objects_are_never_loaded(tmp_path: Path) -> None:
    """An array of objects is refused before anything is unpickled."""
    np.save(tmp_path / "a.npy", np.array([[{}, {}, {}]]), allow_pickle=True)
    with pytest.raises(SourceError, match="Python objects"):
        read_cloud(str(tmp_path / "a.npy"), 10)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """A file beyond 512 MiB, of which no byte is on the disk, is refused by its size."""
    path = tmp_path / "a.bin"
    path.touch()
    with path.open("r+b") as file:
        file.truncate(2**30)
    with pytest.raises(SourceError, match=r"1,073,741,824 bytes; up to 536,870,912"):
        read_cloud(str(path), 10)


def test_a_file_that_is_not_there_is_told_from_a_bad_one(tmp_path: Path) -> None:
    """Nothing there is an error of its own."""
    with pytest.raises(AbsentError):
        read_cloud(str(tmp_path / "a.ply"), 10)


def test_few_points_of_a_large_file_are_read_alone(tmp_path: Path) -> None:
    """Four points of 500 MB that occupy no disk are read at once."""
    path = tmp_path / "a.bin"
    path.touch()
    with path.open("r+b") as file:
        file.truncate(500 * 2**20)
    cloud = read_cloud(str(path), 4)
    assert (cloud.total, len(cloud.points)) == (500 * 2**16, 4)
