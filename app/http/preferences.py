"""How long a caller wants to wait: the `Prefer` header (RFC 7240)."""

import re
from dataclasses import dataclass
from typing import Final

_LONGEST_S: Final = 86_400.0
_READ: Final = 1_000
"""Characters of the header that are looked at."""

_PARTS: Final = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^,"])+')
"""Preferences are separated by commas that are not within quotes."""


@dataclass(frozen=True, slots=True)
class Preference:
    """How long a caller wants to wait.

    Parameters
    ----------
    respond_async
        Whether an operation may be the answer, also where it need not be.
    wait_s
        For how long the answer itself is awaited before that; 0 where nothing is said.
    """

    respond_async: bool = False
    wait_s: float = 0.0

    @classmethod
    def parse(cls, header: str | None) -> "Preference":
        """Read the header; of a preference given twice the first counts (section 2).

        What is not known or makes no sense is ignored.
        """
        found: dict[str, str] = {}
        for part in _PARTS.findall((header or "")[:_READ]):
            name, _, value = part.partition(";")[0].partition("=")
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
        wait = found.get("wait", "")
        is_number = wait.isdecimal() and wait.isascii()
        wait_s = min(float(wait[:9]), _LONGEST_S) if is_number else 0.0
        return cls("respond-async" in found, wait_s)

    @property
    def applied(self) -> str:
        """What an answer of 202 has kept of it, as `Preference-Applied` says it; "" for nothing."""
        if not self.respond_async:
            return ""
        return f"respond-async, wait={self.wait_s:.0f}" if self.wait_s else "respond-async"
