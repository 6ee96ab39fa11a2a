"""Seeds and frontiers over HTTP: every objective, rule and way to ask."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
import pytest
from doors import run_seedal
from http_service import Service, answer_of, serving
from stored import Golden, Plain

PAPER: Final = {"objective": "seedal"}
LIMIT: Final = {"budget": {"limit": 600}, **PAPER}
OBJECTIVES: Final = (
    *("seedal", "pairwise", "centred", "facility_location", "k_center"),
    *("coverage", "spread", "balanced"),
)
RULES: Final = {
    "include": ["room/2"],
    "exclude": ["room/3", "room/4"],
    "labelled": ["room/5"],
    "min_scenes": 2,
    "max_scenes": 4,
    "groups": [{"group": "floor 0", "min": 1, "max": 2}],
}
HOURS: Final = [{"resource": "hours", "limit": 9}]

SEEDS: Final[dict[str, dict[str, Any]]] = {
    **{f"objective {name}": {**LIMIT, "objective": name} for name in OBJECTIVES},
    **{
        f"objective {name} with rules": {
            **LIMIT,
            "objective": name,
            "constraints": RULES,
            "side_budgets": HOURS,
        }
        for name in OBJECTIVES
    },
    **{
        f"strategy {name}": {**LIMIT, "strategy": name}
        for name in ("greedy", "local_search", "exact", "cp_sat", "scip", "highs", "pulp")
    },
    "a fraction": {"budget": {"fraction": 0.3}, **PAPER},
    "everything": {"budget": {"fraction": 1}, **PAPER},
    "another resource": {"budget": {"limit": 12}, "resource": "hours", **PAPER},
    "a gap": {**LIMIT, "gap": 0.1},
    "another random seed": {**LIMIT, "strategy": "local_search", "random_seed": 5},
    "include": {**LIMIT, "constraints": {"include": ["room/2", "room/3"]}},
    "exclude": {**LIMIT, "constraints": {"exclude": ["room/0", "room/1"]}},
    "labelled": {**LIMIT, "constraints": {"labelled": ["room/0", "room/1"]}},
    "numbers of scenes": {**LIMIT, "constraints": {"min_scenes": 2, "max_scenes": 3}},
    "groups": {**LIMIT, "constraints": {"groups": [{"group": "floor 1", "min": 3}]}},
    "side budgets": {**LIMIT, "side_budgets": HOURS},
    "baselines": {**LIMIT, "baselines": ["random", "greedy", "kmeans"]},
    "baselines of coverage with rules": {
        **LIMIT,
        "objective": "coverage",
        "constraints": {"include": ["room/2"], "max_scenes": 4},
        "baselines": ["random", "greedy", "kmeans"],
    },
}

FRONTIERS: Final[dict[str, dict[str, Any]]] = {
    "a range": {"budgets": {"from": 0.1, "to": 1.0, "steps": 5}, **PAPER},
    "a list": {"budgets": [{"limit": 300}, {"fraction": 0.5}], **PAPER},
    "nested": {"budgets": {"from": 0.2, "to": 0.8, "steps": 4}, "nested": True, **PAPER},
    "baselines": {
        "budgets": [{"limit": 400}, {"limit": 800}],
        "baselines": ["greedy", "random"],
        **PAPER,
    },
    "rules": {
        "budgets": [{"limit": 500}, {"limit": 900}],
        "constraints": RULES,
        "side_budgets": HOURS,
        **PAPER,
    },
    "another resource": {
        "budgets": {"from": 0.2, "to": 0.6, "steps": 3},
        "resource": "hours",
        **PAPER,
    },
    **{
        f"objective {name}": {"budgets": {"from": 0.2, "to": 0.6, "steps": 3}, "objective": name}
        for name in OBJECTIVES
        if name != "seedal"
    },
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service of this file's own."""
    folder = tmp_path_factory.mktemp("service")
    with serving(folder / "data", folder) as service:
        yield service


@pytest.fixture(scope="module")
def dataset(service: Service) -> str:
    """Return the path of a dataset that is ready."""
    return f"/v1/datasets/{service.by_vectors()}"


def _ask(service: Service, dataset: str, question: dict[str, Any]) -> dict[str, Any]:
    response = service.client.post(f"{dataset}/seeds", json={"time_limit_s": 60, **question})
    return answer_of(response)


def _seed(service: Service, dataset: str, question: dict[str, Any]) -> str:
    answer = _ask(service, dataset, question)
    assert answer["status"] == 201, answer
    return f"/v1/seeds/{answer['body']['id']}"


@pytest.mark.parametrize("question", SEEDS)
def test_seeds_stay(question: str, service: Service, dataset: str) -> None:
    """Selection, order, worth, bound, near misses, baselines and provenance are golden."""
    Golden("http_seeds").holds(question, Plain()(_ask(service, dataset, SEEDS[question])))


@pytest.mark.parametrize("question", FRONTIERS)
def test_frontiers_stay(question: str, service: Service, dataset: str) -> None:
    """So are the points of a frontier and its knee; asked for by its id it is the same."""
    body = {"time_limit_s": 60, **FRONTIERS[question]}
    response = service.client.post(f"{dataset}/frontiers", json=body)
    answer = answer_of(response)
    if answer["status"] == 201:
        assert service.client.get(answer["headers"]["Location"]).json() == answer["body"]
    Golden("http_frontiers").holds(question, Plain()(answer))


@pytest.mark.parametrize("form", ["json", "csv", "contact_sheet", "redal", "pdf"])
def test_exports_stay(form: str, service: Service, dataset: str) -> None:
    """A download's name, type and content are golden; of a picture its size."""
    seed = _seed(service, dataset, LIMIT)
    response = service.client.get(f"{seed}/export", params={"format": form})
    answer = answer_of(response)
    if answer["headers"]["Content-Type"] == "image/png":
        answer["body"] = PIL.Image.open(io.BytesIO(response.content)).size
    Golden("http_answers").holds(f"export as {form}", Plain()(answer))


def test_what_is_shown_of_a_seed_stays(service: Service, dataset: str) -> None:
    """A seed by its id, and what each of its scenes stands for, are golden."""
    seed = _seed(service, dataset, LIMIT | {"constraints": {"labelled": ["room/5"]}})
    shown = service.client.get(seed)
    chosen = [scene["scene_id"] for scene in shown.json()["scenes"]]
    answers = {"seed": answer_of(shown)}
    for scene_id in (*chosen, "nowhere"):
        path = f"{seed}/represented"
        response = service.client.get(path, params={"scene_id": scene_id, "k": 4})
        answers[f"represented by {scene_id}"] = answer_of(response)
    Golden("http_answers").holds("a seed", Plain()(answers))


@pytest.mark.parametrize("objective", ["seedal", "centred", "k_center"])
def test_proofs_stay(objective: str, service: Service, dataset: str, tmp_path: Path) -> None:
    """A certificate's claims and the problem's arrays are golden, and `seedal verify` agrees."""
    question = {**LIMIT, "objective": objective, "side_budgets": HOURS}
    seed = _seed(service, dataset, question)
    certificate = service.client.get(f"{seed}/certificate")
    problem = service.client.get(f"{seed}/problem")
    answers = {"certificate": answer_of(certificate), "problem": answer_of(problem)}
    if problem.status_code == 200:
        claims = answers["certificate"]["body"]
        claims["proof"] = sorted(claims["proof"])
        claims["problem"].pop("sha256")  # of vectors whose last digits depend on the machine
        (tmp_path / "problem.npz").write_bytes(problem.content)
        (tmp_path / "proof.json").write_text(json.dumps(certificate.json()))
        with np.load(tmp_path / "problem.npz") as arrays:
            answers["arrays"] = {
                name: [str(arrays[name].dtype), *arrays[name].shape] for name in arrays
            }
        verified = run_seedal("verify", tmp_path / "problem.npz", tmp_path / "proof.json", "--json")
        answers["verify"] = verified.answer()
        for name in ("nodes", "bounds"):  # how large a proof is depends on the machine
            answers["verify"]["out"].pop(name)
    Golden("http_answers").holds(f"proof of {objective}", Plain()(answers))


def test_the_same_question_is_the_same_answer(service: Service, dataset: str) -> None:
    """A question asked again, or under its key, is answered from what is stored."""
    post, body = service.client.post, {"budget": {"limit": 470}, **PAPER}
    key = {"Idempotency-Key": "golden"}
    answers = {
        "first": post(f"{dataset}/seeds", json=body),
        "again": post(f"{dataset}/seeds", json=body),
        "with a key": post(f"{dataset}/seeds", json=body, headers=key),
        "replayed": post(f"{dataset}/seeds", json=body, headers=key),
        "another under the key": post(f"{dataset}/seeds", json=LIMIT, headers=key),
    }
    members = ("id", "status", "objective", "total_cost", "type", "title", "detail")
    told = {}
    for name, response in answers.items():
        answer = answer_of(response)
        answer["body"] = {m: answer["body"][m] for m in members if m in answer["body"]}
        told[name] = answer
    Golden("http_answers").holds("asked again", Plain()(told))


def test_an_operation_for_who_does_not_wait_stays(service: Service, dataset: str) -> None:
    """With respond-async the answer is an operation, which can be looked at and cancelled."""
    body, prefer = {"budget": {"limit": 480}, **PAPER}, {"Prefer": "respond-async"}
    accepted = service.client.post(f"{dataset}/seeds", json=body, headers=prefer)
    path = accepted.headers["Location"]
    answers = {
        "accepted": accepted,
        "shown": service.client.get(path),
        "cancelled": service.client.post(f"{path}:cancel"),
        "cancelled again": service.client.post(f"{path}:cancel"),
        "its events": service.client.get(f"{path}/events", headers={"Last-Event-ID": "9999"}),
    }
    plain = Plain()
    told = {name: plain(answer_of(response)) for name, response in answers.items()}
    Golden("http_answers").holds("an operation", told)
