"""``seedal keys``: keys are made, listed and ended at a shell."""

import json
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import update

from app.access.service import SCOPES
from app.cli.main import main
from app.errors import SettingsError
from app.main import serve
from app.settings import Settings
from app.store.engine import open_engine
from app.store.identifiers import now
from app.store.sessions import open_sessions
from app.store.tables import KeyRow

Captured = pytest.CaptureFixture[str]


def _run(capsys: Captured, folder: Path, *words: str) -> Any:  # noqa: ANN401 any JSON
    capsys.readouterr()
    status = main(["keys", *words, "--data-dir", str(folder), "--json"])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return json.loads(captured.out)


def test_a_key_is_shown_once(tmp_path: Path, capsys: Captured) -> None:
    """Only what `create` prints has the secret; the list has its beginning, and nobody its hash."""
    made = _run(capsys, tmp_path, "create", "--name", "CI of Büro", "--project", "city")
    key = made["key"]
    assert key.startswith(f"sk_{made['prefix']}_")
    assert (made["project"], made["scopes"], made["state"]) == ("city", list(SCOPES), "usable")
    (listed,) = _run(capsys, tmp_path, "list")
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert "hash" not in "".join(listed)
    assert main(["keys", "list", "--data-dir", str(tmp_path)]) == 0
    line = capsys.readouterr().out
    assert f"sk_{made['prefix']}  usable   city" in line
    assert key[16:] not in line


def test_two_keys_have_nothing_in_common(tmp_path: Path, capsys: Captured) -> None:
    """Prefix and secret are random: 256 bits of secret."""
    keys = [_run(capsys, tmp_path, "create", "--name", "same")["key"] for _ in range(2)]
    (_, first, secret), (_, second, other) = (key.split("_", 2) for key in keys)
    assert first != second
    assert secret != other
    assert len(secret) == len(other) == 43  # 256 bits at 6 a character


def test_what_is_printed_for_people_is_the_key_alone(tmp_path: Path, capsys: Captured) -> None:
    """A script takes the key from stdout; the advice goes to stderr and has no secret."""
    assert main(["keys", "create", "--name", "n", "--data-dir", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("sk_")
    assert captured.out.count("\n") == 1
    assert captured.out.strip()[16:] not in captured.err


@pytest.mark.parametrize("form", ["id", "prefix", "sk_prefix", "key"])
def test_a_key_is_ended_by_whatever_names_it(form: str, tmp_path: Path, capsys: Captured) -> None:
    """Its id, its beginning or the whole key, as it was found in a log; twice changes nothing."""
    made = _run(capsys, tmp_path, "create", "--name", "n")
    names = {**made, "sk_prefix": f"sk_{made['prefix']}"}
    first = _run(capsys, tmp_path, "revoke", names[form])
    assert first["state"] == "revoked"
    assert _run(capsys, tmp_path, "revoke", names[form]) == first
    assert _run(capsys, tmp_path, "list") == [first]


def test_an_unknown_key_is_not_repeated(tmp_path: Path, capsys: Captured) -> None:
    """Exit 2 and one sentence, which does not hold a secret that was typed by mistake."""
    key = _run(capsys, tmp_path / "one", "create", "--name", "n")["key"]
    assert main(["keys", "revoke", key, "--data-dir", str(tmp_path / "two")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert key[3:15] in error
    assert key[16:] not in error


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--name", "n", "--scopes", "datasets:read,seeds:admin"], "no scope 'seeds:admin'"),
        (["--name", "n", "--scopes", " , "], "A key needs a scope"),
        (["--name", "n", "--project", "a/../b"], "A project is letters"),
        (["--name", "n", "--project", ""], "A project is letters"),
        (["--name", "two\nlines"], "A key's name is one line"),
        (["--name", "n", "--expires-days", "0"], "A key lives for 1 to"),
        (["--name", "n", "--expires-days", "36501"], "A key lives for 1 to"),
    ],
)
def test_a_key_that_cannot_be_is_refused_in_one_sentence(
    words: list[str], rule: str, tmp_path: Path, capsys: Captured
) -> None:
    """Exit 2, the rule on stderr, nothing on stdout, and no key is made."""
    assert main(["keys", "create", *words, "--data-dir", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert rule in captured.err
    assert captured.err.count("\n") == 1
    assert _run(capsys, tmp_path, "list") == []


@pytest.mark.parametrize("end", ["never", "revoked", "expired"])
def test_beyond_loopback_is_served_while_somebody_can_come_in(
    end: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One usable key opens a public address; with all of them ended it is refused again."""
    served: list[object] = []

    def run(server: uvicorn.Server) -> None:
        served.append(server.config.host)
        server.started = True

    monkeypatch.setattr("app.main._Server.run", run)
    monkeypatch.setattr("app.main.configure_logging", lambda _: None)
    made = _run(capsys, tmp_path, "create", "--name", "n", "--expires-days", "7")
    settings = Settings(host="0.0.0.0", data_dir=tmp_path)  # noqa: S104 meant
    if end == "never":
        serve(settings, worker=False)
        assert served == ["0.0.0.0"]  # noqa: S104 meant
        return
    if end == "revoked":
        _run(capsys, tmp_path, "revoke", made["id"])
    else:
        engine = open_engine(settings.database())
        with open_sessions(engine).begin() as session:
            session.execute(update(KeyRow).values(expires_at=now()))
        engine.dispose()
        assert _run(capsys, tmp_path, "list")[0]["state"] == "expired"
    with pytest.raises(SettingsError, match="no usable API key"):
        serve(settings, worker=False)
    assert served == []
