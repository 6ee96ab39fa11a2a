"""The isolation matrix: every operation of the document, every kind of key, whose things."""

from collections.abc import Iterator
from pathlib import Path

import isolation
import pytest
from isolation import CALLERS, RECIPES, Operation, World


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service with two projects that have one of everything each."""
    data, folder = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("permitted")
    with isolation.world(data, folder) as made:
        yield made


def _operations(made: World) -> list[Operation]:
    return isolation.guarded(made.operations())


def test_no_operation_is_forgotten(made: World) -> None:
    """The document and the recipes have the same operations: a new route needs one here."""
    assert {operation.name for operation in _operations(made)} == set(RECIPES)


def test_the_page_says_how_large_the_matrix_is(made: World) -> None:
    """docs/security.md counts operations and answers as they are."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text("utf-8")
    operations = _operations(made)
    answers = sum(len(CALLERS) * (2 if "{" in each.path else 1) for each in operations)
    assert f"each of the {len(operations)} operations" in text
    assert f"{answers} answers" in text


def test_every_operation_names_its_scope(made: World) -> None:
    """What needs no scope shows nothing of any project, or has an address that is a key."""
    unguarded = {each.name for each in made.operations() if not each.scopes}
    watched = {"GET /livez", "GET /readyz", "GET /metrics"}
    assert unguarded == watched | isolation.CAPABILITIES


def test_an_address_is_a_key_to_its_own_project_alone(made: World) -> None:
    """A hook hears for its own dataset: who has one of ours changes nothing of theirs.

    An address that is nobody's gets 404 from every capability, with the best key of a project, too.
    """
    ours, before = made.things[isolation.OURS], made.rows(isolation.THEIRS)
    theirs = made.things[isolation.THEIRS].ids
    about = {"seedal": {"dataset_id": theirs["dataset_id"]}}
    made_at = "2026-11-30T08:00:00Z"
    tasks = [{"id": 1, "data": {"scene_id": "s/0"}, "meta": about, "created_at": made_at}]
    body = {"action": "TASKS_CREATED", "tasks": tasks, "project": {"id": 1}}
    model = f"/v1/hooks/{ours.ids['hook']}/label-studio"
    assert made.client.post(f"{model}/webhook", json=body).status_code == 200
    made.read_hooks()
    assert made.rows(isolation.THEIRS) == before
    question = {"budget": {"fraction": 0.7}, "constraints": {}}
    made.client.post(f"{model}/setup", json={"project": "1.1", "extra_params": question})
    scored = made.client.post(f"{model}/predict", json={"project": "1.1", "tasks": tasks})
    assert scored.json()["results"][0]["score"] == 1.0
    assert made.rows(isolation.THEIRS) == before
    key = {"Authorization": f"Bearer {made.keys[isolation.ALL]}"}
    for name in isolation.CAPABILITIES:
        method, path = name.split()
        nobodys = path.replace("{hook}", "hk_" + "0" * 32).replace("{signature}", "x.1.c.1.y")
        sent = {"project": "1.1", "tasks": []}
        for headers in ({}, key):
            answer = made.client.request(
                method, nobodys, headers=headers, **({"json": sent} if method == "POST" else {})
            )
            assert answer.status_code == 404, name


@pytest.mark.parametrize("name", RECIPES)
def test_who_may_do_what_with_whose_things(made: World, name: str) -> None:
    """Strangers get 401, keys without the scope 403, others' things are 404 and stay as they are.

    HEAD keeps the rules of GET. Nothing that succeeds shows an id of another project, and another
    project's thing cannot be told from one that does not exist.
    """
    (operation,) = [each for each in made.operations() if each.name == name]
    ways = (False, True) if operation.method == "GET" else (False,)
    cells = [made.cell(operation, caller, head=head) for head in ways for caller in CALLERS]
    assert [problem for cell in cells for problem in cell.problems] == []


def test_the_matrix_sees_what_is_wrong(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were scopes not asked for, or projects not kept apart, it would say so."""
    operation = next(each for each in made.operations() if each.name == "GET /v1/seeds/{seed_id}")
    with monkeypatch.context() as patch:
        patch.setattr("app.access.service.Caller.require", lambda *_: None)
        assert made.cell(operation, "datasets:read").problems
    with monkeypatch.context() as patch:
        patch.setattr(made.things[isolation.THEIRS], "ids", made.things[isolation.OURS].ids)
        assert made.cell(operation, isolation.ALL).problems
