"""``seedal labels``: the ledger is read and written at a shell."""

import json
from pathlib import Path

import pytest
from service import opened

from app.cli.main import main
from app.settings import Settings

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    """Return a dataset whose scenes are known."""
    settings = Settings(data_dir=tmp_path / "data", file_roots=(tmp_path,))
    scenes = [{"scene_id": name, "cost": 1} for name in ("a", "b")]
    with opened(settings) as service:
        name, _ = service.register({"kind": "inline", "scenes": scenes})
    return name


def _run(capsys: Captured, folder: Path, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["labels", *words, "--data-dir", str(folder / "data")])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("form", ["array", "lines"])
def test_what_is_added_is_listed(tmp_path: Path, capsys: Captured, dataset: str, form: str) -> None:
    """Events of a file are in the ledger, once; scenes of no dataset are named."""
    events = [
        {"scene_id": "a", "state": "labelled", "at": "2026-11-30T08:01:00Z"},
        {"scene_id": "b", "state": "queued"},
        {"scene_id": "nowhere", "state": "queued"},
    ]
    path = tmp_path / "events"
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    path.write_text(json.dumps(events) if form == "array" else lines)
    status, out, err = _run(capsys, tmp_path, "add", dataset, str(path))
    assert (status, out) == (0, "2 accepted, 0 known already, 1 labelled\n")
    assert "'nowhere'" in err
    assert _run(capsys, tmp_path, "list", dataset)[1] == "labelled  a\nqueued    b\n"
    assert _run(capsys, tmp_path, "list", dataset, "--state", "queued")[1] == "queued    b\n"
    assert _run(capsys, tmp_path, "remove", dataset, "a")[1] == (
        "1 accepted, 0 known already, 0 labelled\n"
    )
    _, shown, _ = _run(capsys, tmp_path, "list", dataset, "--json")
    assert [item["state"] for item in json.loads(shown)] == ["removed", "queued"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "has no events"),
        ("[", "neither a JSON array nor JSON Lines"),
        ('{"scene_id": "a", "state": "gone"}', "event 0/state"),
        ('{"scene_id": "a", "state": "queued", "at": 3}', "event 0/at"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, capsys: Captured, dataset: str, content: str, sentence: str
) -> None:
    """One sentence names the file and the event, and nothing is written."""
    path = tmp_path / "events"
    path.write_text(content)
    status, _, err = _run(capsys, tmp_path, "add", dataset, str(path))
    assert status == 2
    assert str(path) in err
    assert sentence in err
    assert _run(capsys, tmp_path, "list", dataset)[1] == ""


def test_a_dataset_that_is_none_is_refused(tmp_path: Path, capsys: Captured) -> None:
    """An id that no dataset has is one sentence."""
    status, _, err = _run(capsys, tmp_path, "list", "nowhere")
    assert (status, err) == (2, "seedal: There is no dataset 'nowhere'.\n")
