"""The commands around the service: keys, the database, weights."""

import json
from pathlib import Path

import pytest
from doors import run_seedal
from stored import Golden, Plain


def test_the_life_of_a_key_stays(tmp_path: Path) -> None:
    """Made, listed, ended, listed: what is printed for machines and for people is golden."""
    place, about = ("--data-dir", tmp_path), ("--name", "CI of Büro", "--project", "city")
    made = run_seedal("keys", "create", *about, *place, "--json")
    key = json.loads(made.out)["key"]
    scopes = ("--scopes", "datasets:read,seeds:read", "--expires-days", "7")
    told = {
        "made": made,
        "ended": run_seedal("keys", "revoke", key, *place, "--json"),
        "ended again": run_seedal("keys", "revoke", key, *place),
        "listed": run_seedal("keys", "list", *place, "--json"),
        "listed for people": run_seedal("keys", "list", *place),
        "made for people": run_seedal("keys", "create", "--name", "n", *scopes, *place),
    }
    plain = Plain({key: "<key>", key.split("_")[1]: "<prefix>"})
    answer = {name: plain(said.answer()) for name, said in told.items()}
    Golden("keys").holds("the life of a key", answer)


@pytest.mark.parametrize(
    "words", [("migrate", "--data-dir", "data"), ("weights", "check", "colour_grid", "--json")]
)
def test_small_commands_stay(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is brought up to date, and weights are looked at, in the golden words."""
    monkeypatch.chdir(tmp_path)
    Golden("keys").holds(" ".join(words[:2]), Plain()(run_seedal(*words).answer()))
