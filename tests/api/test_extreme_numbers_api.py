"""Numbers at the ends of what JSON can say: an answer or one sentence, never a 500."""

import io
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.choosing.objectives import OBJECTIVES
from app.datasets.extraction import ExtractionOutcome

Register = Callable[..., dict[str, Any]]
Extract = Callable[[dict[str, Any]], ExtractionOutcome]

TINY, HUGE = 5e-324, 1.7e308
SIZES = {
    "free": [0.0] * 6,
    "partly free": [0.0, 0.0, 1.0, 2.0, 3.0, 4.0],
    "small": [1e-90 * (k + 1) for k in range(6)],
    "large": [1e89 * (k + 1) for k in range(6)],
    "far apart": [1e-90, 1e-45, 1.0, 1e30, 1e60, 1e90],
}
BUDGETS: list[dict[str, float]] = [
    *({"fraction": part} for part in (TINY, 1e-300, 0.5, 1.0)),
    *({"limit": limit} for limit in (TINY, 1e-310, 1e-90, 3.0, 1e90, HUGE)),
]
RULES: list[dict[str, Any]] = [
    {},
    {"side_budgets": [{"resource": "h", "limit": 0}]},
    {"side_budgets": [{"resource": "h", "limit": TINY}]},
    {"side_budgets": [{"resource": "h", "limit": HUGE}]},
    {"constraints": {"groups": [{"group": "g0", "max": 10**9}]}},
    {"constraints": {"groups": [{"group": "g0", "min": 10**9}]}},
    {"constraints": {"max_scenes": 0}},
    {"constraints": {"min_scenes": 10**9}},
    {"constraints": {"labelled": ["s0"], "include": ["s0", "s1"]}},
    {"gap": HUGE, "baselines": ["random", "greedy", "kmeans"]},
    {"gap": TINY},
]


def _ready(client: TestClient, register: Register, extract: Extract, costs: list[float]) -> str:
    scenes = [
        {"scene_id": f"s{k}", "costs": {"c": cost, "h": costs[-1 - k]}, "group": f"g{k % 2}"}
        for k, cost in enumerate(costs)
    ]
    registered = register(
        {"kind": "inline", "scenes": scenes}, features={"backbone": "precomputed"}, resource="c"
    )
    stream, rng = io.BytesIO(), np.random.default_rng(0)
    ids = np.repeat([scene["scene_id"] for scene in scenes], 2)
    np.savez(stream, scene_ids=ids, vectors=rng.normal(size=(len(ids), 4)).astype(np.float32))
    dataset_id: str = registered["dataset"]["id"]
    headers = {"Content-Type": "application/x-npz"}
    path = f"/v1/datasets/{dataset_id}/vectors"
    assert client.put(path, content=stream.getvalue(), headers=headers).status_code == 202
    assert extract(registered) is ExtractionOutcome.DONE
    return dataset_id


@pytest.mark.parametrize("size", SIZES)
def test_every_question_has_an_answer_or_a_sentence(
    client: TestClient, register: Register, extract: Extract, size: str
) -> None:
    """Costs, budgets and limits from the smallest to the largest, for every objective."""
    path = f"/v1/datasets/{_ready(client, register, extract, SIZES[size])}"
    rng, answered = Random(size), 0  # noqa: S311 no secret
    for objective in OBJECTIVES:
        for _ in range(5):
            body = {"objective": objective, "budget": rng.choice(BUDGETS), "time_limit_s": 0.3}
            body |= rng.choice(RULES)
            answer = client.post(f"{path}/seeds", json=body)
            assert answer.status_code in {201, 422}, (body, answer.text)
            if answer.status_code == 422:
                assert answer.json()["detail"].endswith((".", ")")), answer.text
                continue
            answered += 1
            seed = f"/v1/seeds/{answer.json()['id']}"
            for what in ("", "/certificate", "/problem", "/export?format=csv"):
                got = client.get(f"{seed}{what}")
                assert got.status_code in {200, 422}, (body, what, got.text)
        budgets = rng.sample(BUDGETS, 3)
        body = {"objective": objective, "budgets": budgets, "time_limit_s": 0.3}
        answer = client.post(f"{path}/frontiers", json=body)
        assert answer.status_code in {201, 422}, (body, answer.text)
    assert answered >= 8
    for what in ("", "/map", "/duplicates", "/scenes", "/seeds", "/scenes/s0/neighbors"):
        assert client.get(f"{path}{what}").status_code == 200


@pytest.mark.parametrize("cost", [1e308, 1e91, 1e-91, 1e-310, TINY])
def test_costs_that_cannot_be_worked_with_are_refused_at_the_door(
    client: TestClient, cost: float
) -> None:
    """The rule and the scene are named, and nothing is registered."""
    scenes = [{"scene_id": name, "costs": {"hours": cost}} for name in "ab"]
    body = {"name": "x", "source": {"kind": "inline", "scenes": scenes}}
    answer = client.post("/v1/datasets", json=body)
    assert answer.status_code == 422
    rule = "scenes[0]: a cost (hours) must be 0 or between 1e-90 and 1e+90"
    assert answer.json()["detail"].startswith(rule)


@pytest.mark.parametrize("number", [2**63, 2**64, 10**30, 10**9 + 1])
def test_numbers_of_scenes_have_an_end(client: TestClient, ready: str, number: int) -> None:
    """More scenes than there can be are a 422 that names the member, not an overflow."""
    for rules, pointer in (
        ({"min_scenes": number}, "#/constraints/min_scenes"),
        ({"max_scenes": number}, "#/constraints/max_scenes"),
        ({"groups": [{"group": "floor_0", "max": number}]}, "#/constraints/groups/0/max"),
        ({"groups": [{"group": "floor_0", "min": number}]}, "#/constraints/groups/0/min"),
    ):
        body = {"budget": {"fraction": 0.5}, "constraints": rules}
        answer = client.post(f"/v1/datasets/{ready}/seeds", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("place", "pointer"),
    [
        ({"name": "a\0"}, "#/name"),
        (
            {"source": {"kind": "coco", "root": "/x.json", "scene_from": "\0"}},
            "#/source/scene_from",
        ),
        (
            {"source": {"kind": "inline", "scenes": [{"scene_id": "a\0", "cost": 1}]}},
            "#/source/scenes/0/scene_id",
        ),
        (
            {"source": {"kind": "inline", "scenes": [{"scene_id": "a", "meta": {"b": ["\0"]}}]}},
            "#/source/scenes/0/meta/b/0",
        ),
        ({"source": {"kind": "manifest", "uri": "s3://b/\0"}}, "#/source/uri"),
        ({"callback": {"url": "http://a.example/\0"}}, "#/callback/url"),
        ({"features": {"a\0/~": 1}}, "#/features"),
    ],
)
def test_a_nul_is_refused_wherever_it_stands(
    client: TestClient, place: dict[str, Any], pointer: str
) -> None:
    """PostgreSQL holds no NUL in a text, so SQLite takes none: 422 names the member."""
    scene = {"scene_id": "a", "cost": 1}
    body = {"name": "x", "source": {"kind": "inline", "scenes": [scene]}} | place
    for path in ("/v1/datasets", "/v1/datasets:validate"):
        answer = client.post(path, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"pointer": pointer, "detail": answer.json()["detail"]},
        ]
        assert "NUL" in answer.json()["detail"]


def test_a_text_that_only_looks_like_a_nul_is_taken(client: TestClient) -> None:
    """A backslash before u0000 is a backslash."""
    scenes = rb'[{"scene_id": "a", "cost": 1}]'
    body = rb'{"name": "a\\u0000", "source": {"kind": "inline", "scenes": ' + scenes + b"}}"
    answer = client.post("/v1/datasets", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202
    assert answer.json()["dataset"]["name"] == r"a\u0000"
