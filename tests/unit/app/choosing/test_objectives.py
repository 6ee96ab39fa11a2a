"""The table of objectives, and that whoever lists them reads it."""

import re
from pathlib import Path
from typing import get_args

import pytest

import app.seeds.wire
from app.choosing.objectives import OBJECTIVES, RECOMMENDED, require_objective
from app.errors import InvalidRequestError
from app.evaluation.methods import parse_objective

DOCS = Path(__file__).resolve().parents[4] / "docs"


def test_objectives_describe_themselves() -> None:
    """Each is found by its name, and has a label, a sentence, a formula and a source."""
    for name, objective in OBJECTIVES.items():
        assert require_objective(name) is objective
        assert objective.name == name
        assert objective.description.endswith(".")
        assert objective.label
        assert objective.formula
        assert objective.source


def test_the_api_takes_every_objective() -> None:
    """What can be asked over HTTP is what there is, in the same order, in the table's words."""
    assert get_args(app.seeds.wire.Objective) == tuple(OBJECTIVES)
    described = app.seeds.wire.QuestionRequest.model_fields["objective"].description or ""
    for name, objective in OBJECTIVES.items():
        assert f"`{name}`: {objective.description}" in described


def test_the_document_about_quality_has_every_objective() -> None:
    """Its table has those that are solved for, in the same order: the recommended is one."""
    text = (DOCS / "seed-quality.md").read_text()
    section = text[text.index("\n## Objectives\n") :]
    listed = re.findall(r"^\| `(\w+)` \|", section[: section.index("\n## ", 1)], re.MULTILINE)
    assert listed == [name for name in OBJECTIVES if name != RECOMMENDED]


def test_an_unknown_objective_is_refused_with_those_there_are() -> None:
    """One sentence names the wrong one, all right ones, and the member of the request."""
    with pytest.raises(InvalidRequestError, match="no objective 'prettiest'; there are") as caught:
        require_objective("prettiest")
    assert caught.value.pointer == "#/objective"
    for name in OBJECTIVES:
        assert name in str(caught.value)


def test_the_former_name_is_still_understood() -> None:
    """Scripts that ask for `auto` get what is recommended, by shell, evaluation and HTTP."""
    assert require_objective("auto") is OBJECTIVES[RECOMMENDED]
    assert parse_objective("auto/greedy") == (RECOMMENDED, "greedy")
    request = app.seeds.wire.SeedRequest.model_validate(
        {"budget": {"limit": 1}, "objective": "auto"}
    )
    assert request.objective == RECOMMENDED
    assert app.seeds.wire.SeedRequest.model_validate({"budget": {"limit": 1}}) == request
