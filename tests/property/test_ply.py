"""The PLY reader against headers that the test writes itself."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import SourceError
from features.files.ply import MAX_HEADER_BYTES, vertex_count

# One file is written over and over; examples do not see each other's bytes.
one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

TYPES = {"float": "f", "double": "d", "uchar": "B", "int": "i", "uint16": "H", "int8": "b"}
ENDS = ["\n", "\r\n", "\r"]
remarks = st.lists(
    st.builds(
        " ".join,
        st.tuples(
            st.sampled_from(["comment", "obj_info"]),
            st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20),
        ),
    ).filter(lambda line: not set(line) & {"\r", "\n", "\x85"}),
    max_size=3,
)


def body(form: str, number: int, types: list[str], *, faces: int) -> bytes:
    """Return rows of ones for the vertices, and triangles."""
    if form == "ascii":
        rows = [" ".join("1" for _ in types)] * number + ["3 0 1 2"] * faces
        return "".join(row + "\n" for row in rows).encode()
    order = "<" if "little" in form else ">"
    row = struct.pack(order + "".join(TYPES[name] for name in types), *([1] * len(types)))
    return row * number + struct.pack(order + "B3i", 3, 0, 1, 2) * faces


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, int, int]:
    """Draw a file, its number of vertices, and the length of its header."""
    form = draw(st.sampled_from(["ascii", "binary_little_endian", "binary_big_endian"]))
    number = draw(st.integers(1, 50))
    faces = draw(st.none() | st.integers(0, 5))
    types = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=6))
    end = draw(st.sampled_from(ENDS if form != "ascii" else ENDS[:2]))
    lines = [
        "ply",
        *draw(remarks),
        f"format {form} 1.0",
        *draw(remarks),
        f"element vertex {number}",
    ]
    lines += [f"property {name} p{i}" for i, name in enumerate(types)]
    if faces is not None:
        lines += [f"element face {faces}", "property list uchar int vertex_indices", *draw(remarks)]
    header = "".join(line + end for line in [*lines, "end_header"]).encode("latin-1")
    return header + body(form, number, types, faces=faces or 0), number, len(header)


@one_file
@given(case=files())
def test_the_declared_vertices_are_counted(tmp_path: Path, case: tuple[bytes, int, int]) -> None:
    """Whatever the form, the line ends, the remarks and the other elements, the count is right."""
    data, number, _ = case
    (tmp_path / "a.ply").write_bytes(data)
    assert vertex_count(tmp_path / "a.ply") == number


@one_file
@given(case=files(), data=st.data())
def test_a_cut_file_is_named(
    tmp_path: Path, case: tuple[bytes, int, int], data: st.DataObject
) -> None:
    """A file that is cut within its header, or right after it, is an error."""
    full, _, header = case
    kept = data.draw(st.integers(0, header) | st.just(header))
    (tmp_path / "a.ply").write_bytes(full[:kept])
    with pytest.raises(SourceError) as caught:
        vertex_count(tmp_path / "a.ply")
    assert caught.value.place == str(tmp_path / "a.ply")


@one_file
@given(case=files(), data=st.data())
def test_arbitrary_damage_is_counted_or_named(
    tmp_path: Path, case: tuple[bytes, int, int], data: st.DataObject
) -> None:
    """A damaged file gives a count that it has room for, or an error that names it."""
    full, _, _ = case
    start = data.draw(st.integers(0, len(full)))
    end = data.draw(st.integers(start, min(start + 20, len(full))))
    damaged = full[:start] + data.draw(st.binary(max_size=8)) + full[end:]
    (tmp_path / "a.ply").write_bytes(damaged)
    try:
        number = vertex_count(tmp_path / "a.ply")
    except SourceError as error:
        assert error.place == str(tmp_path / "a.ply")  # noqa: PT017 - both outcomes are right
    else:
        assert 1 <= number <= len(damaged)


HEAD = "ply\nformat binary_little_endian 1.0\n"


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("", "does not start with ply"),
        ("PLY\n", "does not start with ply"),
        ("ply\n", "neither ascii nor binary"),
        ("ply\nformat binary_little_endian 2.0\n", "neither ascii nor binary"),
        ("ply\nformat base64 1.0\n", "neither ascii nor binary"),
        (HEAD, "no end_header"),
        (HEAD + "element vertex -1\n", "'element vertex -1' has no meaning"),
        (HEAD + "element vertex 1e3\n", "has no meaning"),
        (HEAD + f"element vertex {'9' * 5000}\n", "has no meaning"),
        (HEAD + "property float x\n", "'property float x' has no meaning"),
        (HEAD + "element vertex 1\nproperty quad x\n", "'quad' is no type"),
        (HEAD + "element vertex 1\nproperty list float x\n", "'list float' is no type"),
        (HEAD + "end_header\n", "declares no vertices"),
        (HEAD + "element vertex 0\nproperty float x\nend_header\n", "declares no vertices"),
        (HEAD + "element vertex 7\nend_header\n", "declares no vertices"),
        (
            HEAD + "element vertex 1\nproperty char x\n" * 2 + "end_header\n__",
            "declares them twice",
        ),
        (
            HEAD + "element vertex 999999999999999999\nproperty float x\nend_header\n",
            "declares more of its elements than it has bytes",
        ),
        (HEAD + "comment x\n" * 7000 + "end_header\n", "no end_header in its first 65,536 bytes"),
        (HEAD + "comment " + "x" * MAX_HEADER_BYTES, "no end_header"),
    ],
)
def test_a_broken_header_says_what_is_wrong(tmp_path: Path, header: str, rule: str) -> None:
    """Each way to break a header is one sentence that names the file."""
    path = tmp_path / "a.ply"
    path.write_text(header, newline="")
    with pytest.raises(SourceError) as caught:
        vertex_count(path)
    assert caught.value.place == str(path)
    assert rule in caught.value.rule
    assert "\n" not in str(caught.value)


def test_a_line_feed_after_a_bare_carriage_return_is_data(tmp_path: Path) -> None:
    """Where lines end in CR, a first coordinate that starts with the byte of LF is not cut."""
    header = (
        b"ply\rformat binary_little_endian 1.0\relement vertex 1\rproperty char x\rend_header\r"
    )
    (tmp_path / "a.ply").write_bytes(header + b"\n")
    assert vertex_count(tmp_path / "a.ply") == 1


def test_the_points_are_never_read(tmp_path: Path) -> None:
    """A file of 4 GB that occupies no disk is counted at once: only its size is asked."""
    path = tmp_path / "a.ply"
    path.write_bytes(
        b"ply\nformat binary_little_endian 1.0\nelement vertex 1000000000\n"
        b"property float x\nend_header\n"
    )
    with path.open("r+b") as file:
        file.truncate(2**32)
    assert vertex_count(path) == 10**9
