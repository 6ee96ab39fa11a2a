"""Near duplicates over HTTP, and the rule that one of each is enough."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.datasets.extraction import ExtractionOutcome
from features.index import index_path

Extract = Callable[[dict[str, Any]], ExtractionOutcome]


@pytest.fixture(scope="module")
def copies(pool: Path, register: Callable[..., dict[str, Any]], extract: Extract) -> str:
    """Register nine scenes of flat colours: a to c, d and e, f and g are nearly the same."""
    root = pool.parent / "copies"
    rng = np.random.default_rng(2)
    colours = {"a": "abc", "d": "de", "f": "fg", "h": "h", "i": "i"}
    for names in colours.values():
        picture = rng.integers(0, 256, (6, 8, 3)).astype(float)
        for name in names:
            (root / name).mkdir(parents=True)
            drawn = np.clip(picture + rng.normal(0, 1, picture.shape), 0, 255).astype(np.uint8)
            Image.fromarray(drawn).resize((64, 48)).save(root / name / "0.png")
    registered = register({"kind": "images", "root": str(root)})
    assert extract(registered) is ExtractionOutcome.DONE
    dataset: str = registered["dataset"]["id"]
    return dataset


def groups(client: TestClient, dataset: str, threshold: float = 0.99) -> list[list[str]]:
    """Return the scenes of every group."""
    answer = client.get(f"/v1/datasets/{dataset}/duplicates", params={"threshold": threshold})
    assert answer.status_code == 200, answer.text
    return [[scene["scene_id"] for scene in group["scenes"]] for group in answer.json()["items"]]


def ask(client: TestClient, dataset: str, **constraints: object) -> Any:  # noqa: ANN401 a response
    """Ask for a seed that pays for everything, with constraints."""
    body = {"budget": {"fraction": 1}, "constraints": constraints}
    return client.post(f"/v1/datasets/{dataset}/seeds", json=body)


def chosen(answer: Any) -> set[str]:  # noqa: ANN401 a response
    """Return the ids of a seed."""
    assert answer.status_code == 201, answer.text
    return {scene["scene_id"] for scene in answer.json()["scenes"]}


def test_duplicates_are_listed_in_groups(client: TestClient, copies: str) -> None:
    """The largest group first; each scene with the one that it is most like."""
    answer = client.get(f"/v1/datasets/{copies}/duplicates?threshold=0.99")
    found = answer.json()
    assert groups(client, copies) == [["a", "b", "c"], ["d", "e"], ["f", "g"]]
    assert (found["group_count"], found["scene_count"], found["recall"]) == (3, 7, 1.0)
    assert found["threshold"] == 0.99
    first = found["items"][0]
    assert first["size"] == 3
    for scene in first["scenes"]:
        assert scene["most_like"] in {"a", "b", "c"} - {scene["scene_id"]}
        assert scene["similarity"] >= first["weakest"] >= 0.99
        neighbours = client.get(f"/v1/datasets/{copies}/scenes/{scene['scene_id']}/neighbors?k=1")
        assert neighbours.json()["items"] == [
            {"scene_id": scene["most_like"], "similarity": scene["similarity"]}
        ]
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    again = client.get(
        f"/v1/datasets/{copies}/duplicates?threshold=0.99",
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/v1/datasets/{copies}/duplicates").json()["threshold"] == 0.95


def test_groups_come_in_pages(client: TestClient, copies: str) -> None:
    """Following the tokens, or the `Link` header, shows every group once."""
    path = f"/v1/datasets/{copies}/duplicates"
    listed, token = [], ""
    while True:
        params = {"threshold": 0.99, "page_size": 2, "page_token": token}
        answer = client.get(path, params=params)
        page = answer.json()
        listed += [group["scenes"][0]["scene_id"] for group in page["items"]]
        assert page["group_count"] == 3
        assert ("Link" in answer.headers) == bool(page["next_page_token"])
        token = page["next_page_token"] or token
        if not page["next_page_token"]:
            break
    assert listed == ["a", "d", "f"]
    other = client.get(path, params={"threshold": 0.98, "page_token": token})
    assert (other.status_code, other.json()["detail"]) == (
        422, "page_token was not given out for this listing.",
    )  # fmt: skip


@pytest.mark.parametrize("threshold", ["0.89", "1.01", "nan", "alike"])
def test_thresholds_out_of_range_are_refused(
    client: TestClient, copies: str, threshold: str
) -> None:
    """One sentence says what is allowed."""
    answer = client.get(f"/v1/datasets/{copies}/duplicates?threshold={threshold}")
    assert answer.status_code == 422
    assert "threshold" in str(answer.json()["errors"])


def test_a_dataset_that_is_not_ready_or_not_there(
    client: TestClient, register: Callable[..., dict[str, Any]], pool: Path
) -> None:
    """It is a conflict, or not found."""
    waiting = register({"kind": "images", "root": str(pool)})["dataset"]["id"]
    assert client.get(f"/v1/datasets/{waiting}/duplicates").status_code == 409
    assert client.get("/v1/datasets/nowhere/duplicates").status_code == 404


def test_datasets_of_an_earlier_version_have_duplicates_too(
    client: TestClient, copies: str
) -> None:
    """Where no index is stored it is made when it is asked for, and stored."""
    before = groups(client, copies, 0.97)
    settings = client.app.state.app_state.settings  # type: ignore[attr-defined]  # starlette knows it as ASGI
    folder = settings.cache_dir / "neighbours"
    assert {path.name for path in folder.iterdir()} <= {
        path.name for path in settings.signatures_dir.iterdir()
    }
    shutil.rmtree(folder)
    assert groups(client, copies, 0.97) == before
    assert len(list(folder.iterdir())) == 1
    assert index_path(settings.signatures_dir / next(folder.iterdir()).name).exists()


def test_at_most_one_of_each_is_chosen(client: TestClient, copies: str) -> None:
    """Even if the budget pays for all; the rule is told with the seed, and its proof states it."""
    answer = ask(client, copies, one_of_each_duplicate=0.99)
    seed = answer.json()
    found = chosen(answer)
    assert len(found) == 5
    assert all(len(found & set(group)) == 1 for group in groups(client, copies))
    assert seed["constraints"]["one_of_each_duplicate"] == 0.99
    proof = client.get(f"/v1/seeds/{seed['id']}/certificate").json()
    assert [group["name"] for group in proof["constraints"]["groups"]] == [
        "duplicates of a", "duplicates of d", "duplicates of f",
    ]  # fmt: skip
    assert len(chosen(ask(client, copies))) == 9


def test_duplicates_of_labelled_and_included_scenes(client: TestClient, copies: str) -> None:
    """What looks like a labelled scene is left; an included one is the one of its group."""
    rule = {"one_of_each_duplicate": 0.99}
    found = chosen(ask(client, copies, labelled=["a"], include=["e"], **rule))
    assert not found & {"a", "b", "c", "d"}
    assert "e" in found
    for asked in ({"include": ["d", "e"]}, {"include": ["e"], "labelled": ["d"]}):
        answer = ask(client, copies, **asked, **rule)
        problem = answer.json()
        assert (answer.status_code, problem["type"].rpartition(":")[2]) == (422, "infeasible")
        assert "'d'" in problem["detail"]
        assert "'e'" in problem["detail"]
        assert "near duplicates at 0.99" in problem["detail"]


def test_limits_on_groups_hold_beside_the_rule(
    client: TestClient,
    pool: Path,
    register: Callable[..., dict[str, Any]],
    extract: Extract,
    copies: str,
) -> None:
    """A group that shares scenes with duplicates may have a max; a min is refused by name."""
    scenes = [
        {
            "scene_id": name, "cost": 1, "group": "left" if name in "abdfh" else "right",
            "images": [(pool.parent / "copies" / name / "0.png").as_uri()],
        }
        for name in "abcdefghi"
    ]  # fmt: skip
    registered = register({"kind": "inline", "scenes": scenes})
    assert extract(registered) is ExtractionOutcome.DONE
    dataset = registered["dataset"]["id"]
    assert groups(client, dataset) == groups(client, copies)
    rule = {"one_of_each_duplicate": 0.99}
    found = chosen(ask(client, dataset, groups=[{"group": "left", "max": 1}], **rule))
    assert len(found) == 5
    assert len(found & set("abdfh")) == 1
    assert all(len(found & set(group)) == 1 for group in groups(client, dataset))
    answer = ask(client, dataset, groups=[{"group": "left", "min": 1}], **rule)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Group 'left' shares scenes with near duplicates;")


@pytest.mark.parametrize("value", [0.5, 1.5, "0.95", True])
def test_a_rule_out_of_range_is_refused(client: TestClient, copies: str, value: object) -> None:
    """The member is named."""
    answer = ask(client, copies, one_of_each_duplicate=value)
    assert answer.status_code == 422
    assert "one_of_each_duplicate" in answer.text


def test_every_budget_of_a_frontier_keeps_the_rule(client: TestClient, copies: str) -> None:
    """The largest budget buys one scene of each group and no more."""
    body = {
        "budgets": [{"fraction": 0.3}, {"fraction": 1}],
        "constraints": {"one_of_each_duplicate": 0.99},
    }
    answer = client.post(f"/v1/datasets/{copies}/frontiers", json=body)
    assert answer.status_code == 201, answer.text
    assert [point["scene_count"] for point in answer.json()["points"]] == [2, 5]
