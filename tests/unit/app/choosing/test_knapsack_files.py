"""Quadratic knapsacks as text: what their reader takes, and what it refuses."""

import lzma
from pathlib import Path

import pytest

from app.choosing import knapsack_files
from app.choosing.problem_files import read_problem_file
from app.errors import InvalidRequestError

TEXT = "3 2 int\n0 1 5\n1 1 2.5\n2 3 4\n3 5\n"


def write(path: Path, text: str) -> Path:
    """Write a knapsack, packed or not."""
    content = text.encode()
    path.write_bytes(lzma.compress(content) if path.suffix == ".xz" else content)
    return path


@pytest.mark.parametrize("name", ["a.txt", "a.xz"])
def test_text_and_packed_text_are_one(tmp_path: Path, name: str) -> None:
    """A problem is the same, packed or not."""
    read = read_problem_file(write(tmp_path / name, TEXT))
    assert read.costs.tolist() == [2, 3, 4]
    assert read.budgets == (3, 5)
    assert read.arrays["utilities"][1, 0] == 5


def test_streams_that_follow_each_other_are_one_text(tmp_path: Path) -> None:
    """Packed texts may be joined, with zeros between them, as xz allows."""
    parts = TEXT[:15].encode(), TEXT[15:].encode()
    packed = b"\0\0\0\0".join(map(lzma.compress, parts))
    (tmp_path / "a.xz").write_bytes(packed)
    assert read_problem_file(tmp_path / "a.xz").costs.tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("0 1 5", "0 1 1_000", "line 2: '1_000' is not a finite number"),
        ("0 1 5", "0 1 nan", "line 2: 'nan' is not a finite number"),
        ("0 1 5", "0 1 1e-400", "line 2: 1e-400 is too small to be told from 0"),
        ("0 1 5", "0 1 9007199254740993", "line 2: 9007199254740993 has more digits than are kept"),
        ("0 1 5", f"{'9' * 5000} 1 5", "line 2 must be 'i j utility'"),
        ("3 2 int", f"{'9' * 5000} 2 int", "whose line 1 is 'n m int|float'"),
        ("3 2 int", "99999 2 int", "line 4 must have 99999 costs, and it has 3"),
        ("2 3 4", "2 3 1e400", "line 4 has a number that is not finite"),
        ("2 3 4", "2 3 inf", "line 4: 'inf' is not a finite number"),
    ],
)
def test_numbers_are_decimal_and_are_kept(tmp_path: Path, old: str, new: str, rule: str) -> None:
    """No number is read that another reader would not read, or would read as another."""
    with pytest.raises(InvalidRequestError) as refusal:
        read_problem_file(write(tmp_path / "a.txt", TEXT.replace(old, new)))
    assert rule in str(refusal.value)


def test_a_matrix_far_larger_than_its_text_is_refused(tmp_path: Path) -> None:
    """A short text with a large number of items would take gigabytes."""
    n = 20_000
    text = f"{n} 0 int\n{' '.join(['1'] * n)}\n5\n"
    with pytest.raises(InvalidRequestError, match="20000 x 20000 pair utilities is too"):
        read_problem_file(write(tmp_path / "a.txt", text))


def test_packed_text_has_a_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to far more than its size is given up on the way."""
    monkeypatch.setattr(knapsack_files, "FREE_BYTES", 1000)
    monkeypatch.setattr(knapsack_files, "MAX_PROBLEM_PROPORTION", 2)
    with pytest.raises(InvalidRequestError, match="it has more than 1,000 bytes of text"):
        read_problem_file(write(tmp_path / "a.xz", TEXT + " " * 100_000))


@pytest.mark.parametrize("cut", [10, 40, -8])
def test_a_damaged_stream_is_refused(tmp_path: Path, cut: int) -> None:
    """Half of a packed file is named so."""
    path = write(tmp_path / "a.xz", TEXT)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InvalidRequestError, match="the xz stream is damaged or ends early"):
        read_problem_file(path)
