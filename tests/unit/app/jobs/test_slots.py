from pathlib import Path

import pytest

from app.jobs import slots
from app.jobs.slots import FileSlots, SlotLostError


def test_each_worker_has_a_slot_of_its_own(tmp_path: Path) -> None:
    """Workers that are alive never share a name; the first free one is taken."""
    first, second = FileSlots(tmp_path), FileSlots(tmp_path)
    assert (first.claim(), second.claim()) == ("slot-0", "slot-1")
    first.release()
    first.release()  # once is enough
    assert FileSlots(tmp_path).claim() == "slot-0"


def test_a_slot_is_vacant_when_nobody_holds_it(tmp_path: Path) -> None:
    """A held slot is not vacant; a looked-at one is kept free of others meanwhile."""
    holder, peer = FileSlots(tmp_path), FileSlots(tmp_path)
    name = holder.claim()
    holder.keep()
    with peer.vacant(name) as vacant:
        assert not vacant
    holder.release()
    with peer.vacant(name) as vacant:
        assert vacant
        assert holder.claim() == "slot-1"


def test_more_workers_than_slots_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker without a slot does not start."""
    monkeypatch.setattr(slots, "SLOTS", 1)
    held = FileSlots(tmp_path)
    held.claim()
    with pytest.raises(SlotLostError, match="all 1 workers"):
        FileSlots(tmp_path).claim()
