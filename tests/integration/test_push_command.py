"""``seedal push``, ``sync`` and ``export``: from files to a Label Studio, and labels back."""

import json
from pathlib import Path

import pytest
from label_studio_fake import TOKEN, FakeLabelStudio, served

from app.cli.main import main

pytestmark = pytest.mark.enable_socket

Captured = pytest.CaptureFixture[str]
NAMES = ("b", "a", "c/d")


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    """Return a folder with a seed of three scenes."""
    folder = tmp_path / "seed"
    folder.mkdir()
    records = [
        {"rank": rank, "scene_id": name, "cost": 2.0, "images": [{"uri": f"/pool/{name}.jpg"}]}
        for rank, name in enumerate(NAMES, start=1)
    ]
    lines = "".join(f"{json.dumps(record)}\n" for record in records)
    (folder / "seed.jsonl").write_text(lines)
    summary = {"id": "s-1", "dataset_id": "d-1", "scenes": records}
    (folder / "seed.json").write_text(json.dumps(summary))
    (tmp_path / "token").write_text(TOKEN)
    return folder


def _run(capsys: Captured, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def _at(url: str, seed: Path, project: str = "new:Rooms") -> list[str]:
    return ["--url", url, "--token-file", str(seed.parent / "token"), "--project", project]


def test_a_seed_of_files_goes_and_labels_come_back(seed: Path, capsys: Captured) -> None:
    """A push fills the queue in rank order; a sync lists what is labelled, one a line."""
    server = FakeLabelStudio()
    with served(server) as url:
        words = [
            "push",
            "label-studio",
            str(seed),
            *_at(url, seed),
            "--media",
            "/pool=https://host",
        ]
        status, out, _ = _run(capsys, *words, "--dry-run")
        assert (status, server.tasks) == (0, {})
        assert "a dry run\n3 made, 0 changed, 0 as they should be" in out
        status, out, _ = _run(capsys, *words, "--json")
        report = json.loads(out)
        assert (status, server.queue(int(report["project"]))) == (0, list(NAMES))
        assert server.tasks[int(report["tasks"]["a"])]["data"]["image"] == "https://host/a.jpg"
        server.annotate(int(report["tasks"]["a"]))
        server.annotate(int(report["tasks"]["b"]), skipped=True)
        status, out, err = _run(capsys, "sync", "label-studio", str(seed), *_at(url, seed))
        assert (status, out) == (0, "a\n")
        assert "1 labelled, 1 skipped, 1 queued" in err
        _, out, _ = _run(capsys, "sync", "label-studio", *_at(url, seed), "--json")
        assert {event["scene_id"] for event in json.loads(out)} == set(NAMES)


def test_scenes_that_are_not_sent_are_told(seed: Path, capsys: Captured) -> None:
    """The exit status is 1 where some scenes were not sent, and each is named."""
    server = FakeLabelStudio()
    project = str(server.project())
    server.task(int(project), {"scene_id": "a", "image": "x"})
    with served(server) as url:
        words = ["push", "label-studio", str(seed), *_at(url, seed, project)]
        status, out, _ = _run(capsys, *words, "--media", "/=https://host")
    assert status == 1
    assert "not sent: b: The project has no task for it." in out


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("missing", "cannot be read"),
        ("empty", "has no scene"),
        ("text", "line 1 is no JSON"),
        ("other", "line 1 is no scene of a seed"),
        ("costless", "line 1 is no scene of a seed: it needs"),
        ("twice", "scene 'b' is there twice"),
        ("two seeds", "are of different seeds"),
    ],
)
def test_a_seed_that_is_none_is_refused(
    seed: Path, capsys: Captured, broken: str, sentence: str
) -> None:
    """One sentence names the file and the line, and nothing is asked of anybody."""
    lines = seed / "seed.jsonl"
    content = lines.read_text()
    first = content.splitlines(keepends=True)[0]
    bent = {
        "empty": "",
        "text": "x",
        "other": "{}",
        "costless": '{"scene_id": "b"}',
        "twice": first + first,
        "two seeds": first,
    }
    if broken == "missing":
        lines.unlink()
    else:
        lines.write_text(bent[broken])
    words = ["push", "label-studio", str(seed), *_at("http://127.0.0.1:1", seed)]
    status, out, err = _run(capsys, *words)
    assert (status, out) == (2, "")
    assert str(seed) in err
    assert sentence in err
    assert err.count("\n") == 1


def test_a_stored_seed_is_exported(seed: Path, capsys: Captured, tmp_path: Path) -> None:
    """A seed of files is written in other formats, with addresses where rules are given."""
    out = tmp_path / "out"
    words = ["export", str(seed), "--out", str(out), "--media", "/pool=https://host"]
    for form in ("label_studio", "priorities", "jsonl", "csv"):
        assert _run(capsys, *words, "--format", form)[0] == 0
    tasks = json.loads((out / "tasks.json").read_bytes())
    assert [task["data"]["scene_id"] for task in tasks] == list(NAMES)
    assert tasks[2]["data"]["images"] == ["https://host/c/d.jpg"]
    status, _, err = _run(capsys, *words, "--format", "redal")
    assert status == 2
    assert "not for stored" in err
