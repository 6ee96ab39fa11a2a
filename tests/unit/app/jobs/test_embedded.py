import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.jobs import embedded
from app.jobs.embedded import EmbeddedWorker
from app.settings import Settings


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that replaces the worker by a script and returns its diary."""
    diary = tmp_path / "diary"
    diary.touch()
    monkeypatch.setattr(embedded, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(embedded, "_LOOK_S", 0.01)

    def replace(script: str) -> Path:
        code = f"import sys\nprint('started', file=open({str(diary)!r}, 'a'), flush=True)\n{script}"
        monkeypatch.setattr(embedded, "_COMMAND", (sys.executable, "-c", code))
        return diary

    return replace


def _starts(diary: Path, at_least: int) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        count = len(diary.read_text().splitlines())
        if count >= at_least:
            return count
        time.sleep(0.01)
    message = f"started {count} times"
    raise AssertionError(message)


def test_a_worker_that_dies_is_started_again(
    started: Callable[[str], Path], tmp_path: Path
) -> None:
    """A worker that ends by itself gets a successor, again and again."""
    diary = started("sys.exit(3)")
    with EmbeddedWorker(Settings(data_dir=tmp_path)):
        assert _starts(diary, 3) >= 3


def test_the_pauses_start_over_after_a_long_life(
    started: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that lived long is replaced as quickly as the first one."""
    monkeypatch.setattr(embedded, "_HEALTHY_S", 0.0)
    diary = started("sys.exit(3)")
    with EmbeddedWorker(Settings(data_dir=tmp_path)):
        assert _starts(diary, 3) >= 3


def test_a_worker_ends_when_its_input_does(started: Callable[[str], Path], tmp_path: Path) -> None:
    """A worker that waits for its input ends with the context, and is not started again."""
    diary = started("sys.stdin.read()")
    with EmbeddedWorker(Settings(data_dir=tmp_path)):
        _starts(diary, 1)
    assert len(diary.read_text().splitlines()) == 1


def test_a_stubborn_worker_is_killed(
    started: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that does not end in time is killed; nothing waits for it."""
    monkeypatch.setattr(embedded, "_STOP_S", 0.05)
    diary = started("import time\ntime.sleep(600)")
    with EmbeddedWorker(Settings(data_dir=tmp_path)):
        _starts(diary, 1)
