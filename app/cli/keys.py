"""``seedal keys``: who may call the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from app.access.service import KeyInfo, Keys
from app.cli.terminal import answer, answer_json, say
from app.settings import Settings
from app.store.engine import open_engine
from app.store.identifiers import now
from app.store.schema import upgrade
from app.store.sessions import open_sessions


@contextmanager
def _keys(settings: Settings) -> Iterator[Keys]:
    engine = open_engine(settings.database(), pool_size=1)
    try:
        upgrade(engine)
        with open_sessions(engine).begin() as session:
            yield Keys(session)
    finally:
        engine.dispose()


def _state(key: KeyInfo) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now() else "usable"


def _content(key: KeyInfo) -> dict[str, Any]:
    moments = ("created_at", "expires_at", "revoked_at")
    stamps = {name: getattr(key, name) for name in moments}
    return asdict(key) | {
        **{name: None if stamp is None else stamp.isoformat() for name, stamp in stamps.items()},
        "state": _state(key),
    }


def _line(key: KeyInfo) -> str:
    scopes = ",".join(key.scopes)
    return f"sk_{key.prefix}  {_state(key):7}  {key.project}  {scopes}  {key.name}"


def create(
    settings: Settings,
    *,
    name: str,
    project: str,
    scopes: str,
    days: int | None,
    as_json: bool,
) -> None:
    """Make a key and print it; it cannot be shown again.

    Raises
    ------
    InvalidRequestError
        See `app.access.service.Keys.create`.
    """
    listed = tuple(scope.strip() for scope in scopes.split(",") if scope.strip())
    with _keys(settings) as keys:
        key, info = keys.create(name=name, project=project, scopes=listed, days=days)
    if as_json:
        answer_json({"key": key, **_content(info)})
        return
    answer(key)
    say(f"keep it: only its beginning, sk_{info.prefix}, can be shown again")


def show(settings: Settings, *, as_json: bool) -> None:
    """Print all keys, without their secrets."""
    with _keys(settings) as keys:
        known = keys.every()
    if as_json:
        answer_json([_content(key) for key in known])
        return
    for key in known:
        answer(_line(key))
    if not known:
        say("there is no key: whoever reaches the service may do everything")


def revoke(settings: Settings, name: str, *, as_json: bool) -> None:
    """End a key for good.

    Raises
    ------
    NotFoundError
        No key has this id or prefix.
    """
    with _keys(settings) as keys:
        key = keys.revoke(name)
    if as_json:
        answer_json(_content(key))
    else:
        answer(_line(key))
