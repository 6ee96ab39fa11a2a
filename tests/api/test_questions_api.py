"""Whole questions over HTTP: rules besides the budget, many budgets, comparisons and proofs."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.choosing.objectives import OBJECTIVES
from app.cli.main import main as seedal
from features.signatures.model import Signatures

Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def ask(client: TestClient, ready: str) -> Ask:
    """Return a function that asks for a seed, by the paper's objective, and expects one."""

    def post(body: dict[str, Any]) -> dict[str, Any]:
        asked = {"objective": "seedal", **body}
        answer = client.post(f"/v1/datasets/{ready}/seeds", json=asked)
        assert answer.status_code == 201, answer.text
        seed: dict[str, Any] = answer.json()
        return seed

    return post


def _ids(seed: dict[str, Any]) -> set[str]:
    return {scene["scene_id"] for scene in seed["scenes"]}


@pytest.fixture(scope="module")
def signatures(client: TestClient, ready: str) -> Signatures:
    """Return the signatures of the dataset that is ready."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    dataset = client.post(f"/v1/datasets/{ready}/seeds", json={"budget": {"fraction": 1}}).json()
    key = dataset["provenance"]["dataset_key"]
    return Signatures.load(app_state.settings.signatures_dir / f"{key}.npz")


def _worth(signatures: Signatures, names: set[str]) -> float:
    """Evaluate the paper's objective, pair by pair."""
    place = {name: k for k, name in enumerate(signatures.scene_ids)}
    pairs = itertools.combinations(sorted(place[name] for name in names), 2)
    w, m = signatures.weights, signatures.vectors
    return float(sum(w[i] * w[j] * (1 - m[i] @ m[j]) for i, j in pairs))


@pytest.mark.parametrize("seed", range(12))
def test_rules_are_kept_and_nothing_that_keeps_them_is_better(
    ask: Ask, signatures: Signatures, seed: int
) -> None:
    """With random rules the seed is worth what the best of all choices is, found by trying."""
    rng = np.random.default_rng(seed)
    names = list(rng.permutation(signatures.scene_ids))
    include, exclude, labelled = {names[0]}, {names[1]}, {names[2]} if seed % 2 else set()
    most, limit = int(rng.integers(2, 5)), 3 * int(rng.integers(2, 5))
    answer = ask(
        {
            "budget": {"limit": limit},
            "constraints": {
                "include": sorted(include),
                "exclude": sorted(exclude),
                "labelled": sorted(labelled),
                "max_scenes": most,
                "groups": [{"group": "floor_0", "min": 1, "max": 2}],
            },
            "side_budgets": [{"resource": "images", "limit": 3 * most}],
        }
    )

    def allowed(chosen: set[str]) -> bool:
        floor = sum(name.startswith("floor_0") for name in chosen)
        affordable = 3 * len(chosen) <= limit and len(chosen) <= most
        return include <= chosen and affordable and 1 <= floor <= 2

    free = set(names) - exclude - labelled
    choices = (
        set(chosen)
        for size in range(most + 1)
        for chosen in itertools.combinations(sorted(free), size)
    )
    best = max(_worth(signatures, c | labelled) for c in choices if allowed(c))
    assert allowed(_ids(answer))
    assert not _ids(answer) & (exclude | labelled)
    assert answer["objective"] == pytest.approx(best)
    assert answer["status"] == "optimal"
    assert answer["objective"] == pytest.approx(_worth(signatures, _ids(answer) | labelled))
    assert sum(scene["represents"] for scene in answer["scenes"]) <= len(names)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_rules_hold_for_every_objective(ask: Ask, objective: str) -> None:
    """What must be chosen is, what must not be is not, whatever is maximised."""
    rules = {"include": ["floor_0/room 2"], "exclude": ["floor_1/room 3"], "max_scenes": 3}
    seed = ask({"budget": {"limit": 12}, "constraints": rules, "objective": objective})
    assert "floor_0/room 2" in _ids(seed)
    assert "floor_1/room 3" not in _ids(seed)
    assert len(seed["scenes"]) <= 3


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        ({"constraints": {"include": ["nowhere"]}}, "#/constraints/include", "'nowhere'"),
        ({"constraints": {"labelled": ["a\u0000b"]}}, "#/constraints/labelled/0", "NUL"),
        ({"constraints": {"groups": [{"group": "x", "min": 1}]}}, "#/constraints/groups", "'x'"),
        (
            {"constraints": {"include": ["floor_0/room 0"], "exclude": ["floor_0/room 0"]}},
            "#/constraints",
            "floor_0/room 0",
        ),
        ({"constraints": {"min_scenes": 5}}, "#/constraints", "5"),
        ({"constraints": {"min_scenes": 3, "max_scenes": 2}}, "#/constraints", "max_items"),
        (
            {"side_budgets": [{"resource": "hours", "limit": 1}]},
            "#/side_budgets/0/resource",
            "hour",
        ),
        ({"baselines": ["magic"]}, "#/baselines/0", "random"),
        ({"constraints": {"include": ["floor_0/room 0"] * 2}}, "#/constraints", "include"),
    ],
)
def test_rules_that_cannot_be_kept_are_named(
    client: TestClient, ready: str, change: dict[str, Any], pointer: str, words: str
) -> None:
    """Unknown ids, contradictions and what no budget pays for are 422 problems that say which."""
    answer = client.post(f"/v1/datasets/{ready}/seeds", json={"budget": {"limit": 9}, **change})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert words in answer.json()["detail"]


def test_simpler_ways_are_worth_no_more(ask: Ask) -> None:
    """Random and greedy selections are measured by the seed's own objective."""
    seed = ask({"budget": {"limit": 15}, "baselines": ["random", "greedy"]})
    random, greedy = seed["baselines"]["random"], seed["baselines"]["greedy"]
    assert random["draws"] == 20
    assert random["lowest"] <= random["objective"] <= random["highest"]
    for baseline in (random, greedy):
        assert baseline["highest"] <= seed["objective"] + 1e-12
        assert baseline["total_cost"] <= 15


def test_a_random_selection_keeps_the_rules(ask: Ask) -> None:
    """Where minimums make a random selection unlikely, only those that keep them are counted."""
    rules = {"include": ["floor_0/room 2"], "groups": [{"group": "floor_1", "min": 1, "max": 1}]}
    seed = ask({"budget": {"limit": 6}, "constraints": rules, "baselines": ["random"]})
    assert 0 < seed["baselines"]["random"]["draws"] <= 20
    assert seed["baselines"]["random"]["highest"] <= seed["objective"] + 1e-12


@pytest.mark.parametrize("nested", [False, True])
def test_a_frontier_is_the_seeds_of_its_budgets(
    client: TestClient,
    ready: str,
    ask: Ask,
    nested: bool,  # noqa: FBT001 both cases
) -> None:
    """Each point is within its bound of the seed for that budget; nested ones only add."""
    body = {
        "budgets": {"from": 0.2, "to": 1.0, "steps": 5},
        "objective": "seedal",
        "nested": nested,
        "baselines": ["greedy"],
    }
    answer = client.post(f"/v1/datasets/{ready}/frontiers", json=body)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    chosen: set[str] = set()
    worth = -1.0
    for point in found["points"]:
        assert not (nested and point["removed"])
        chosen = (chosen | set(point["added"])) - set(point["removed"])
        seed = ask({"budget": {"limit": point["budget"]["limit"]}})
        assert len(chosen) == point["scene_count"]
        assert worth <= point["objective"] <= seed["objective"] + 1e-9
        assert seed["objective"] <= point["upper_bound"] + 1e-9
        assert nested or point["gap"] <= 0.01
        assert point["total_cost"] <= point["budget"]["limit"] * (1 + 1e-9)
        assert "greedy" in point["baselines"]
        worth = point["objective"]
    assert found["knee"] is None  # pairs of scenes: the curve rises ever faster
    assert client.get(f"/v1/frontiers/{found['id']}").json() == found
    assert client.post(f"/v1/datasets/{ready}/frontiers", json=body).json() == found


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_frontier_takes_every_objective_and_rule(
    client: TestClient, ready: str, objective: str
) -> None:
    """Under a further rule each is solved budget by budget, and more budget is never worse."""
    body = {
        "budgets": [{"limit": 6}, {"limit": 12}, {"fraction": 1.0}],
        "objective": objective,
        "constraints": {"exclude": ["floor_0/room 0"]},
    }
    answer = client.post(f"/v1/datasets/{ready}/frontiers", json=body)
    assert answer.status_code == 201, answer.text
    points = answer.json()["points"]
    assert [p["objective"] for p in points] == sorted(p["objective"] for p in points)
    assert all("floor_0/room 0" not in point["added"] for point in points)
    refused = client.post(f"/v1/datasets/{ready}/frontiers", json={**body, "nested": True})
    assert refused.status_code == 422
    assert "Nested frontiers are for" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("budgets", "words"),
    [
        ([], "at least 1"),
        ([{"limit": 1}] * 201, "at most 200"),
        ({"from": 0.5, "to": 0.1, "steps": 3}, "from must be below to"),
        ({"from": 0.1, "to": 0.5, "steps": 1000}, "200"),
        ({"from": 0.1, "to": 1.5, "steps": 5}, "1"),
    ],
)
def test_budgets_that_are_none_are_refused(
    client: TestClient, ready: str, budgets: object, words: str
) -> None:
    """Too many, too few, or a range that is none: 422."""
    answer = client.post(f"/v1/datasets/{ready}/frontiers", json={"budgets": budgets})
    assert answer.status_code == 422
    assert words in json.dumps(answer.json())


@pytest.mark.parametrize("rules", [{}, {"labelled": ["floor_0/room 2", "floor_1/room 1"]}])
def test_a_seed_tells_what_its_scenes_stand_for(
    client: TestClient, ask: Ask, signatures: Signatures, rules: dict[str, Any]
) -> None:
    """As many as the seed says, each scene outside once, by cosine, the most alike first."""
    seed = ask({"budget": {"limit": 10}, "constraints": rules})
    unit = signatures.vectors / np.linalg.norm(signatures.vectors, axis=1, keepdims=True)
    places = {name: place for place, name in enumerate(signatures.scene_ids)}
    company = [*_ids(seed), *rules.get("labelled", [])]
    told: list[str] = []
    for scene in seed["scenes"]:
        answer = client.get(
            f"/v1/seeds/{seed['id']}/represented", params={"scene_id": scene["scene_id"]}
        )
        assert answer.status_code == 200, answer.text
        assert "immutable" in answer.headers["Cache-Control"]
        found = answer.json()
        assert found["total"] == scene["represents"] == len(found["items"])
        alike = [item["similarity"] for item in found["items"]]
        assert alike == sorted(alike, reverse=True)
        for item in found["items"]:
            cosines = unit @ unit[places[item["scene_id"]]]
            assert item["similarity"] == pytest.approx(cosines[places[scene["scene_id"]]], abs=1e-6)
            assert max(company, key=lambda name: cosines[places[name]]) == scene["scene_id"]
        told += [item["scene_id"] for item in found["items"]]
    assert len(told) == len(set(told))
    assert not set(told) & set(company)
    assert rules or len(told) == 9 - len(company)


def test_near_misses_come_with_the_seed(client: TestClient, ask: Ask) -> None:
    """What is left names cost and group, and one of the seed that it looks like; k is kept."""
    seed = ask({"budget": {"limit": 10}, "constraints": {"exclude": ["floor_0/room 4"]}})
    missed = {scene["scene_id"] for scene in seed["near_misses"]}
    assert len(missed) == 9 - 1 - len(seed["scenes"])
    assert not missed & {*_ids(seed), "floor_0/room 4"}
    for scene in seed["near_misses"]:
        assert scene["represented_by"] in _ids(seed)
        assert (scene["cost"], scene["group"]) == (3, scene["scene_id"].partition("/")[0])
    busiest = max(seed["scenes"], key=lambda scene: scene["represents"])
    path = f"/v1/seeds/{seed['id']}/represented"
    one = client.get(path, params={"scene_id": busiest["scene_id"], "k": 1}).json()
    assert (one["total"], len(one["items"])) == (busiest["represents"], 1)


def test_only_scenes_of_a_seed_stand_for_others(client: TestClient, ask: Ask) -> None:
    """A scene outside of the seed, and a seed that is none, are 404; no scene at all is 422."""
    seed = ask({"budget": {"limit": 10}})
    path = f"/v1/seeds/{seed['id']}/represented"
    outside = seed["near_misses"][0]["scene_id"]
    for url, name in ((path, outside), ("/v1/seeds/none/represented", "none")):
        answer = client.get(url, params={"scene_id": name})
        assert (answer.status_code, repr(name) in answer.json()["detail"]) == (404, True)
    assert client.get(path).status_code == 422


def test_the_objectives_are_listed_as_the_table_has_them(client: TestClient) -> None:
    """Whoever offers a choice finds each objective with its words and its promises, in order."""
    answer = client.get("/v1/objectives")
    assert answer.status_code == 200
    listed = answer.json()["items"]
    assert [one["name"] for one in listed] == list(OBJECTIVES)
    for one in listed:
        known = OBJECTIVES[one["name"]]
        assert one.pop("has_certificates") is True
        assert one == {member: getattr(known, member) for member in one}


def test_an_unknown_frontier_is_not_found(client: TestClient) -> None:
    """What does not exist is a 404 problem."""
    assert client.get("/v1/frontiers/none").status_code == 404


@pytest.mark.parametrize(
    "rules", [{}, {"labelled": ["floor_0/room 2"], "exclude": ["floor_1/room 3"]}]
)
def test_a_proof_can_be_checked_elsewhere(
    client: TestClient,
    ask: Ask,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rules: dict[str, Any],
) -> None:
    """`seedal verify` accepts problem and certificate, and refuses a certificate that lies."""
    seed = ask(
        {
            "budget": {"limit": 12},
            "constraints": rules,
            "side_budgets": [{"resource": "images", "limit": 9}],
        }
    )
    problem, proof = tmp_path / "problem.npz", tmp_path / "certificate.json"
    problem.write_bytes(client.get(f"/v1/seeds/{seed['id']}/problem").content)
    certificate = client.get(f"/v1/seeds/{seed['id']}/certificate").json()
    proof.write_text(json.dumps(certificate))
    capsys.readouterr()
    assert seedal(["verify", str(problem), str(proof), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "optimal"
    certificate["objective"] *= 1.01
    proof.write_text(json.dumps(certificate))
    assert seedal(["verify", str(problem), str(proof)]) == 1
