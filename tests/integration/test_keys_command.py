"""`seedal keys`: made once, shown without secrets, revoked for good; and a door that needs one."""

import json
from pathlib import Path

import pytest

from app.cli import main
from app.errors import SettingsError
from app.main import _require_guarded_host
from app.settings import Settings


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["keys", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_key_is_shown_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Created, listed, revoked: the secret is in the first answer alone."""
    where = ("--data-dir", str(tmp_path))
    status, out, err = _run(capsys, "create", "--name", "ci", "--project", "p", *where)
    key = out.strip()
    assert (status, key[:3], len(key)) == (0, "sk_", 59)
    assert key[3:15] in err
    status, out, _ = _run(capsys, "list", *where, "--json")
    (listed,) = json.loads(out)
    assert (listed["prefix"], listed["project"], listed["state"]) == (key[3:15], "p", "usable")
    assert key[16:] not in out
    status, out, _ = _run(capsys, "list", *where)
    assert "usable" in out
    status, out, _ = _run(capsys, "revoke", key[:15], *where)
    assert (status, "revoked" in out) == (0, True)
    status, out, _ = _run(capsys, "revoke", key[3:15], *where, "--json")
    assert json.loads(out)["state"] == "revoked"


def test_without_keys_the_list_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list is a warning."""
    status, out, err = _run(capsys, "list", "--data-dir", str(tmp_path))
    assert (status, out, "no key" in err) == (0, "", True)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("create", "--name", "x", "--scopes", "seeds:eat"), "no scope 'seeds:eat'"),
        (("create", "--name", "x", "--scopes", ","), "needs a scope"),
        (("create", "--name", "x", "--project", "../x"), "A project is"),
        (("create", "--name", "a\nb"), "one line"),
        (("create", "--name", "x", "--expires-days", "0"), "1 to"),
        (("revoke", "nobody"), "no key 'nobody'"),
    ],
)
def test_mistakes_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], rule: str
) -> None:
    """Each is named, with exit status 2, and no key is made."""
    status, out, err = _run(capsys, *words, "--data-dir", str(tmp_path))
    assert (status, out, rule in err) == (2, "", True)
    assert "no key" in _run(capsys, "list", "--data-dir", str(tmp_path))[2]


def test_a_public_host_needs_a_usable_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beyond loopback the service starts only where somebody can come in."""
    settings = Settings(data_dir=tmp_path, host="0.0.0.0")  # noqa: S104 what is refused
    with pytest.raises(SettingsError, match="no usable API key"):
        _require_guarded_host(settings)
    _, out, _ = _run(capsys, "create", "--name", "x", "--data-dir", str(tmp_path))
    _require_guarded_host(settings)
    _run(capsys, "revoke", out.strip()[:15], "--data-dir", str(tmp_path))
    with pytest.raises(SettingsError, match="no usable API key"):
        _require_guarded_host(settings)
