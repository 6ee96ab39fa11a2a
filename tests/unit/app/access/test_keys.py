"""Keys without HTTP: what a key is, for how long it is good, and what it says of who holds it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.access import service
from app.access.service import SCOPES, Caller, Keys, scope_of
from app.errors import ForbiddenError, InvalidRequestError, NotFoundError
from app.store.tables import KeyRow, TableBase

READ = ("datasets:read",)


@pytest.fixture
def session() -> Iterator[Session]:
    """Return a transaction on an empty table of keys."""
    engine = create_engine("sqlite://")
    TableBase.metadata.create_all(engine, tables=[KeyRow.__table__])  # type: ignore[list-item]
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def made(session: Session, **changes: object) -> str:
    """Make a key."""
    asked: dict[str, object] = {"name": "k", "project": "p", "scopes": READ, "days": None}
    return Keys(session).create(**(asked | changes))[0]  # type: ignore[arg-type]  # of many kinds


def test_who_presents_a_key_is_its_project_with_its_scopes(session: Session) -> None:
    """Nothing else, and in the order in which scopes are listed."""
    key, info = Keys(session).create(
        name="k", project="p", scopes=("seeds:read", "datasets:read"), days=3
    )
    assert info.scopes == ("datasets:read", "seeds:read")
    assert (info.name, info.project, info.revoked_at) == ("k", "p", None)
    assert info.expires_at is not None
    assert timedelta(days=3) - (info.expires_at - info.created_at) < timedelta(seconds=10)
    caller = Keys(session).caller(key, is_open=False)
    assert caller == Caller("p", frozenset({"seeds:read", "datasets:read"}), info.prefix)
    assert Keys(session).create(name="k", project="p", scopes=READ, days=None)[1].expires_at is None


def test_another_secret_opens_nothing(session: Session) -> None:
    """A wrong secret, another's secret, an unknown prefix and what is no key are nobody."""
    first, second = made(session), made(session, project="q")
    head, tail = first[:16], second[16:]
    wrong = [None, "", "x", head, head + tail, first + "x", f"x{first}", first.upper(),
             f"sk_{'0' * 12}{first[15:]}",
             f"{first[:-1]}{'A' if first[-1] != 'A' else 'B'}"]  # fmt: skip
    for presented in wrong:
        for is_open in (False, True):
            assert Keys(session).caller(presented, is_open=is_open) is None
    for key, project in ((first, "p"), (second, "q")):
        caller = Keys(session).caller(key, is_open=True)
        assert caller is not None
        assert caller.project == project


def test_an_open_service_knows_everybody_until_there_was_a_key(session: Session) -> None:
    """Not afterwards: not when the key is revoked either."""
    assert Keys(session).caller("anything", is_open=True) == Caller()
    assert Caller().scopes == frozenset(SCOPES)
    assert Keys(session).caller("anything", is_open=False) is None
    assert not Keys(session).is_any_usable()
    key = made(session)
    assert Keys(session).is_any_usable()
    Keys(session).revoke(key)
    assert Keys(session).caller("anything", is_open=True) is None
    assert not Keys(session).is_any_usable()


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_a_key_ends_with_its_last_moment(
    session: Session, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is good before the moment, and no longer at it."""
    key = made(session, days=1)
    until = Keys(session).every()[0].expires_at
    assert isinstance(until, datetime)
    monkeypatch.setattr(service, "now", lambda: until + timedelta(microseconds=after))
    assert (Keys(session).caller(key, is_open=False) is not None) == (after < 0)
    assert Keys(session).is_any_usable() == (after < 0)


def test_a_key_is_revoked_by_any_of_its_names(session: Session) -> None:
    """By its id, its prefix or itself, once; of what is unknown, nothing secret is repeated."""
    keys = Keys(session)
    for name in ("id", "prefix", "sk_prefix", "whole"):
        whole, info = keys.create(name="k", project="p", scopes=READ, days=None)
        names = {
            "id": info.id,
            "prefix": info.prefix,
            "sk_prefix": f"sk_{info.prefix}",
            "whole": whole,
        }
        revoked = keys.revoke(names[name])
        assert revoked.id == info.id
        assert revoked.revoked_at is not None
        assert keys.caller(whole, is_open=False) is None
        assert keys.revoke(names[name]).revoked_at == revoked.revoked_at
    other = made(session)
    session.delete(session.query(KeyRow).filter_by(prefix=other[3:15]).one())
    with pytest.raises(NotFoundError) as caught:
        keys.revoke(other)
    assert other[16:] not in str(caught.value.detail)
    listed = [info.id for info in keys.every()]
    assert listed == sorted(listed)
    assert len(listed) == 4


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scopes": ("datasets:read", "all")}, "no scope 'all'; there are datasets:read"),
        ({"scopes": ()}, "A key needs a scope; there are"),
        ({"project": ""}, "A project is letters"),
        ({"project": "a/b"}, "A project is letters"),
        ({"project": ".a"}, "A project is letters"),
        ({"project": "a" * 101}, "A project is letters"),
        ({"name": ""}, "one line of at most 200"),
        ({"name": "a\nb"}, "one line of at most 200"),
        ({"name": "a" * 201}, "one line of at most 200"),
        ({"days": 0}, "lives for 1 to 36500 days, not 0"),
        ({"days": 36_501}, "lives for 1 to 36500 days, not 36501"),
    ],
)
def test_what_is_no_key_is_not_made(
    session: Session, changes: dict[str, object], sentence: str
) -> None:
    """The rule is named, and nothing is stored."""
    with pytest.raises(InvalidRequestError, match=sentence):
        made(session, **changes)
    assert Keys(session).every() == []


def test_the_longest_and_shortest_keys_are_made(session: Session) -> None:
    """The borders themselves are inside."""
    for changes in ({"project": "a" * 100}, {"project": "a"}, {"name": "a" * 200}, {"name": "a"},
                    {"days": 1}, {"days": 36_500}):  # fmt: skip
        made(session, **changes)
    assert len(Keys(session).every()) == 6


def test_one_of_the_scopes_is_enough() -> None:
    """Who has none of them is told which ones there are."""
    caller = Caller(scopes=frozenset(READ))
    caller.require("datasets:read")
    caller.require("seeds:read", "datasets:read")
    with pytest.raises(ForbiddenError, match="no scope 'seeds:read' or 'seeds:write'"):
        caller.require("seeds:read", "seeds:write")


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        ("GET", "read"),
        ("head", "read"),
        ("POST", "write"),
        ("DELETE", "write"),
        ("OPTIONS", "write"),
    ],
)
def test_looking_is_reading_and_everything_else_is_writing(method: str, scope: str) -> None:
    """Of whatever resource."""
    assert scope_of("seeds", method) == f"seeds:{scope}"


def test_only_a_hash_of_the_secret_is_stored(session: Session) -> None:
    """The row holds the prefix and a SHA-256, and no part of the secret."""
    key = made(session)
    row = session.query(KeyRow).one()
    stored = " ".join(str(getattr(row, column.name)) for column in KeyRow.__table__.columns)
    assert key[16:] not in stored
    assert row.prefix == key[3:15]
    assert len(row.secret_hash) == 64
