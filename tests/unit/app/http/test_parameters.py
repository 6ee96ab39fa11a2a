import pytest

from app.http.parameters import Preference


@pytest.mark.parametrize(
    ("header", "respond_async", "wait_s"),
    [
        (None, False, 0),
        ("", False, 0),
        ("respond-async", True, 0),
        ("Respond-Async, WAIT=10", True, 10),
        ("return=minimal, respond-async; foo=1, wait = 7;bar", True, 7),
        ('wait="5",respond-async', True, 5),
        ("wait=3, wait=9, respond-async", True, 3),
        ("respond-async, wait=999999999999", True, 86_400),
        ("respond-async, wait=soon", True, 0),
        ("respond-async, wait=-1", True, 0),
        ("respond-async, wait=²", True, 0),
        ('note="later, respond-async", wait=2', False, 2),
        (r'note="a \", respond-async", wait=2', False, 2),
        ("wait=4", False, 4),
        ("respond-asynchronously", False, 0),
        (",,;=,", False, 0),
    ],
)
def test_preferences_are_read_as_the_standard_says(
    *, header: str | None, respond_async: bool, wait_s: float
) -> None:
    """Names in any case, the first of its kind, quotes respected, and nonsense left aside."""
    assert Preference.parse(header) == Preference(respond_async, wait_s)


def test_a_header_without_end_is_read_at_once() -> None:
    """However long and whatever in it, only its beginning is looked at."""
    assert Preference.parse('respond-async, "' + r"\"" * 30_000) == Preference(respond_async=True)


@pytest.mark.parametrize(
    ("preference", "applied"),
    [
        (Preference(), ""),
        (Preference(wait_s=5), ""),
        (Preference(respond_async=True), "respond-async"),
        (Preference(respond_async=True, wait_s=5), "respond-async, wait=5"),
    ],
)
def test_only_what_was_asked_for_is_said_to_be_kept(preference: Preference, applied: str) -> None:
    """A caller who asked for no operation and got one is not told that it did."""
    assert preference.applied == applied
