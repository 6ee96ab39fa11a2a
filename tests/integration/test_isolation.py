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
    """What needs no scope shows nothing of any project: only the signs of life do."""
    unguarded = {each.path for each in made.operations() if not each.scopes}
    assert unguarded == {"/livez", "/readyz", "/metrics"}


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
