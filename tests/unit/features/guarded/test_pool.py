"""Guarded processes: the same answers as here, limits that hold, and nobody else is harmed."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import features.guarded.pool
from features.errors import FeatureError, SourceError, VectorsError
from features.guarded.pool import ReadersBusyError, ask, prepare
from features.guarded.process import GuardedProcess
from features.limits import SOURCE_GUARD, VECTORS_GUARD, Guard
from features.readers.scenes import open_source
from features.readers.vectors import read_vectors
from features.sources import Mistakes, SourceOptions, registry
from features.vectors import reading

CASES = Path(__file__).resolve().parents[3] / "cases"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> object:
    """Give a test processes of its own."""
    readers = features.guarded.pool._Readers()
    monkeypatch.setattr(features.guarded.pool, "_readers", readers)
    yield readers
    readers.close()


def refused(reason: str) -> SourceError:
    """Return the error of a file called x."""
    return SourceError("x", reason)


def read(path: Path, guard: Guard = VECTORS_GUARD) -> object:
    """Ask for a file of vectors."""
    (frame,) = ask("vectors", {"path": str(path), "ids": None}, guard, refused)
    return frame


def write_manifest(path: Path, n: int) -> Path:
    """Write a manifest of so many scenes, with everything that a scene may have."""
    line = (
        '{"scene_id": "s%d", "costs": {"h": 0.1, "eur": 1e-80}, "group": "g", "images": '
        '[{"uri": "a.png", "sensor": "l", "frame": 3}, "b.png"], "regions": [1, 2], '
        '"pointcloud": "a.ply", "external_ids": {"x": [1, null]}, "meta": {"\\u00e9": 0.3}}'
    )
    path.write_text("\n".join(line % number for number in range(n)))
    return path


def test_a_source_is_the_same_from_a_guarded_process(tmp_path: Path) -> None:
    """All of a pool comes through the pipe as it is, whatever the number of frames."""
    path = write_manifest(tmp_path / "scenes.jsonl", 4001)
    options = SourceOptions(resource="h")
    assert open_source(None, path, options) == registry.open_source(None, path, options)


def test_mistakes_are_the_same_from_a_guarded_process(tmp_path: Path) -> None:
    """What is collected there is told here, also where nothing is left."""
    path = tmp_path / "scenes.jsonl"
    for text in ('{"scene_id": "a", "cost": 1}\n{"scene_id": "b"}\n[]\n', "[]\n", ""):
        path.write_text(text)
        there, here = (Mistakes(1, rows=10, seconds=10.0) for _ in range(2))
        told = []
        for opened, mistakes, options in (
            (open_source, there, {"mistakes": there}),
            (
                registry.open_source,
                here,
                {"options": SourceOptions(refuse=here.refuse, go_on=here.go_on)},
            ),
        ):
            try:
                pool: object = opened(None, path, **options)
            except SourceError as error:
                pool = str(error)
            found = [(str(each.error), each.scene_id) for each in mistakes.found]
            told.append((pool, found, mistakes.count, mistakes.complete))
        assert told[0] == told[1]


@pytest.mark.parametrize("name", ["v.npz", "v.npy", "f.npy", "v.parquet", "v.safetensors"])
def test_vectors_are_the_same_from_a_guarded_process(tmp_path: Path, name: str) -> None:
    """Numbers and their owners are those that are read here, mapped where that is possible."""
    values, ids = np.random.default_rng(0).normal(size=(5, 3)), list("abcde")
    path = tmp_path / name
    match path.suffix:
        case ".npz":
            np.savez(path, vectors=values, scene_ids=ids)
        case ".npy":
            np.save(path, values if name == "v.npy" else np.asfortranarray(values))
            (tmp_path / "ids.txt").write_text("\n".join(ids))
        case ".parquet":
            pq.write_table(pa.table({"scene_id": ids, "vector": list(values)}), path)
        case _:
            safetensors = pytest.importorskip("safetensors.numpy")
            (tmp_path / "ids.txt").write_text("\n".join(ids))
            safetensors.save_file({"vectors": values}, path)
    there, here = read_vectors(path, ids), reading.read_vectors(path, ids)
    assert np.array_equal(there.values, here.values)
    assert there.values.dtype == here.values.dtype
    assert isinstance(there.values, np.memmap) == isinstance(here.values, np.memmap)
    assert (there.key, there.level, there.missing) == (here.key, here.level, here.missing)


def test_a_file_that_crashes_its_reader_harms_no_other(tmp_path: Path) -> None:
    """The crash is one sentence, and the next file is read."""
    np.savez(tmp_path / "v.npz", vectors=np.ones((1, 2)), scene_ids=["a"])
    for _ in range(3):
        with pytest.raises(VectorsError, match=r"abort_1.parquet: cannot be read: its reader cra"):
            read_vectors(CASES / "vectors_abort_1.parquet", ["a"])
        assert read_vectors(tmp_path / "v.npz", ["a"]).rows["a"].tolist() == [0]


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """Its process is ended, and another takes its place."""
    np.savez(tmp_path / "v.npz", vectors=np.ones((1, 2)), scene_ids=["a"])
    with pytest.raises(SourceError, match="x: cannot be read: it took longer than 0 s to read"):
        read(tmp_path / "v.npz", replace(VECTORS_GUARD, seconds=0.0))
    assert read(tmp_path / "v.npz")


def test_a_file_that_needs_too_much_memory_is_given_up(tmp_path: Path) -> None:
    """The limit is that of the question: the same file is read where more is allowed."""
    np.savez(tmp_path / "v.npz", vectors=np.zeros((2**25, 2), np.float32), scene_ids=["a"])
    with pytest.raises(SourceError, match="it needs more than 400 MiB of memory"):
        read(tmp_path / "v.npz", replace(VECTORS_GUARD, memory=400 * 2**20))
    with pytest.raises(VectorsError, match="1 scene ids for 33554432 rows"):
        read(tmp_path / "v.npz")


def test_an_answer_that_is_too_long_is_given_up(tmp_path: Path) -> None:
    """A process may not fill its parent."""
    path = write_manifest(tmp_path / "scenes.jsonl", 1000)
    arguments = {"kind": None, "root": str(path), "name": None, "collected": None}
    options = {"images_root": None, "split": "all", "resource": "h", "scene_from": None}
    asked = {**arguments, "options": {**options, "unit": "scene", "column": []}}
    with pytest.raises(SourceError, match="x: cannot be read: it answers with too much"):
        list(ask("scenes", asked, replace(SOURCE_GUARD, answer=10_000), refused))


def test_a_process_that_is_killed_meanwhile_costs_one_file(tmp_path: Path) -> None:
    """Whatever ends a process that waits, the next file gets another one."""
    np.savez(tmp_path / "v.npz", vectors=np.ones((1, 2)), scene_ids=["a"])
    prepare("vectors")
    (process,) = features.guarded.pool._readers._idle
    os.kill(process._process.pid, signal.SIGKILL)
    process._process.wait()
    assert read(tmp_path / "v.npz")


def test_a_process_that_has_grown_makes_room(tmp_path: Path) -> None:
    """Memory that one file took is not kept for the next: the process ends, another starts."""
    n = 2**25
    np.savez(tmp_path / "v.npz", vectors=np.ones((n // 2, 4), np.float32), scene_ids=["a"])
    with pytest.raises(FeatureError):
        read(tmp_path / "v.npz")
    np.savez(tmp_path / "v.npz", vectors=np.ones((1, 2)), scene_ids=["a"])
    assert read(tmp_path / "v.npz")


def test_a_large_parent_does_not_make_its_readers_large(tmp_path: Path) -> None:
    """The system counts a parent's memory as its child's; a reader that is small goes on."""
    np.ones(2**27)  # 1 GiB, once
    np.savez(tmp_path / "v.npz", vectors=np.ones((1, 2)), scene_ids=["a"])
    read(tmp_path / "v.npz")
    (before,) = features.guarded.pool._readers._idle
    for _ in range(2):
        read(tmp_path / "v.npz")
        assert features.guarded.pool._readers._idle == [before]
    assert not before.ended


def test_a_process_has_todays_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that were set later reach the reader."""
    features.guarded.pool._readers.close()
    np.savez(tmp_path / "v.npz", vectors=np.ones((1, 2)), scene_ids=["a"])
    read(tmp_path / "v.npz")
    (before,) = features.guarded.pool._readers._idle
    monkeypatch.setenv("SEEDAL_TEST_ONLY", "1")
    read(tmp_path / "v.npz")
    (after,) = features.guarded.pool._readers._idle
    assert before is not after
    assert before.ended


def test_too_many_files_at_once_wait_their_turn(tmp_path: Path) -> None:
    """Who waits too long is told so; nothing is read beside the limit."""
    readers = features.guarded.pool._readers
    hurried = replace(VECTORS_GUARD, patience=0.01)
    turns = [readers.turn(1.0) for _ in range(features.guarded.pool._AT_ONCE)]
    for turn in turns:
        turn.__enter__()
    with pytest.raises(ReadersBusyError, match="try again in a moment"):
        read(tmp_path / "v.npz", hurried)
    turns[0].__exit__(None, None, None)
    with pytest.raises(VectorsError, match="there is no such file"):
        read(tmp_path / "v.npz", hurried)
    for turn in turns[1:]:
        turn.__exit__(None, None, None)


def test_a_relative_name_is_of_todays_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was started elsewhere reads what its parent means."""
    prepare("scenes")
    write_manifest(tmp_path / "scenes.jsonl", 1)
    monkeypatch.chdir(tmp_path)
    assert len(open_source(None, "scenes.jsonl", SourceOptions(resource="h")).scenes) == 1


def test_a_process_at_work_ends_with_its_parent(tmp_path: Path) -> None:
    """A file that never ends does not outlive whoever asked for it."""
    script = (
        "import sys, os; from features.guarded.process import GuardedProcess as G\n"
        "from features.limits import VECTORS_GUARD as V\n"
        "g = G(); print(g._process.pid, flush=True)\n"
        "import threading\n"
        "threading.Timer(5, lambda: os._exit(0)).start()\n"
        "list(g.ask('cloud', {'name': sys.argv[1], 'most': 1}, V))\n"
    )
    path = tmp_path / "slow.xyz"
    with path.open("wb") as file:
        for _ in range(50):
            file.write(b"1 2 3\n" * 200_000)
    ended = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    pid = int(ended.stdout.split()[0])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()


def test_threads_share_the_processes(tmp_path: Path) -> None:
    """Many threads get each their own answer."""
    answers = {}

    def one(number: int) -> None:
        path = tmp_path / f"{number}.npz"
        np.savez(path, vectors=np.full((1, 2), number + 1.0), scene_ids=["a"])
        answers[number] = float(read_vectors(path, ["a"]).values[0, 0])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number + 1.0 for number in range(12)}


def test_a_library_that_prints_spoils_no_answer(tmp_path: Path) -> None:
    """Standard output of the process is not the pipe of its answers."""
    process = GuardedProcess()
    try:
        np.save(tmp_path / "v.npy", np.ones((2, 3)))
        arguments = {"name": str(tmp_path / "v.npy"), "most": 5}
        (frame,) = process.ask("cloud", arguments, VECTORS_GUARD)
        assert frame.value["total"] == 2
    finally:
        process.kill()
