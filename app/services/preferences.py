"""How long a caller wants to wait: the `Prefer` header (RFC 7240)."""

from dataclasses import dataclass
from typing import Final

_LONGEST_S: Final = 86_400.0


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
        """Read the header; preferences that are not known or make no sense are ignored."""
        respond_async, wait_s = False, 0.0
        for part in (header or "").split(","):
            name, _, value = part.partition(";")[0].partition("=")
            name, value = name.strip().lower(), value.strip().strip('"')
            if name == "respond-async":
                respond_async = True
            elif name == "wait" and value.isdecimal() and value.isascii():
                wait_s = min(float(value[:9]), _LONGEST_S)
        return cls(respond_async, wait_s)
