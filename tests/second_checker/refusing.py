"""How the second checker says no."""

from typing import NoReturn


class Refused(ValueError):  # noqa: N818  # it is an answer, not an accident  # it is an answer, not an accident
    """The certificate does not hold, or is not understood; the message says which rule."""


def refuse(message: str) -> NoReturn:
    """Refuse with a sentence.

    Raises
    ------
    Refused
        Always.
    """
    raise Refused(message)


def need(holds: bool, message: str) -> None:  # noqa: FBT001  # reads as a sentence  # reads as a sentence
    """Refuse unless something holds.

    Raises
    ------
    Refused
        It does not.
    """
    if not holds:
        refuse(message)
