"""Which clip a frame belongs to, by its name."""

import re
from typing import Final

# The number of the frame, a letter before it where that stands alone (CamVid's f01230), and what
# parts both from the clip's name.
_FRAME_NUMBER: Final = re.compile(r"(?:(?<![A-Za-z0-9])[A-Za-z])?[0-9]+\Z")
_SEPARATORS: Final = "_-./ "


def clip_of(stem: str) -> str:
    """Return a stem without the number of the frame at its end.

    ``0006R0_f01230`` is of the clip ``0006R0``, ``00/000123`` of ``00``, ``000123`` of the clip
    without a name; a stem without a number at its end is a clip of its own.
    """
    match = _FRAME_NUMBER.search(stem)
    return stem if match is None else stem[: match.start()].rstrip(_SEPARATORS)
