"""What every platform has in common."""

from datetime import UTC, datetime

import pytest

from app.platforms.seam import moment


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("2026-11-30T08:00:00Z", datetime(2026, 11, 30, 8, tzinfo=UTC)),
        ("2026-11-30T09:00:00+01:00", datetime(2026, 11, 30, 8, tzinfo=UTC)),
        ("2026-11-30T08:00:00", datetime(2026, 11, 30, 8, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1_764_489_600, None),
    ],
)
def test_moments(said: object, time: datetime | None) -> None:
    """Times are read as platforms write them; what is none is none, and no error."""
    assert moment(said) == time
