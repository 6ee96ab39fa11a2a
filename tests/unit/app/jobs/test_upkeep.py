from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.jobs.slots import SlotLostError
from app.jobs.upkeep import Upkeep
from app.settings import Settings
from app.store.engine import open_engine
from app.store.schema import upgrade


class _Engine:
    """A job engine that remembers what it was asked to take over."""

    executor_id = "slot-0"

    def __init__(self, *owners: str) -> None:
        self.names = {*owners, self.executor_id}
        self.adopted: list[str] = []

    def owners(self) -> set[str]:
        return self.names

    def adopt(self, executor_id: str) -> list[str]:
        self.adopted.append(executor_id)
        self.names = self.names - {executor_id}
        return ["a job"]

    def ended(self, job_ids: Sequence[str]) -> set[str]:
        return set(job_ids)


class _Slots:
    """Slots of which the named ones are held by somebody alive."""

    def __init__(self, *held: str) -> None:
        self.held = set(held)
        self.lost = False

    def claim(self) -> str:
        return "slot-0"

    def keep(self) -> None:
        if self.lost:
            raise SlotLostError

    def release(self) -> None:
        return

    @contextmanager
    def vacant(self, name: str) -> Iterator[bool]:
        yield name not in self.held


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """Return sessions on an empty database."""
    engine = open_engine(Settings(data_dir=tmp_path).database(), pool_size=2)
    upgrade(engine)
    yield sessionmaker(engine)
    engine.dispose()


def _upkeep(engine: Any, slots: _Slots, sessions: sessionmaker[Session]) -> Upkeep:  # noqa: ANN401  a fake
    return Upkeep(engine, slots, sessions)


def test_the_dead_are_taken_over_at_the_second_look(sessions: sessionmaker[Session]) -> None:
    """One look may see a lock that is lost for a moment; two in a row see a dead worker."""
    engine = _Engine("slot-1", "slot-2")
    upkeep = _upkeep(engine, _Slots("slot-0", "slot-2"), sessions)
    upkeep.round()
    assert engine.adopted == []
    upkeep.round()
    assert engine.adopted == ["slot-1"]
    upkeep.round()
    assert engine.adopted == ["slot-1"]


def test_a_worker_that_comes_back_in_time_keeps_its_jobs(sessions: sessionmaker[Session]) -> None:
    """A worker whose slot was vacant at one look and held at the next is not dead."""
    engine, slots = _Engine("slot-1"), _Slots("slot-0")
    upkeep = _upkeep(engine, slots, sessions)
    for held in ({"slot-1"}, set(), {"slot-1"}, set()):
        slots.held = held
        upkeep.round()
    assert engine.adopted == []


def test_a_worker_without_a_slot_takes_nothing_over(sessions: sessionmaker[Session]) -> None:
    """Who has lost its own slot must end before it touches anybody's jobs."""
    engine, slots = _Engine("slot-1"), _Slots()
    upkeep = _upkeep(engine, slots, sessions)
    upkeep.round()
    slots.lost = True
    with pytest.raises(SlotLostError):
        upkeep.round()
    assert engine.adopted == []
