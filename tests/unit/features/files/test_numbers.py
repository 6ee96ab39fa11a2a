import math

import pytest

from features.files.numbers import InexactError, decimal, exact, exact_whole


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12.0), (" .5 ", 0.5), ("+1.e3", 1000.0), ("-2", -2.0), ("\t1", 1.0)]
    + [("0e-999", 0.0), ("0.000", 0.0), ("1e400", math.inf), ("1e23", 1e23), (str(2**53), 2.0**53)]
    + [("0.1000000000000000055", 0.1), (str(2**60), 2.0**60)]
    + [(text, None) for text in ("", "1_0", "inf", "nan", "0x1", "1,5", "\u0661", "1e", "--1")]
    + [(text, None) for text in ("\x1e5", "5\x1f", "\x0b5", "\u20035", "1 2")],
)
def test_only_decimal_notation_is_a_number(text: str, number: float | None) -> None:
    """What other readers of the file would take for text is text here too."""
    assert decimal(text) == number


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1e-400", "1e-400 is too small to be told from 0"),
        ("-0.1e-9999", "too small"),
        (f"0.{'0' * 400}1", "too small"),
        ("9007199254740993", "9007199254740993 has more digits than are kept"),
        ("-9007199254740993", "more digits"),
    ],
)
def test_a_number_that_would_become_another_is_refused(text: str, rule: str) -> None:
    """Nothing is rounded to 0, and no whole number to another one, in silence."""
    with pytest.raises(InexactError, match=rule) as refusal:
        exact(text)
    assert len(str(refusal.value)) < 100


def test_whole_numbers_are_kept_or_refused() -> None:
    """What is beyond all of float64 is infinite, and so refused by whoever wants a cost."""
    assert exact_whole(2**53) == 2.0**53
    assert exact_whole(10**400) == math.inf
    assert exact_whole(-(10**400)) == -math.inf
    with pytest.raises(InexactError, match="more digits"):
        exact_whole(2**53 + 1)
