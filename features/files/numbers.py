"""Numbers as text: decimal notation alone, and none that would become another in silence.

Python's ``float`` also takes ``1_000``, ``infinity`` and the digits of other scripts, which no
other reader of a file would. And it makes 0 of ``1e-400`` and 9007199254740992 of the whole number
after it: such a cost is refused, as if it were mistyped.
"""

import re
from typing import Final, NoReturn

_DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BLANKS: Final = " \t"  # str.strip takes control characters for blanks, too
_EXACT: Final = 2.0**53
_SHOWN: Final = 40


class InexactError(ValueError):
    """A number that float64 cannot hold; says which, as the end of a sentence."""


def decimal(text: str) -> float | None:
    """Return the number that a text holds in decimal notation, if it does.

    Raises
    ------
    InexactError
        It does, and the number would become another one: see :func:`exact`.

    Examples
    --------
    >>> decimal(" 1.5e3"), decimal("1_000"), decimal("nan")
    (1500.0, None, None)
    """
    plain = text.strip(_BLANKS)
    return exact(plain) if _DECIMAL.fullmatch(plain) else None


def exact(text: str) -> float:
    """Return the number of a decimal text; its last digits may be rounded, no more.

    Raises
    ------
    InexactError
        A number beside 0 would become 0, or a whole number another whole number.
    """
    value = float(text)
    if value == 0.0:
        if any(digit in "123456789" for digit in text.lower().partition("e")[0]):
            _refuse(text, "is too small to be told from 0")
    elif not -_EXACT < value < _EXACT:
        digits = text.lstrip("+-")
        if digits.isdigit() and len(digits) < 400 and int(digits) != abs(value):  # noqa: PLR2004
            _refuse(text, "has more digits than are kept")
    return value


def exact_whole(number: int) -> float:
    """Return a whole number as float64; infinity where it is beyond all of them.

    Raises
    ------
    InexactError
        It would become another whole number.
    """
    try:
        value = float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
    if int(value) != number:
        _refuse(str(number), "has more digits than are kept")
    return value


def no_constant(name: str) -> NoReturn:
    """Refuse what Python's JSON decoder takes beyond JSON: NaN and the infinities.

    Raises
    ------
    ValueError
        Always.
    """
    message = f"{name} is no JSON number"
    raise ValueError(message)


def _refuse(text: str, rule: str) -> NoReturn:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    message = f"{shown} {rule}"
    raise InexactError(message)
