"""The ledger of labels over HTTP: what is heard, what is told, and the second round."""

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.datasets.extraction import ExtractionOutcome
from app.store.tables import OperationRow

LATER = timedelta(hours=1)
_EXAMPLES = itertools.count()
_UNHURRIED = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
START = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.fixture
def dataset(
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    pool: Path,
) -> str:
    """Return a dataset of nine scenes whose ledger is empty."""
    registered = register({"kind": "images", "root": str(pool)}, name="ledger")
    assert extract(registered) is ExtractionOutcome.DONE
    name: str = registered["dataset"]["id"]
    return name


def _scenes(client: TestClient, dataset: str) -> list[str]:
    return [s["scene_id"] for s in client.get(f"/v1/datasets/{dataset}/scenes").json()["items"]]


def _event(scene_id: str, state: str, minute: int = 0, **more: object) -> dict[str, Any]:
    at = (START + timedelta(minutes=minute)).isoformat()
    return {"scene_id": scene_id, "state": state, "at": at, **more}


def _tell(client: TestClient, dataset: str, *events: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/v1/datasets/{dataset}/labels", json={"events": events})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _states(client: TestClient, dataset: str, **query: object) -> dict[str, str]:
    answer = client.get(f"/v1/datasets/{dataset}/labels", params=query)
    assert answer.status_code == 200, answer.text
    return {item["scene_id"]: item["state"] for item in answer.json()["items"]}


def test_what_is_said_is_kept_once(client: TestClient, dataset: str) -> None:
    """The same events again, and late ones, change nothing; unknown ids are named, not refused."""
    a, b, *_ = _scenes(client, dataset)
    events = (
        _event(a, "labelled", 5, source="ls", ref="annotation:1", spent={"seconds": 12.5}),
        _event(b, "skipped", 5, source="ls", ref="annotation:2"),
        _event("nowhere", "labelled", 5),
    )
    first = _tell(client, dataset, *events)
    assert (first["accepted"], first["duplicates"], first["unknown"]) == (2, 0, ["nowhere"])
    assert (first["labelled_count"], first["version"]) == (1, 2)
    assert first["labelled_cost"] == {"images": 3.0}
    assert first["spent"] == {"seconds": 12.5}
    again = _tell(client, dataset, *events)
    late = _tell(client, dataset, _event(a, "removed", 4, source="ls", ref="annotation:1"))
    for told in (again, late):
        assert (told["accepted"], told["version"]) == (0, 2)
    assert _states(client, dataset) == {a: "labelled", b: "skipped"}
    assert _states(client, dataset, state="labelled") == {a: "labelled"}


def test_a_scene_with_two_labels_keeps_one_when_the_other_goes(
    client: TestClient, dataset: str
) -> None:
    """And a reference that is used again for another scene takes its label with it."""
    a, b, *_ = _scenes(client, dataset)
    _tell(client, dataset, *(_event(a, "labelled", 0, source="ls", ref=ref) for ref in "12"))
    _tell(client, dataset, _event(a, "removed", 1, source="ls", ref="1"))
    assert _states(client, dataset) == {a: "labelled"}
    _tell(client, dataset, _event(b, "labelled", 2, source="ls", ref="2"))
    assert _states(client, dataset) == {a: "removed", b: "labelled"}


_EVENTS = st.lists(
    st.builds(
        _event,
        st.sampled_from("012"),
        st.sampled_from(["labelled", "skipped", "queued", "removed"]),
        st.integers(0, 3),
        source=st.sampled_from(["x", "y"]),
        ref=st.sampled_from(["1", "2"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda event: (event["source"], event["ref"], event["at"]),
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=_EVENTS, order=st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_count(
    client: TestClient, ready: str, events: list[dict[str, Any]], order: random.Random
) -> None:
    """Whatever comes late or twice, the states are those of the latest event of each reference."""
    scenes = _scenes(client, ready)
    source = f"example {next(_EXAMPLES)} "
    named = [
        {**e, "scene_id": scenes[int(e["scene_id"])], "source": source + e["source"]}
        for e in events
    ]
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for event in sorted(named, key=lambda event: event["at"]):
        latest[event["source"], event["ref"]] = event
    for event in order.sample(named + named, 2 * len(named)):
        _tell(client, ready, event)
    weights = ["removed", "queued", "skipped", "labelled"]
    expected: dict[str, str] = {}
    for event in latest.values():
        known = expected.get(event["scene_id"], "removed")
        expected[event["scene_id"]] = max(known, event["state"], key=weights.index)
    found = _states(client, ready)
    assert {name: found[name] for name in expected} == expected
    for event in latest.values():  # the next example begins with nothing
        _tell(
            client, ready, {**event, "state": "removed", "at": (START + timedelta(1)).isoformat()}
        )


def test_pages_cover_all_that_is_said(client: TestClient, dataset: str) -> None:
    """In the source's order, each scene once."""
    scenes = _scenes(client, dataset)
    _tell(client, dataset, *(_event(name, "labelled") for name in scenes[1:]))
    found: list[str] = []
    token = ""
    while True:
        query = {"page_size": 3, "page_token": token} if token else {"page_size": 3}
        page = client.get(f"/v1/datasets/{dataset}/labels", params=query).json()
        found += [item["scene_id"] for item in page["items"]]
        if not (token := page["next_page_token"]):
            break
    assert found == scenes[1:]


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        ({"scene_id": "a", "state": "done"}, "#/events/0/state"),
        ({"scene_id": "a", "state": "queued", "at": "2026-11-30T08:00:00"}, "#/events/0/at"),
        ({"scene_id": "a", "state": "queued", "at": "2999-01-01T00:00:00Z"}, "#/events/0/at"),
        ({"scene_id": "a", "state": "queued", "spent": {"s": -1}}, "#/events/0/spent/s"),
        ({"scene_id": "", "state": "queued"}, "#/events/0/scene_id"),
    ],
)
def test_events_that_are_none_are_refused(
    client: TestClient, ready: str, event: dict[str, Any], pointer: str
) -> None:
    """Each names its place, and nothing of the request is kept."""
    before = client.get(f"/v1/datasets/{ready}/labels").json()["version"]
    good = {"scene_id": _scenes(client, ready)[0], "state": "queued"}
    answer = client.post(f"/v1/datasets/{ready}/labels", json={"events": [event, good]})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert client.get(f"/v1/datasets/{ready}/labels").json()["version"] == before


def test_a_second_round_knows_what_is_labelled(client: TestClient, dataset: str) -> None:
    """Labelled scenes are not in the seed, count for the budget, and are named in the answer."""
    scenes = _scenes(client, dataset)
    _tell(client, dataset, *(_event(name, "labelled") for name in scenes[:2]))
    _tell(client, dataset, _event(scenes[5], "queued"))
    body = {
        "budget": {"fraction": 5 / 9, "includes_labelled": True},
        "constraints": {"labelled_from": "ledger", "keep_queued": True},
        "objective": "facility_location",
    }
    answer = client.post(f"/v1/datasets/{dataset}/seeds", json=body)
    assert answer.status_code == 201, answer.text
    seed = answer.json()
    chosen = {scene["scene_id"] for scene in seed["scenes"]}
    assert scenes[5] in chosen
    assert len(chosen) == 3
    assert not chosen & set(scenes[:2])
    assert seed["constraints"]["labelled"] == scenes[:2]
    assert seed["constraints"]["include"] == [scenes[5]]
    assert seed["budget"]["limit"] == pytest.approx(9.0)
    assert seed["budget"]["spent"] == pytest.approx(6.0)
    assert seed["labels_version"] == 3
    # What is labelled later changes the next seed, and not this one.
    _tell(client, dataset, _event(scenes[5], "labelled", 1))
    assert client.get(f"/v1/seeds/{seed['id']}").json() == seed
    later = client.post(f"/v1/datasets/{dataset}/seeds", json=body).json()
    assert later["id"] != seed["id"]
    assert later["budget"]["spent"] == pytest.approx(9.0)


def test_a_budget_that_labels_have_used_up_buys_nothing(client: TestClient, dataset: str) -> None:
    """The answer is an empty seed, and a note says why."""
    scenes = _scenes(client, dataset)
    _tell(client, dataset, *(_event(name, "labelled") for name in scenes[:4]))
    body = {
        "budget": {"fraction": 0.2, "includes_labelled": True},
        "constraints": {"labelled_from": "ledger"},
        "objective": "facility_location",
    }
    seed = client.post(f"/v1/datasets/{dataset}/seeds", json=body).json()
    assert seed["scenes"] == []
    assert seed["status"] == "optimal"
    notes = " ".join(seed["solver"]["notes"])
    assert "Nothing is chosen: the budget of 0 is below the cheapest scene" in notes


def test_an_operation_answers_with_the_labels_of_its_moment(
    client: TestClient, dataset: str
) -> None:
    """What is labelled while it waits is for the next seed."""
    scenes = _scenes(client, dataset)
    _tell(client, dataset, _event(scenes[0], "labelled"))
    body = {
        "budget": {"fraction": 0.5, "includes_labelled": True},
        "constraints": {"labelled_from": "ledger"},
    }
    headers = {"Prefer": "respond-async"}
    answer = client.post(f"/v1/datasets/{dataset}/seeds", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with state.sessions() as session:
        stored = session.get_one(OperationRow, answer.json()["id"]).request
    assert stored["constraints"]["labelled"] == [scenes[0]]
    assert stored["budget"]["limit"] == pytest.approx(13.5 - 3.0)
