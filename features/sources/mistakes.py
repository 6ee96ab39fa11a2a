"""What is wrong with a source, row by row, for whoever is about to mend it."""

import time
from dataclasses import dataclass

from features.errors import SourceError


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row that breaks a rule.

    Parameters
    ----------
    error
        Where, and which.
    scene_id
        Of the row, where it has one.
    """

    error: SourceError
    scene_id: str | None = None


class Mistakes:
    """Collects mistakes instead of stopping at the first; a source's options carry its methods.

    Parameters
    ----------
    most
        How many are kept; all are counted.
    rows, seconds
        After so many rows, or so long, the rest is not read.

    Attributes
    ----------
    found
        The first mistakes.
    count
        Of all.
    complete
        Whether the source was read to its end.
    """

    def __init__(self, most: int, *, rows: int, seconds: float) -> None:
        self.found: list[Mistake] = []
        self.count = 0
        self.complete = True
        self._most = most
        self._rows = rows
        self._end = time.monotonic() + seconds

    def refuse(self, error: SourceError, scene_id: str | None = None) -> None:
        """Note a mistake.

        Raises
        ------
        SourceError
            The row was the last one to be read: this very mistake.
        """
        self.note(error, scene_id)
        if not self.go_on():
            raise error

    def note(self, error: SourceError, scene_id: str | None = None) -> None:
        """Note a mistake that ends nothing."""
        self.count += 1
        if len(self.found) < self._most:
            self.found.append(Mistake(error, scene_id))

    def go_on(self) -> bool:
        """Tell whether another row is to be read."""
        self._rows -= 1
        if self._rows < 0 or time.monotonic() > self._end:
            self.complete = False
        return self.complete
