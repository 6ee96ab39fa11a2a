"""`seedal duplicates` on pictures on disk."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.main import main

Manifest = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command and returns its exit status and output."""

    def call(command: str, *words: str) -> tuple[int, str, str]:
        status = main([command, "--data-dir", str(tmp_path / "data"), *words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture
def copies(manifest: Manifest) -> Path:
    """Write a manifest in which room/3 has the pictures of room/0, and room/7 those of room/5."""

    def copy(records: list[dict[str, Any]]) -> None:
        records[3]["images"] = records[0]["images"]
        records[7]["images"] = records[5]["images"]

    return manifest(8, copy)


def test_groups_are_printed_for_a_person(run: Run, copies: Path) -> None:
    """A line for all, and one for each group: its size, its weakest link, its scenes."""
    words = ("--root", str(copies), "--backbone", "colour_grid")
    status, out, _ = run("duplicates", *words, "--threshold", "0.9999")
    assert status == 0
    summary, *groups = out.splitlines()
    assert summary.startswith("4 of 8 scenes are in 2 groups of near duplicates (similarity of")
    assert summary.endswith("of at least 0.9999); one of each would leave out 2")
    assert groups == ["    2  1.0000  room/0, room/3", "    2  1.0000  room/5, room/7"]


def test_one_group_is_one(run: Run, manifest: Manifest) -> None:
    """The noun agrees with the number."""

    def copy(records: list[dict[str, Any]]) -> None:
        records[3]["images"] = records[0]["images"]

    words = ("--root", str(manifest(8, copy)), "--backbone", "colour_grid")
    out = run("duplicates", *words, "--threshold", "0.9999")[1]
    assert out.startswith("2 of 8 scenes are in 1 group of near duplicates")


def test_groups_are_printed_for_a_machine(run: Run, copies: Path) -> None:
    """One JSON document, the same as the service's."""
    words = ("--root", str(copies), "--backbone", "colour_grid", "--json")
    status, out, _ = run("duplicates", *words, "--threshold", "1")
    found = json.loads(out)
    assert status == 0
    assert (found["threshold"], found["recall"]) == (1.0, 1.0)
    assert (found["group_count"], found["scene_count"]) == (2, 4)
    assert found["groups"][0] == {
        "size": 2,
        "weakest": 1.0,
        "scenes": [
            {"scene_id": "room/0", "most_like": "room/3", "similarity": 1.0},
            {"scene_id": "room/3", "most_like": "room/0", "similarity": 1.0},
        ],
    }


def test_what_select_has_computed_is_used_again(
    run: Run, copies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a seed was chosen, not one picture is read."""
    words = ("--root", str(copies), "--backbone", "colour_grid")
    assert run("select", *words, "--budget", "40%", "--out", str(tmp_path / "out"))[0] == 0
    made = {path: path.stat().st_size for path in (tmp_path / "data").rglob("*.npz")}

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("features.backbones.colour_grid.ColourGrid.encode", refuse)
    assert run("duplicates", *words)[0] == 0
    assert {path: path.stat().st_size for path in (tmp_path / "data").rglob("*.npz")} == made


def test_vectors_take_the_place_of_pictures(run: Run, copies: Path, tmp_path: Path) -> None:
    """A file of vectors is grouped without a backbone."""
    vectors = np.eye(8)
    vectors[6] = vectors[2]
    path = tmp_path / "vectors.npz"
    ids = np.array([f"room/{k}" for k in range(8)])
    np.savez(path, scene_ids=ids, vectors=vectors.astype(np.float32))
    status, out, _ = run("duplicates", "--root", str(copies), "--vectors", str(path))
    assert status == 0
    assert "room/2, room/6" in out
    vectors[6] += np.eye(8)[3]
    np.savez(path, scene_ids=ids, vectors=vectors.astype(np.float32))
    status, out, _ = run("duplicates", "--root", str(copies), "--vectors", str(path))
    assert out.startswith("0 of 8 scenes are in 0 groups")


def test_a_long_group_is_cut_for_a_person(run: Run, manifest: Manifest) -> None:
    """Eight scenes are named, and how many more there are."""

    def copy(records: list[dict[str, Any]]) -> None:
        for record in records:
            record["images"] = records[0]["images"]

    root = str(manifest(11, copy))
    status, out, _ = run("duplicates", "--root", root, "--backbone", "colour_grid")
    assert status == 0
    assert out.splitlines()[1].endswith("room/7 and 3 more")


@pytest.mark.parametrize("threshold", ["0.5", "1.5", "nan"])
def test_a_threshold_out_of_range_is_refused_at_once(run: Run, threshold: str) -> None:
    """Before anything is read."""
    status, out, err = run("duplicates", "--root", "/nowhere", "--threshold", threshold)
    assert (status, out) == (2, "")
    assert err.startswith("seedal: A threshold lies between 0.9 and 1, not at ")


def test_one_of_each_is_chosen_at_the_shell(
    run: Run, copies: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The flag and the file say the same; the proof states the groups and holds."""
    words = ("--root", str(copies), "--backbone", "colour_grid", "--budget", "100%", "--json")
    out = tmp_path / "out"
    flag = ("--one-of-each-duplicate", "0.9999", "--certificate", "--problem")
    status, printed, _ = run("select", *words, "--out", str(out), *flag)
    seed = json.loads(printed)
    chosen = {scene["scene_id"] for scene in seed["scenes"]}
    assert status == 0
    assert len(chosen) == 6
    assert len(chosen & {"room/0", "room/3"}) == len(chosen & {"room/5", "room/7"}) == 1
    assert seed["constraints"]["one_of_each_duplicate"] == 0.9999
    groups = json.loads((out / "proof.json").read_text())["constraints"]["groups"]
    assert [group["name"] for group in groups] == ["duplicates of room/0", "duplicates of room/5"]
    assert main(["verify", str(out / "problem.npz"), str(out / "proof.json")]) == 0
    capsys.readouterr()
    rules = tmp_path / "rules.json"
    rules.write_text('{"one_of_each_duplicate": 0.9999}')
    status, printed, _ = run("select", *words, "--out", str(out), "--constraints", str(rules))
    assert {scene["scene_id"] for scene in json.loads(printed)["scenes"]} == chosen


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--one-of-each-duplicate", "0.5"), "--one-of-each-duplicate lies between 0.9 and 1"),
        (("--one-of-each-duplicate", "0.99", "--include", "room/0", "--include", "room/3"), "near"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused(
    run: Run, copies: Path, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    """A threshold out of range, and two included scenes of a group."""
    base = ("--root", str(copies), "--backbone", "colour_grid", "--budget", "90%")
    status, _, err = run("select", *base, "--out", str(tmp_path / "out"), *words)
    assert status == 2
    assert sentence in err


def test_a_problems_file_has_groups_of_its_own(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which items look alike is not known there: the rule is refused in a sentence."""
    del run
    path = tmp_path / "problem.npz"
    np.savez(path, weights=np.ones(3), vectors=np.eye(3), costs=np.ones(3), budget=np.array(2.0))
    rules = tmp_path / "rules.json"
    rules.write_text('{"one_of_each_duplicate": 0.95}')
    status = main(["solve", str(path), "--budget", "2", "--constraints", str(rules)])
    assert status == 2
    assert "one_of_each_duplicate is for the scenes of a source" in capsys.readouterr().err
