"""Health on the wire."""

from typing import Literal

from app.wire import Wire


class Health(Wire):
    """The process answers; `checks` names what else was looked at."""

    status: Literal["ok"]
    checks: tuple[str, ...] = ()
