import os
from pathlib import Path

from app.jobs.heartbeat import Heartbeat


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
