"""What the service refuses: status, type, sentence and pointer of each kind of mistake."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from doors import run_seedal
from http_service import SCENES, Service, answer_of, serving, vectors
from sources_on_disk import PLACE
from stored import Golden, Plain

BUDGET: Final = {"budget": {"limit": 600}}
RANGE: Final = {"from": 0.1, "to": 0.5, "steps": 3}

SEEDS: Final[dict[str, object]] = {
    "no object": [],
    "no budget": {},
    "an empty budget": {"budget": {}},
    "two budgets": {"budget": {"limit": 5, "fraction": 0.5}},
    "a budget of nothing": {"budget": {"limit": 0}},
    "a budget that is a text": {"budget": {"limit": "5"}},
    "a budget that is a truth": {"budget": {"limit": True}},
    "more than everything": {"budget": {"fraction": 1.5}},
    "a budget below the cheapest scene": {"budget": {"limit": 2.5}},
    "an unknown member": {**BUDGET, "wishes": []},
    "an unknown resource": {**BUDGET, "resource": "days"},
    "an unknown objective": {**BUDGET, "objective": "beauty"},
    "an unknown strategy": {**BUDGET, "strategy": "luck"},
    "no time": {**BUDGET, "time_limit_s": 0},
    "too much time": {**BUDGET, "time_limit_s": 101},
    "a negative gap": {**BUDGET, "gap": -0.1},
    "half a random seed": {**BUDGET, "random_seed": 1.5},
    "an unknown baseline": {**BUDGET, "baselines": ["magic"]},
    "an unknown scene": {**BUDGET, "constraints": {"include": ["nowhere"]}},
    "a scene that is a number": {**BUDGET, "constraints": {"exclude": [0, 1]}},
    "a scene twice": {**BUDGET, "constraints": {"include": ["room/0", "room/0"]}},
    "an unknown group": {**BUDGET, "constraints": {"groups": [{"group": "x", "min": 1}]}},
    "a group without a name": {**BUDGET, "constraints": {"groups": [{"min": 1}]}},
    "an unknown side resource": {**BUDGET, "side_budgets": [{"resource": "days", "limit": 1}]},
    "a negative side budget": {**BUDGET, "side_budgets": [{"resource": "hours", "limit": -1}]},
    "included and excluded": {
        **BUDGET,
        "constraints": {"include": ["room/0"], "exclude": ["room/0"]},
    },
    "more scenes than the budget pays": {**BUDGET, "constraints": {"min_scenes": 13}},
    "more at least than at most": {**BUDGET, "constraints": {"min_scenes": 3, "max_scenes": 2}},
    "a callback nowhere": {**BUDGET, "callback": {"url": "ftp://a"}},
}

FRONTIERS: Final[dict[str, object]] = {
    "no budgets": {},
    "an empty list": {"budgets": []},
    "too many": {"budgets": [{"limit": 1}] * 201},
    "a range that falls": {"budgets": {**RANGE, "to": 0.05}},
    "too many steps": {"budgets": {**RANGE, "steps": 1000}},
    "one step": {"budgets": {**RANGE, "steps": 1}},
    "beyond everything": {"budgets": {**RANGE, "to": 1.5}},
    "nested sets": {"budgets": RANGE, "nested": True, "objective": "k_center"},
}

SOURCES: Final[dict[str, dict[str, Any]]] = {
    "an unknown kind": {"source": {"kind": "nonsense", "root": "/"}},
    "no kind": {"source": {}},
    "outside of the folders": {"source": {"kind": "images", "root": "/etc"}},
    "a relative manifest": {"source": {"kind": "manifest", "uri": "scenes.jsonl"}},
    "a bucket": {"source": {"kind": "manifest", "uri": "s3://bucket/scenes.jsonl"}},
    "images outside": {
        "source": {"kind": "s3dis", "root": f"{PLACE}/s3dis", "images_root": "/etc"}
    },
    "a pattern that is too large": {
        "source": {
            "kind": "coco",
            "root": f"{PLACE}/coco",
            "scene_from": "(.{0,512}).{0,512}X",
        }
    },
    "an unknown unit": {
        "source": {"kind": "nuscenes", "root": f"{PLACE}/nuscenes", "unit": "sweep"}
    },
    "no scenes": {"source": {"kind": "inline", "scenes": []}},
    "a scene without an id": {"source": {"kind": "inline", "scenes": [{"cost": 1}]}},
    "a negative cost": {"source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": -1}]}},
    "a scene twice": {"source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}] * 2}},
    "a picture outside": {
        "source": {
            "kind": "inline",
            "scenes": [{"scene_id": "a", "cost": 1, "images": ["/etc/passwd"]}],
        }
    },
    "an unknown backbone": {
        "source": {"kind": "images", "root": f"{PLACE}/images"},
        "features": {"backbone": "nonsense"},
    },
    "no clusters": {
        "source": {"kind": "images", "root": f"{PLACE}/images"},
        "features": {"clusters": 0},
    },
    "an unknown resource": {
        "source": {"kind": "inline", "scenes": SCENES},
        "features": {"backbone": "precomputed"},
        "resource": "days",
    },
    "no name": {"name": "", "source": {"kind": "images", "root": f"{PLACE}/images"}},
}

BODIES: Final[dict[str, tuple[bytes, str]]] = {
    "half an object": (b"{", "application/json"),
    "no number": (b'{"name": NaN}', "application/json"),
    "a number that is too large": (b'{"name": 1e400}', "application/json"),
    "no Unicode": (b'{"name": "\xff"}', "application/json"),
    "half a pair": (b'{"name": "\\ud800"}', "application/json"),
    "nested too deeply": (b"[" * 100_000, "application/json"),
    "too many digits": (b"9" * 5_000, "application/json"),
    "a member twice": (b'{"name": "a", "name": "b"}', "application/json"),
    "too large": (b" " * (2**20 + 1), "application/json"),
    "a form": (b"name=a", "application/x-www-form-urlencoded"),
    "no type": (b"{}", ""),
}

PATHS: Final[dict[str, tuple[str, str]]] = {
    "no such path": ("GET", "/v2"),
    "no such method": ("PUT", "/v1/datasets"),
    "no such dataset": ("GET", "/v1/datasets/none"),
    "no dataset's scenes": ("GET", "/v1/datasets/none/scenes"),
    "no dataset's map": ("GET", "/v1/datasets/none/map"),
    "an unknown map": ("GET", "{dataset}/map?method=guess"),
    "no such seed": ("GET", "/v1/seeds/none"),
    "no seed's proof": ("GET", "/v1/seeds/none/certificate"),
    "no such frontier": ("GET", "/v1/frontiers/none"),
    "no such operation": ("GET", "/v1/operations/none"),
    "nothing to cancel": ("POST", "/v1/operations/none:cancel"),
    "nothing to delete": ("DELETE", "/v1/datasets/none"),
    "an id with a zero": ("GET", "/v1/datasets/a%00b"),
    "a token that is none": ("GET", "/v1/datasets?page_token=x"),
    "a page without an end": ("GET", "/v1/datasets?page_size=-1"),
    "no neighbours": ("GET", "{dataset}/scenes/room/1/neighbors?k=0"),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Iterator[Service]:
    """Return a service of this file's own, which may read the sources."""
    with serving(tmp_path_factory.mktemp("service"), sources) as service:
        yield service


@pytest.fixture(scope="module")
def dataset(service: Service) -> str:
    """Return the path of a dataset that is ready."""
    return f"/v1/datasets/{service.by_vectors()}"


def _holds(question: str, response: Any) -> None:  # noqa: ANN401 a response
    Golden("http_refusals").holds(question, Plain()(answer_of(response)))


@pytest.mark.parametrize("kind", SEEDS)
def test_bad_questions_stay_refused(kind: str, service: Service, dataset: str) -> None:
    """What cannot be asked of a seed is told by the golden problem document."""
    _holds(f"seed: {kind}", service.client.post(f"{dataset}/seeds", json=SEEDS[kind]))


@pytest.mark.parametrize("kind", FRONTIERS)
def test_bad_budgets_stay_refused(kind: str, service: Service, dataset: str) -> None:
    """So is what cannot be asked of a frontier."""
    _holds(f"frontier: {kind}", service.client.post(f"{dataset}/frontiers", json=FRONTIERS[kind]))


@pytest.mark.parametrize("kind", SOURCES)
def test_bad_sources_stay_refused(kind: str, service: Service) -> None:
    """So is a dataset that cannot be registered."""
    body = {"name": "golden", "features": {"backbone": "colour_grid"}} | SOURCES[kind]
    _holds(f"source: {kind}", service.client.post("/v1/datasets", json=body))


@pytest.mark.parametrize("kind", BODIES)
def test_bad_bodies_stay_refused(kind: str, service: Service) -> None:
    """So is a body that cannot be read."""
    content, media = BODIES[kind]
    headers = {"Content-Type": media}
    _holds(f"body: {kind}", service.client.post("/v1/datasets", content=content, headers=headers))


@pytest.mark.parametrize("kind", PATHS)
def test_bad_paths_stay_refused(kind: str, service: Service, dataset: str) -> None:
    """So is what does not exist."""
    method, path = PATHS[kind]
    response = service.client.request(method, path.format(dataset=dataset))
    _holds(f"path: {kind}", response)


def test_bad_vectors_stay_refused(service: Service, tmp_path: Path) -> None:
    """So are vectors that break a rule, or that nobody waits for."""
    registered, plain = service.await_vectors(), Plain()
    wrong = {"nan": np.full((1, 3), np.nan), "of another": np.ones((1, 3))}
    contents = {"no archive": b"no archive", "of too many": vectors(scenes=20)}
    for name, rows in wrong.items():
        owner = "room/0" if name == "nan" else "nowhere"
        np.savez(tmp_path / "v.npz", scene_ids=np.array([owner]), vectors=rows)
        contents[name] = (tmp_path / "v.npz").read_bytes()
    told = {name: plain(answer_of(service.upload(registered, c))) for name, c in contents.items()}
    path = f"/v1/datasets/{registered['dataset']['id']}/vectors"
    as_json = service.client.put(path, content=b"{}", headers={"Content-Type": "application/json"})
    told["as JSON"] = plain(answer_of(as_json))
    images = service.by_images({"kind": "images", "root": f"{PLACE}/images"})
    late = {"dataset": {"id": images}}
    told["for images"] = plain(answer_of(service.upload(late, vectors())))
    Golden("http_refusals").holds("vectors", told)


def test_strangers_stay_refused(tmp_path: Path) -> None:
    """Once there is a key, who has none or the wrong one gets the golden 401 or 403."""
    place = ("--data-dir", tmp_path / "data")
    scopes = ("--name", "n", "--scopes", "datasets:read")
    key = run_seedal("keys", "create", *scopes, *place).out.strip()
    with serving(tmp_path / "data", tmp_path) as service:
        client, reader, plain = service.client, {"Authorization": f"Bearer {key}"}, Plain()
        answers = {
            "no key": client.get("/v1/datasets"),
            "a wrong key": client.get("/v1/datasets", headers={"X-API-Key": "sk_no"}),
            "the key": client.get("/v1/datasets", headers=reader),
            "no right to write": client.post("/v1/datasets", json={}, headers=reader),
            "no right to seeds": client.get("/v1/seeds/x", headers=reader),
        }
        told = {name: plain(answer_of(response)) for name, response in answers.items()}
    Golden("http_refusals").holds("strangers", told)
