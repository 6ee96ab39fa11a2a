"""Signatures of files: only the service writes them, and they end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.signatures import MediaClaim, MediaSigner, expiry
from app.errors import GoneError, NotFoundError

SIGNER = MediaSigner(b"k" * 32)
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
CLAIM = MediaClaim("0193a0b2-1111-7000-8000-000000000001", 12, 3)


@pytest.mark.parametrize("image", [0, 3, 999_999_999, None])
@pytest.mark.parametrize("name", ["", "a/room 1.JPG", "x.pcd?versionId=3", "odd.ex-t", "a.b/c"])
def test_what_is_signed_is_read(image: int | None, name: str) -> None:
    """A signature says which file it is for, whatever that is called."""
    claim = MediaClaim(CLAIM.dataset_id, 12, image)
    signature = SIGNER.sign(claim, NOW + timedelta(days=1), name)
    assert SIGNER.read(signature, NOW) == claim
    assert "/" not in signature


def test_a_signature_ends_in_what_the_file_ends_in() -> None:
    """Some programs tell a file's kind by its address."""
    assert SIGNER.sign(CLAIM, NOW, "s3://bucket/room 1.JPG").endswith(".jpg")


def test_an_expired_signature_says_so() -> None:
    """It is good before its second, and not in it."""
    signature = SIGNER.sign(CLAIM, NOW)
    assert SIGNER.read(signature, NOW - timedelta(seconds=1)) == CLAIM
    with pytest.raises(GoneError, match="2026-11-30 08:00:00 UTC"):
        SIGNER.read(signature, NOW)


@given(st.integers(0, 200), st.sampled_from("0123456789abcdefABCDEF-._~c/%é"))
def test_a_changed_signature_is_nobodys(place: int, letter: str) -> None:
    """Whatever letter of it is another, it is not found: no other file, and no longer time."""
    signature = SIGNER.sign(CLAIM, NOW + timedelta(days=1))
    place %= len(signature)
    if signature[place] == letter:
        return
    changed = signature[:place] + letter + signature[place + 1 :]
    with pytest.raises(NotFoundError):
        SIGNER.read(changed, NOW)


@pytest.mark.parametrize("signature", ["", ".", "x" * 5000, "é.1.c.1." + "A" * 43, "a.1.c.1.b"])
def test_what_is_no_signature_is_nobodys(signature: str) -> None:
    """It is not found, and its own text is not repeated at length."""
    with pytest.raises(NotFoundError) as caught:
        SIGNER.read(signature, NOW)
    assert len(caught.value.detail) < 200


def test_another_services_signature_is_nobodys() -> None:
    """Keys tell services apart."""
    with pytest.raises(NotFoundError):
        MediaSigner(b"j" * 32).read(SIGNER.sign(CLAIM, NOW + timedelta(days=1)), NOW)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 hypothesis adds it
def test_addresses_are_the_same_all_day_and_good_for_their_days(moment: datetime) -> None:
    """They end with a day, at most one after the days that were promised."""
    end = expiry(moment, 7)
    assert timedelta(days=7) <= end - moment <= timedelta(days=8)
    assert (end.hour, end.minute, end.second, end.microsecond) == (0, 0, 0, 0)
