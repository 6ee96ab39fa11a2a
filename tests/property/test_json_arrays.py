"""The reader of arrays against the standard library's own decoder."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import SourceError
from features.files import json_values as json_arrays
from features.files.json_values import read_arrays

# One file is written over and over; examples do not see each other's bytes.
one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
documents = st.lists(values, max_size=5) | st.dictionaries(
    st.text(max_size=4), values | st.lists(values, max_size=4), max_size=4
)


@one_file
@given(
    document=documents,
    chunk=st.sampled_from([1, 2, 7, 2**20]),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_every_element_comes_whatever_the_window(
    tmp_path: Path, document: object, chunk: int, indent: int | None, *, ascii_only: bool
) -> None:
    """However small the window, the elements are those that json.loads gives."""
    path = tmp_path / "a.json"
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    path.write_bytes(text.encode(errors="surrogatepass"))
    arrays = {"": document} if isinstance(document, list) else document
    assert isinstance(arrays, dict)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_arrays, "_CHUNK_BYTES", chunk)
        found = list(read_arrays(path))
    assert found == [
        (name, index, element)
        for name, array in arrays.items()
        if isinstance(array, list)
        for index, element in enumerate(array)
    ]


@one_file
@given(document=documents, data=st.data())
def test_what_json_refuses_is_named(tmp_path: Path, document: object, data: st.DataObject) -> None:
    """A damaged file is an error wherever json.loads has one, and never another exception."""
    path = tmp_path / "a.json"
    original = json.dumps(document).encode()
    start = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(start, min(start + 10, len(original))))
    damaged = original[:start] + data.draw(st.binary(max_size=4)) + original[end:]
    path.write_bytes(damaged)
    try:
        expected: object = json.loads(damaged.decode())
    except ValueError:
        expected = None
    if isinstance(expected, list | dict):
        try:
            list(read_arrays(path))
        except SourceError as error:
            assert "stands twice" in error.rule  # noqa: PT017 - json.loads keeps the last one
    else:
        with pytest.raises(SourceError) as caught:
            list(read_arrays(path))
        assert caught.value.place == str(path)
        assert "\n" not in caught.value.rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "starts with neither [ nor {, at character 1"),
        ("  7", "starts with neither [ nor {, at character 3"),
        ("[1, 2", ", is missing, at character 6"),
        ("[1 2]", ", is missing, at character 4"),
        ("[1,]", "Expecting value, at character 4"),
        ('{"a" 1}', ": is missing, at character 6"),
        ("{1: 2}", "1 is no name"),
        ('{"a": [], "a": []}', "'a' is no name, or stands twice"),
        ("[] []", "there is something after its end"),
        ("[" * 100_000, "nested too deeply"),
        (f"[{'9' * 5000}]", "Exceeds the limit"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, rule: str) -> None:
    """Each error says what is wrong and at which character."""
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SourceError) as caught:
        list(read_arrays(tmp_path / "a.json"))
    assert rule in caught.value.rule


def test_other_encodings_are_named(tmp_path: Path) -> None:
    """A byte order mark does no harm; UTF-16 and Latin-1 are errors."""
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf[1]")
    assert list(read_arrays(path)) == [("", 0, 1)]
    for data in ('["é"]'.encode("latin-1"), "[1]".encode("utf-16")):
        path.write_bytes(data)
        with pytest.raises(SourceError, match="not UTF-8"):
            list(read_arrays(path))


def test_an_element_without_end_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A string that never ends is refused at the limit, however long the file is."""
    monkeypatch.setattr(json_arrays, "MAX_ELEMENT_CHARS", 100)
    monkeypatch.setattr(json_arrays, "_CHUNK_BYTES", 16)
    path = tmp_path / "a.json"
    path.write_text('["' + "x" * 50 + '"]')
    assert len(list(read_arrays(path))) == 1
    path.write_text('["' + "x" * 10_000 + '"]')
    with pytest.raises(SourceError, match="an element has more than 100 characters"):
        list(read_arrays(path))
