from pathlib import Path

import pytest

from features.errors import SourceError
from features.sources import Mistakes, SourceOptions, open_source

GOOD = '{"scene_id": "s%d", "cost": 1}'


def _read(path: Path, mistakes: Mistakes) -> int:
    options = SourceOptions(refuse=mistakes.refuse, go_on=mistakes.go_on)
    return len(open_source("manifest", path, options).scenes)


def test_what_is_sound_is_kept(tmp_path: Path) -> None:
    """Lines that break rules are left out of the pool, in order, with their ids."""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([GOOD % 0, "{", GOOD % 0, GOOD % 1, '{"scene_id": "x"}', "[]"]))
    mistakes = Mistakes(2, rows=100, seconds=60)
    assert _read(path, mistakes) == 2
    told = [(found.error.place[-1], found.scene_id) for found in mistakes.found]
    assert told == [("2", None), ("3", "s0")]
    assert (mistakes.count, mistakes.complete) == (4, True)


def test_a_scene_without_the_shared_cost_is_one_mistake(tmp_path: Path) -> None:
    """Costs are compared between scenes: those that lack the resource are told, one by one."""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([GOOD % 0, '{"scene_id": "b", "costs": {"hours": 1}}']))
    mistakes = Mistakes(9, rows=9, seconds=60)
    options = SourceOptions(resource="cost", refuse=mistakes.refuse, go_on=mistakes.go_on)
    assert [scene.scene_id for scene in open_source("manifest", path, options).scenes] == ["s0"]
    assert [found.scene_id for found in mistakes.found] == ["b"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_reading_stops_where_it_is_told_to(tmp_path: Path, suffix: str) -> None:
    """After so many rows the rest is not read, and that is said; a row less, and it is not."""
    path = tmp_path / f"a.{suffix}"
    lines = [GOOD % k for k in range(5)]
    if suffix == "csv":
        lines = ["scene_id,cost", *(f"s{k},1" for k in range(5))]
    path.write_text("\n".join(lines))
    for rows, scenes, complete in ((3, 3, False), (4, 4, False), (5, 5, True)):
        mistakes = Mistakes(9, rows=rows, seconds=60)
        assert _read(path, mistakes) == scenes
        assert mistakes.complete is complete


def test_mistakes_without_end_are_given_up(tmp_path: Path) -> None:
    """A file of nothing but mistakes is not read to its end either."""
    path = tmp_path / "a.jsonl"
    path.write_text("{\n" * 1000)
    mistakes = Mistakes(5, rows=100, seconds=60)
    with pytest.raises(SourceError):
        _read(path, mistakes)
    assert (mistakes.complete, mistakes.count, len(mistakes.found)) == (False, 101, 5)


def test_time_ends_reading(tmp_path: Path) -> None:
    """Once the time is over, no further row is read."""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(GOOD % k for k in range(5)))
    mistakes = Mistakes(5, rows=100, seconds=-1)
    with pytest.raises(SourceError, match="no scenes"):
        _read(path, mistakes)
    assert not mistakes.complete
