"""`seedal solve`, `verify` and `frontier` on files."""

import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.main import main

Run = Callable[..., tuple[int, str, str]]

KNAPSACK = "3 3 int\n0 1 10\n1 2 7\n2 2 4\n3 2 2\n5\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `seedal` and returns its exit status and output."""

    def call(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def arrays(n: int = 12) -> dict[str, Any]:
    """Return the arrays of a small problem."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(n, 5))
    vectors *= 0.8 / np.linalg.norm(vectors, axis=1, keepdims=True)
    return {
        "weights": rng.uniform(0.5, 1.5, n),
        "vectors": vectors.astype(np.float32),
        "costs": rng.integers(1, 20, n).astype(float),
        "ids": np.array([f"scene-{k}" for k in range(n)]),
        "groups": np.array(["even", "odd"])[np.arange(n) % 2],
        "resource_hours": np.ones(n),
    }


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    """Return the path of a small problem."""
    path = tmp_path / "problem.npz"
    np.savez(path, **arrays())
    return path


def test_an_answer_has_its_keys_and_its_certificate_holds(
    run: Run, npz: Path, tmp_path: Path
) -> None:
    """The answer is the documented JSON, and `verify` accepts the certificate beside it."""
    proof = tmp_path / "proof.json"
    status, out, _ = run("solve", npz, "--budget", "40%", "--certificate", proof, "--json")
    answer = json.loads(out)
    assert status == 0
    assert set(answer) == {
        "status", "objective", "upper_bound", "gap", "selected", "total_cost", "budget", "seconds",
        "strategy", "stop_reason",
    }  # fmt: skip
    assert answer["status"] == "optimal"
    assert all(name.startswith("scene-") for name in answer["selected"])
    assert answer["total_cost"] <= answer["budget"]
    status, out, _ = run("verify", npz, proof, "--json")
    assert status == 0
    assert json.loads(out)["objective"] == pytest.approx(answer["objective"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"objective": 1e6, "upper_bound": 1e6}, "is worth"),
        ({"upper_bound": 0.0}, "below the objective"),
        ({"budget": 1.0}, "hashes differ"),
        ({"budget": "much"}, "malformed"),
        ({"selected": []}, "costs 0"),
        ({"problem": {"objective": "signatures", "items": 12, "sha256": "0"}}, "hashes differ"),
        ({"proof": {"tree": [], "points": [], "top": 1e6, "shifts": []}}, "leaves a branch open"),
    ],
)
def test_a_tampered_certificate_is_one_sentence_and_exit_1(
    change: dict[str, object], sentence: str, run: Run, npz: Path, tmp_path: Path
) -> None:
    """`verify` names the claim that does not hold."""
    proof = tmp_path / "proof.json"
    run("solve", npz, "--budget", "40%", "--certificate", proof)
    proof.write_text(json.dumps(json.loads(proof.read_text()) | change))
    status, out, err = run("verify", npz, proof)
    assert (status, out) == (1, "")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_a_certificate_can_be_held_to_a_budget(run: Run, npz: Path, tmp_path: Path) -> None:
    """With --budget, a certificate for another budget does not hold."""
    proof = tmp_path / "proof.json"
    run("solve", npz, "--budget", "40", "--certificate", proof)
    assert run("verify", npz, proof, "--budget", "40")[0] == 0
    status, _, err = run("verify", npz, proof, "--budget", "41")
    assert status == 1
    assert "budget of 40.0, not 41.0" in err


@pytest.mark.parametrize("name", ["q.txt", "q.txt.xz"])
def test_a_quadratic_knapsack_brings_its_budget(name: str, run: Run, tmp_path: Path) -> None:
    """A text file, plain or .xz, is solved under its own single budget."""
    path, data = tmp_path / name, KNAPSACK.encode()
    path.write_bytes(lzma.compress(data) if name.endswith(".xz") else data)
    proof = tmp_path / "proof.json"
    status, out, _ = run("solve", path, "--certificate", proof, "--json")
    answer = json.loads(out)
    assert status == 0
    assert (answer["selected"], answer["objective"], answer["budget"]) == ([1, 2], 11.0, 5.0)
    assert run("verify", path, proof)[0] == 0


def test_a_folder_of_arrays_is_the_same_problem(run: Run, npz: Path, tmp_path: Path) -> None:
    """The arrays as .npy files give the answer of the archive."""
    folder = tmp_path / "arrays"
    folder.mkdir()
    for name, array in arrays().items():
        np.save(folder / f"{name}.npy", array)
    first = json.loads(run("solve", npz, "--budget", "40%", "--json")[1])
    second = json.loads(run("solve", folder, "--budget", "40%", "--json")[1])
    assert first["selected"] == second["selected"]


def test_a_frontier_ascends(run: Run, npz: Path) -> None:
    """Objectives do not fall with the budget, nested selections contain each other."""
    words = ("frontier", npz, "--from", "5%", "--to", "80%", "--steps", 6, "--nested", "--json")
    status, out, _ = run(*words)
    found = json.loads(out)
    assert status == 0
    assert len(found["points"]) == 6
    for smaller, larger in zip(found["points"], found["points"][1:], strict=False):
        assert set(smaller["selected"]) <= set(larger["selected"])
        assert smaller["objective"] <= larger["objective"]


def test_a_frontier_marks_its_knee_where_it_has_one(run: Run, tmp_path: Path) -> None:
    """Worth of single scenes stops paying, worth of pairs rises ever faster; both doors agree."""
    single, pairs = tmp_path / "single.npz", tmp_path / "pairs.npz"
    priced = arrays() | {"costs": np.ones(12)}
    worth = {"weights": np.zeros(12), "profits": np.geomspace(100.0, 1.0, 12)}
    np.savez(single, **priced | worth)
    np.savez(pairs, **priced)
    words = ("--from", "10%", "--to", "100%", "--steps", 6)
    knee = json.loads(run("frontier", single, *words, "--json")[1])["knee"]
    lines = run("frontier", single, *words)[1].splitlines()
    assert 0 < knee["index"] < 5
    assert [place for place, line in enumerate(lines) if "knee" in line] == [knee["index"]]
    assert json.loads(run("frontier", pairs, *words, "--json")[1])["knee"] is None
    assert "knee" not in run("frontier", pairs, *words)[1]


def _npz(**changes: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        content = {k: v for k, v in (arrays() | changes).items() if v is not None}
        path = folder / "bad.npz"
        np.savez(path, **content)
        return path

    return write


def _file(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.npz")
    return folder / "pipe.npz"


BAD = {
    "missing file": lambda folder: folder / "nothing.npz",
    "pipe": _pipe,
    "no costs": _npz(costs=None),
    "nan": _npz(weights=np.full(12, np.nan)),
    "negative cost": _npz(costs=np.full(12, -1.0)),
    "count": _npz(weights=np.ones(3)),
    "dimensions": _npz(vectors=np.ones(12)),
    "double ids": _npz(ids=np.array(["a"] * 12)),
    "objects": _npz(ids=np.array([None] * 12, dtype=object)),
    "no archive": _file("bad.npz", b"hello"),
    "cut archive": _file("bad.npz", b"PK\x03\x04" + bytes(20)),
    "no text": _file("q.txt", bytes(range(256))),
    "other text": _file("q.txt", b"hello\n"),
    "empty": _file("q.txt", b""),
    "junk": _file("q.txt", KNAPSACK.encode() + b"1 2 3\n"),
    "bad number": _file("q.txt", KNAPSACK.replace("10", "x").encode()),
    "infinite": _file("q.txt", KNAPSACK.replace("10", "inf").encode()),
    "no such item": _file("q.txt", KNAPSACK.replace("0 1", "0 9").encode()),
    "twice": _file("q.txt", KNAPSACK.replace("1 2 7", "1 0 7").encode()),
    "costs": _file("q.txt", KNAPSACK.replace("3 2 2", "3 2").encode()),
    "cut xz": _file("q.xz", lzma.compress(KNAPSACK.encode() * 50)[:-20]),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_one_sentence_and_exit_2(kind: str, run: Run, tmp_path: Path) -> None:
    """Whatever is wrong with a file, the user reads one sentence and no traceback."""
    status, out, err = run("solve", BAD[kind](tmp_path), "--budget", "5", "--json")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--budget", "-1"),
        ("--budget", "nan"),
        ("--budget", "5", "--strategy", "magic"),
        ("--budget", "5", "--gap", "-1"),
        ("--budget", "5", "--time-limit", "-1"),
    ],
)
def test_bad_flags_are_one_sentence_and_exit_2(words: tuple[str, ...], run: Run, npz: Path) -> None:
    """A number out of range or an unknown name is named."""
    status, out, err = run("solve", npz, *words, "--json")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
