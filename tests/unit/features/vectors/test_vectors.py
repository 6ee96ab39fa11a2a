import hashlib
import json
import pickle  # noqa: TID251  to make what must be refused
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from features.errors import VectorsError
from features.vectors import read_vectors

SCENES = ("a", "b", "room/c 2", "d")
OWNERS = ["b", "a", "b", "room/c 2", "a"]

Write = Callable[[Path, NDArray[Any], Sequence[str]], Path]


def write_npz(folder: Path, vectors: NDArray[Any], ids: Sequence[str]) -> Path:
    """Write an archive."""
    path = folder / "v.npz"
    np.savez_compressed(path, ids=np.array(ids, dtype="U"), embeddings=vectors)
    return path


def write_npy(folder: Path, vectors: NDArray[Any], ids: Sequence[str]) -> Path:
    """Write an array and its ids beside it."""
    path = folder / "v.npy"
    np.save(path, vectors)
    (folder / "ids.txt").write_text("".join(f"{scene_id}\n" for scene_id in ids))
    return path


def write_parquet(folder: Path, vectors: NDArray[Any], ids: Sequence[str]) -> Path:
    """Write a table of lists in several row groups."""
    path = folder / "v.parquet"
    values = pa.array(list(vectors), pa.list_(pa.from_numpy_dtype(vectors.dtype)))
    pq.write_table(pa.table({"scene_id": list(ids), "vector": values}), path, row_group_size=2)
    return path


def write_fixed_parquet(folder: Path, vectors: NDArray[Any], ids: Sequence[str]) -> Path:
    """Write a table of lists of one size."""
    path = folder / "v.parquet"
    values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    pq.write_table(pa.table({"scene_id": list(ids), "embedding": values}), path)
    return path


def write_safetensors(folder: Path, vectors: NDArray[Any], ids: Sequence[str]) -> Path:
    """Write tensors with ids in the metadata."""
    path = folder / "v.safetensors"
    other = np.arange(3, dtype=np.int8)
    save_file({"other": other, "vectors": vectors}, path, {"ids": json.dumps(list(ids))})
    return path


WRITERS = [write_npz, write_npy, write_parquet, write_fixed_parquet, write_safetensors]


@pytest.fixture
def vectors() -> NDArray[np.float64]:
    """Five vectors that every floating-point type holds exactly."""
    return np.random.default_rng(0).integers(-8, 9, (5, 6)) / 4 + 0.125


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("write", WRITERS)
def test_every_format_gives_the_same(
    tmp_path: Path, vectors: NDArray[np.float64], write: Write, dtype: str
) -> None:
    """Whatever the format and the precision, each scene gets its own rows in order."""
    path = write(tmp_path, vectors.astype(dtype), OWNERS)
    read = read_vectors(path, SCENES)
    expected = vectors.astype(np.float32)
    assert (read.dim, read.level, read.missing) == (6, "image", ("d",))
    assert list(read.rows) == ["a", "b", "room/c 2"]
    for scene_id in read.rows:
        mine = expected[[owner == scene_id for owner in OWNERS]]
        np.testing.assert_array_equal(read.of(scene_id), mine)
        assert read.of(scene_id).dtype == np.float32
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(KeyError):
        read.of("d")


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (np.nan, "is not finite"),
        (np.inf, "is not finite"),
        (0.0, "has the length 0"),
        (1e-20, "has the length"),
    ],
)
def test_the_first_bad_row_is_named(
    tmp_path: Path, vectors: NDArray[np.float64], write: Write, bad: float, rule: str
) -> None:
    """A vector that is not finite or has no direction is refused with file, row and scene."""
    vectors[3] = bad
    path = write(tmp_path, vectors, OWNERS)
    place = re.escape(f"{path}, row 3: the vector of scene 'room/c 2' {rule}")
    with pytest.raises(VectorsError, match=place):
        read_vectors(path, SCENES)


@pytest.mark.parametrize("write", WRITERS)
def test_unknown_scenes_are_named(
    tmp_path: Path, vectors: NDArray[np.float64], write: Write
) -> None:
    """A row of a scene that the source does not have is refused."""
    path = write(tmp_path, vectors, OWNERS)
    with pytest.raises(VectorsError, match="row 1: there is no scene 'a' in the source"):
        read_vectors(path, ("b", "room/c 2"))


@pytest.mark.parametrize("write", WRITERS)
def test_a_level_can_be_insisted_on(
    tmp_path: Path, vectors: NDArray[np.float64], write: Write
) -> None:
    """Where one vector a scene is wanted, a second one of a scene is refused with both rows."""
    path = write(tmp_path, vectors, OWNERS)
    with pytest.raises(VectorsError, match="row 2: the scene 'b' has a vector in row 0"):
        read_vectors(path, SCENES, level="scene")
    with pytest.raises(VectorsError, match="has a vector for each image, not for each patch"):
        read_vectors(path, SCENES, level="patch")
    assert read_vectors(path, SCENES, level="image").level == "image"
    path = write(tmp_path, vectors[:3], SCENES[:3])
    assert read_vectors(path, SCENES, level="scene").level == "scene"


@pytest.mark.parametrize("write", WRITERS)
def test_no_row_is_an_error(tmp_path: Path, vectors: NDArray[np.float64], write: Write) -> None:
    """A file without rows is refused, in whatever way it is empty."""
    with pytest.raises(VectorsError, match=r"v\.\w+: .*(no vector of any|no numbers)"):
        read_vectors(write(tmp_path, vectors[:0], []), SCENES)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_a_cut_file_is_refused(
    tmp_path: Path, vectors: NDArray[np.float64], write: Write, share: float
) -> None:
    """A file that was cut anywhere is one sentence with its name."""
    path = write(tmp_path, vectors, OWNERS)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(VectorsError, match=rf"{path.name}: "):
        read_vectors(path, SCENES)


@pytest.mark.filterwarnings("ignore:Reading `.npy`")  # numpy's word on a header like Python 2's
@pytest.mark.parametrize("write", WRITERS)
def test_a_changed_byte_is_never_a_crash(
    tmp_path: Path, vectors: NDArray[np.float64], write: Write
) -> None:
    """Whichever byte is changed, the file is read or refused in one sentence."""
    path = write(tmp_path, vectors, OWNERS)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 1 + len(whole) // 300):
        content = bytearray(whole)
        content[place] ^= 255
        path.write_bytes(content)
        try:
            read_vectors(path, SCENES)
        except VectorsError as error:
            assert str(error).startswith(str(path))  # noqa: PT017  not every change is noticed
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("write", [write_npz, write_npy, write_safetensors])
def test_patches_of_a_scene_are_its_rows(tmp_path: Path, write: Write) -> None:
    """An array (n, patches, d) gives each scene the patches of all its images."""
    vectors = np.random.default_rng(1).standard_normal((3, 4, 2)).astype(np.float16)
    path = write(tmp_path, vectors, ["a", "b", "a"])
    read = read_vectors(path, SCENES)
    assert (read.level, read.dim) == ("patch", 2)
    np.testing.assert_array_equal(read.of("a"), np.concatenate([vectors[0], vectors[2]]))
    vectors[1, 2] = 0
    path = write(tmp_path, vectors, ["a", "b", "a"])
    with pytest.raises(
        VectorsError, match="row 1: the vector of scene 'b', patch 2 has the length"
    ):
        read_vectors(path, SCENES)


def test_rows_of_one_image_are_patches(tmp_path: Path, vectors: NDArray[np.float64]) -> None:
    """Where images are named, several rows of one are its patches, else each is an image."""
    for images, level in ((["x", "x", "y", "x", "y"], "image"), (["x"] * 5, "patch")):
        path = tmp_path / "v.npz"
        np.savez(path, scene_ids=OWNERS, image_ids=images, vectors=vectors)
        assert read_vectors(path, SCENES).level == level
        table = pa.table({"scene_id": OWNERS, "image_id": images, "vector": vectors.tolist()})
        pq.write_table(table, tmp_path / "v.parquet")
        assert read_vectors(tmp_path / "v.parquet", SCENES).level == level


def test_a_table_of_many_batches_is_read_whole(tmp_path: Path) -> None:
    """Thousands of rows in several batches keep their order, and errors their row."""
    vectors = np.random.default_rng(2).standard_normal((9001, 2)).astype(np.float32)
    path = write_parquet(tmp_path, vectors, ["a"] * 9001)
    np.testing.assert_array_equal(read_vectors(path, SCENES).of("a"), vectors)
    vectors[8500] = 0
    path = write_parquet(tmp_path, vectors, ["a"] * 9001)
    with pytest.raises(VectorsError, match="row 8500"):
        read_vectors(path, SCENES)


@pytest.mark.parametrize("name", ["v.ids.json", "v.ids.txt", "ids.json", "ids.txt", "else.txt"])
def test_ids_may_lie_beside(tmp_path: Path, vectors: NDArray[np.float64], name: str) -> None:
    """Rows without ids take them from a file beside, or from one that is named."""
    for path in (tmp_path / "v.npy", tmp_path / "v.npz", tmp_path / "v.safetensors"):
        match path.suffix:
            case ".npy":
                np.save(path, vectors)
            case ".npz":
                np.savez(path, vectors=vectors)
            case _:
                save_file({"vectors": vectors}, path)
        ids = tmp_path / name
        text = json.dumps(OWNERS) if ids.suffix == ".json" else "\n".join(OWNERS)
        ids.unlink(missing_ok=True)
        if name != "else.txt":
            with pytest.raises(VectorsError, match=r"there is no v\.ids\.json"):
                read_vectors(path, SCENES)
        ids.write_text(text)
        read = read_vectors(path, SCENES, ids if name == "else.txt" else None)
        assert read.of("room/c 2").shape == (1, 6)


def test_other_ids_are_another_key(tmp_path: Path, vectors: NDArray[np.float64]) -> None:
    """The key changes with the ids even where the vectors' file does not."""
    path = write_npy(tmp_path, vectors, OWNERS)
    first = read_vectors(path, SCENES)
    (tmp_path / "ids.txt").write_text("\n".join(reversed(OWNERS)))
    second = read_vectors(path, SCENES)
    assert (first.sha256, first.key) == (second.sha256, first.key)
    assert first.key != second.key


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("i.txt", b"a\nb\n", "has 2 scene ids for 5 rows of vectors"),
        ("i.txt", b"", "has 0 scene ids"),
        ("i.txt", b"\xff\n", "ids must be UTF-8 text"),
        ("i.json", b"{}", "its ids must be a JSON list of strings"),
        ("i.json", b"[", "its ids must be a JSON list of strings"),
        ("i.json", b'["a", 2]', "row 1: an id must be a string, not 2"),
        ("gone.txt", None, r"cannot be read \(No such file"),
    ],
)
def test_bad_files_of_ids_are_named(
    tmp_path: Path,
    vectors: NDArray[np.float64],
    name: str,
    content: bytes | None,
    rule: str,
) -> None:
    """A file of ids that is missing, of another length or no list of strings is refused."""
    path = write_npy(tmp_path, vectors, OWNERS)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(VectorsError, match=rf"{name}.*{rule}"):
        read_vectors(path, SCENES, tmp_path / name)


def test_ids_are_not_given_twice(tmp_path: Path, vectors: NDArray[np.float64]) -> None:
    """A file that says whose its rows are takes no second word on it."""
    path = write_npz(tmp_path, vectors, OWNERS)
    with pytest.raises(VectorsError, match="has scene ids of its own"):
        read_vectors(path, SCENES, tmp_path / "ids.txt")


def test_foreign_archives_are_refused(
    tmp_path: Path, vectors: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive of something else, and a file that may not be read, are named."""
    path = tmp_path / "v.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vectors.npy", b"no array")
    with pytest.raises(VectorsError, match=r"v\.npz: "):
        read_vectors(path, SCENES)
    path = write_safetensors(tmp_path, vectors, OWNERS)

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(VectorsError, match=r"v\.safetensors: cannot be read \(Permission denied"):
        read_vectors(path, SCENES)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    """Pickled content is refused in every numpy file, and its code never runs."""

    class Trap:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return Path.touch, (tmp_path / "sprung",)  # type: ignore[return-value]

    objects = np.array([Trap()], dtype=object)
    np.save(tmp_path / "v.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "v.npz", vectors=objects)
    np.savez(tmp_path / "ids.npz", vectors=np.ones((1, 2)), ids=objects)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("v.npy", "v.npz", "ids.npz"):
        with pytest.raises(
            VectorsError, match=rf"{name}: ('\w+': )?holds pickled Python objects, which"
        ):
            read_vectors(tmp_path / name, SCENES)
    with pytest.raises(VectorsError, match=r"raw\.npy: is no \.npy array"):
        read_vectors(tmp_path / "raw.npy", SCENES)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("arrays", "rule"),
    [
        ({"ids": OWNERS}, "has no vectors or embeddings, only ids"),
        ({"a\nb": OWNERS}, r"has no vectors or embeddings, only 'a\\nb'"),
        ({"vectors": np.ones((5, 2)), "embeddings": np.ones((5, 2))}, "both vectors and embedd"),
        ({"vectors": np.ones((5, 2), int), "ids": OWNERS}, "float16, float32 or float64, not int"),
        ({"vectors": np.ones(5), "ids": OWNERS}, r"must be \(n, d\), or .*, not \(5,\)"),
        ({"vectors": np.ones((5, 0)), "ids": OWNERS}, r"must be \(n, d\)"),
        ({"vectors": np.ones((5, 2)), "ids": np.arange(5)}, "ids must be a list of strings"),
        ({"vectors": np.ones((5, 2)), "ids": np.array([b"\xff"] * 5)}, "ids must be UTF-8"),
        (
            {"vectors": np.ones((5, 2)), "ids": OWNERS, "image_ids": ["x"]},
            "has 1 image ids for 5 rows",
        ),
    ],
)
def test_archives_that_break_a_rule(tmp_path: Path, arrays: dict[str, Any], rule: str) -> None:
    """An archive without vectors, or with arrays of another kind, is refused."""
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(VectorsError, match=rf"v\.npz: .*{rule}"):
        read_vectors(tmp_path / "v.npz", SCENES)


def test_ids_may_be_bytes(tmp_path: Path, vectors: NDArray[np.float64]) -> None:
    """Ids in UTF-8 bytes are the same as in text."""
    np.savez(tmp_path / "v.npz", ids=np.char.encode(OWNERS), vectors=vectors)
    assert read_vectors(tmp_path / "v.npz", SCENES).missing == ("d",)


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"scene_id": ["a"]}, "has no vector or embedding, only scene_id"),
        ({"vector": [[1.0]]}, "has no scene_id, only vector"),
        ({"scene_id": ["a"], "vector": [[1]]}, "must hold lists of floats, not list<"),
        ({"scene_id": ["a"], "vector": [1.0]}, "must hold lists of floats, not double"),
        ({"scene_id": [None], "vector": [[1.0]]}, "row 0: scene_id must be a string, not None"),
        ({"scene_id": [7], "vector": [[1.0]]}, "row 0: scene_id must be a string, not 7"),
        (
            {"scene_id": ["a", "b"], "vector": [[1.0, 2.0], [1.0]]},
            "row 1: the vector has 1 numbers where the first row has 2",
        ),
        ({"scene_id": ["a", "b"], "vector": [[1.0], None]}, "row 1: the vector is empty"),
        ({"scene_id": ["a", "b"], "vector": [[1.0], [None]]}, "row 1: .* is not finite"),
        ({"scene_id": ["a"], "vector": [[1e300]]}, "row 0: .* is not finite"),
    ],
)
def test_tables_that_break_a_rule(tmp_path: Path, columns: dict[str, Any], rule: str) -> None:
    """A Parquet file that lacks a column, or whose rows differ, is refused."""
    pq.write_table(pa.table(columns), tmp_path / "v.parquet")
    with pytest.raises(VectorsError, match=rf"v\.parquet.*{rule}"):
        read_vectors(tmp_path / "v.parquet", SCENES)


def safetensors_bytes(header: object, data: bytes = b"\0" * 16) -> bytes:
    """Return a file with this header."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is damaged or no safetensors file"),
        (b"\xff" * 20, "is damaged or no safetensors file"),
        (safetensors_bytes([]), "is damaged or no safetensors file"),
        (safetensors_bytes({"__metadata__": 3}), "its metadata is not a JSON object"),
        (safetensors_bytes({"x": {}}), "has no vectors or embeddings, only x"),
        (safetensors_bytes({"vectors": {"dtype": "BF16"}}), "must be F16, F32 or F64, not BF16"),
        (safetensors_bytes({"vectors": 3}), "must be F16, F32 or F64, not 3"),
        (safetensors_bytes({"vectors": {"dtype": "F32"}}), "no whole shape or place"),
        (
            safetensors_bytes(
                {"vectors": {"dtype": "F32", "shape": [2, -2], "data_offsets": [0, 16]}}
            ),
            "no whole shape or place",
        ),
        (
            safetensors_bytes(
                {"vectors": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 16]}}
            ),
            r"vectors does not fit its shape \(2, 3\)",
        ),
        (
            safetensors_bytes(
                {"vectors": {"dtype": "F32", "shape": [4, 2], "data_offsets": [0, 32]}}
            ),
            r"vectors does not fit its shape \(4, 2\)",
        ),
    ],
)
def test_safetensors_that_break_a_rule(tmp_path: Path, content: bytes, rule: str) -> None:
    """A header that lies about its tensors is refused before anything is read."""
    (tmp_path / "v.safetensors").write_bytes(content)
    with pytest.raises(VectorsError, match=rf"v\.safetensors: .*{rule}"):
        read_vectors(tmp_path / "v.safetensors", SCENES)


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A file of another kind, or none, is named."""
    with pytest.raises(VectorsError, match=r"v\.csv: vectors are read from \.npy, \.npz"):
        read_vectors(tmp_path / "v.csv", SCENES)
    with pytest.raises(VectorsError, match=r"v\.npz: there is no such file"):
        read_vectors(tmp_path / "v.npz", SCENES)


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_a_file_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path, kind: str) -> None:
    """A small file of endless zeros is refused by what it says of itself."""
    path, d = tmp_path / f"bomb.{kind}", 2**27
    if kind == "npz":
        packed = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        with packed as archive, archive.open("vectors.npy", "w") as member:
            for _ in range(5):
                member.write(bytes(2**26))
    else:
        values = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(d, dtype=np.float32)), d)
        pq.write_table(pa.table({"scene_id": ["a"], "vector": values}), path, compression="zstd")
    with pytest.raises(VectorsError, match="more than 16 times its size"):
        read_vectors(path, SCENES)


@pytest.mark.parametrize("dtype", ["[]", "{}", "null", "3", '"I8"'])
def test_a_dtype_of_safetensors_is_one_of_three(tmp_path: Path, dtype: str) -> None:
    """Whatever JSON can hold in its place is refused in a sentence."""
    entry = f'{{"dtype": {dtype}, "shape": [1, 2], "data_offsets": [0, 8]}}'
    header = f'{{"vectors": {entry}}}'.encode()
    path = tmp_path / "v.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(VectorsError, match="must be F16, F32 or F64"):
        read_vectors(path, ["a"])


def test_more_dimensions_than_numpy_has_are_refused(tmp_path: Path) -> None:
    """A tensor of 70 dimensions is refused by their number."""
    entry = f'{{"dtype": "F32", "shape": {[1] * 70}, "data_offsets": [0, 4]}}'
    header = f'{{"vectors": {entry}}}'.encode()
    path = tmp_path / "v.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(VectorsError, match=r"vectors must be \(n, d\)"):
        read_vectors(path, ["a"])
