"""Certificates that are kept: given again as they were, made one at a time, and not for ever."""

import gzip
import os
import threading
from pathlib import Path

import pytest

from app.choosing.certificates import Proof
from app.errors import SolveCancelledError
from app.processes.child import Cancellation
from app.seeds.proof_store import ProofStore

TEXT = b'{"format": "seedal-certificate/3"}'
PROOF = Proof(content=gzip.compress(TEXT, mtime=0), size=len(TEXT), seconds=1.25)


@pytest.fixture
def store(tmp_path: Path) -> ProofStore:
    """Return a store with room for many."""
    return ProofStore(tmp_path / "certificates", 1)


def kept(tmp_path: Path) -> list[Path]:
    """Return the files of the store."""
    return sorted((tmp_path / "certificates").glob("*"))


def test_what_is_kept_is_found(store: ProofStore) -> None:
    """Content, size and seconds come back; another answer, or another point, has none."""
    assert store.find("seed") is None
    store.keep(PROOF, "seed")
    assert store.find("seed") == PROOF
    assert PROOF.json == TEXT
    assert store.find("other") is None
    assert store.find("seed", 1) is None


@pytest.mark.parametrize("place", range(0, 200, 7))
def test_a_damaged_file_counts_as_absent(store: ProofStore, tmp_path: Path, place: int) -> None:
    """A flipped bit anywhere never becomes a certificate that is another one."""
    store.keep(PROOF, "seed")
    (path,) = kept(tmp_path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1
    path.write_bytes(content)
    found = store.find("seed")
    assert found is None or found.content == PROOF.content


@pytest.mark.parametrize("length", [0, 1, 50, 100])
def test_a_cut_file_counts_as_absent(store: ProofStore, tmp_path: Path, length: int) -> None:
    """So does one that was cut short."""
    store.keep(PROOF, "seed")
    (path,) = kept(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    assert store.find("seed") is None


def test_what_is_old_and_not_asked_for_goes(store: ProofStore, tmp_path: Path) -> None:
    """Finding a certificate keeps it."""
    for name in ("asked for", "forgotten"):
        store.keep(PROOF, name)
    for path in kept(tmp_path):
        os.utime(path, (1000, 1000))
    assert store.find("asked for") is not None
    store.trim(2000.0)
    assert store.find("asked for") == PROOF
    assert store.find("forgotten") is None


def test_the_oldest_go_where_room_is_short(store: ProofStore, tmp_path: Path) -> None:
    """With room for two of three, the two that were used last stay."""
    large = Proof(content=os.urandom(400_000), size=400_000, seconds=0.0)
    for age, name in enumerate(("oldest", "older", "newest")):
        before = set(kept(tmp_path))
        store.keep(large, name)
        (new,) = set(kept(tmp_path)) - before
        os.utime(new, (10_000 + age, 10_000 + age))
    assert store.find("oldest") is None
    assert store.find("older") == store.find("newest") == large


def test_a_folder_that_cannot_be_written_loses_nothing_else(tmp_path: Path) -> None:
    """The certificate is made again another time."""
    (tmp_path / "certificates").write_text("a file")
    store = ProofStore(tmp_path / "certificates", 1)
    store.keep(PROOF, "seed")
    assert store.find("seed") is None


def test_one_at_a_time_makes_a_certificate(store: ProofStore) -> None:
    """Who waits for another's work and leaves is told so; others are not held up."""
    gone = Cancellation(lambda: True)
    with (
        store.alone("seed", 0, Cancellation()),
        store.alone("other", 0, Cancellation()),
        pytest.raises(SolveCancelledError),
        store.alone("seed", 0, gone),
    ):
        pytest.fail("two at once")
    with store.alone("seed", 0, gone):
        pass


def test_waiting_ends_with_the_work(store: ProofStore) -> None:
    """The second finds what the first has made."""
    found: list[Proof | None] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait(10)
        with store.alone("seed", 0, Cancellation()):
            found.append(store.find("seed"))

    thread = threading.Thread(target=second)
    with store.alone("seed", 0, Cancellation()):
        thread.start()
        inside.set()
        store.keep(PROOF, "seed")
    thread.join(10)
    assert found == [PROOF]
