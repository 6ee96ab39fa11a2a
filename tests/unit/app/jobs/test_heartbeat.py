import os
from datetime import UTC, datetime
from pathlib import Path

from app.jobs.heartbeat import Heartbeat
from app.jobs.slots import RECONNECT_S


def test_a_beat_is_fresh_for_a_while(tmp_path: Path) -> None:
    """A worker is well from its first beat, until it hangs or ends."""
    heart = Heartbeat(tmp_path)
    assert not heart.is_fresh()
    heart.beat()
    assert heart.is_fresh()
    (file,) = tmp_path.iterdir()
    os.utime(file, (0, 0))
    assert not heart.is_fresh()
    heart.end()
    assert not list(tmp_path.iterdir())


def test_waiting_for_the_database_is_not_hanging(tmp_path: Path) -> None:
    """A beat is fresh for longer than a worker waits for a database that is away."""
    heart = Heartbeat(tmp_path)
    heart.beat()
    (file,) = tmp_path.iterdir()
    waited = datetime.now(UTC).timestamp() - RECONNECT_S - 30
    os.utime(file, (waited, waited))
    assert heart.is_fresh()
