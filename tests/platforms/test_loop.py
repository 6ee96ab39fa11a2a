"""The whole loop on a real Label Studio: seed, queue, labels, second seed."""

from collections.abc import Callable

import httpx2
import pytest
from label_studio_server import OWNER, LabelStudioServer
from looking import Site
from loop import ask_seed, operation, push, states
from serving import eventually

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]


@pytest.fixture
def dataset(site: Site) -> str:
    """Return a dataset of its own for each test."""
    source = {"kind": "manifest", "uri": (site.world / "scenes.jsonl").as_uri()}
    return site.register("Rounds", source)


def _work(server: LabelStudioServer, tasks: dict[str, int]) -> dict[str, str]:
    """Do what annotators do; return what is then so of the first five scenes."""
    a, b, c, d, e = list(tasks)[:5]
    server.annotate(tasks[a])
    server.annotate(tasks[b], skipped=True)
    taken_back = server.annotate(tasks[c])
    server.ask("DELETE", f"/api/annotations/{taken_back}/")
    server.annotate(tasks[d])
    server.ask("DELETE", f"/api/tasks/{tasks[d]}/")
    again = server.annotate(tasks[e], skipped=True)
    body = {"was_cancelled": False, "result": []}
    server.ask("PATCH", f"/api/annotations/{again}/", json=body)
    return {a: "labelled", b: "skipped", c: "queued", d: "removed", e: "labelled"}


def _heard(site: Site, dataset: str, wanted: dict[str, str]) -> Callable[[], bool]:
    return lambda: wanted.items() <= states(site, dataset).items()


def test_labels_pay_for_the_second_seed(
    label_studio: LabelStudioServer, site: Site, dataset: str
) -> None:
    """Webhooks fill the ledger; the second seed counts labels, pays them, and keeps the queue."""
    seed = ask_seed(site, dataset)
    report = push(site, seed["id"], "Webhooks")
    tasks = {name: int(task) for name, task in report["tasks"].items()}
    wanted = _work(label_studio, tasks)
    eventually(_heard(site, dataset, wanted), f"{states(site, dataset)} is not {wanted}")
    now = states(site, dataset)
    labelled = {name for name, state in now.items() if state == "labelled"}
    queued = {name for name, state in now.items() if state == "queued"}
    question = {
        "budget": {"fraction": 0.7, "includes_labelled": True},
        "constraints": {"labelled_from": "ledger", "keep_queued": True},
    }
    second = ask_seed(site, dataset, **question)
    chosen = {scene["scene_id"] for scene in second["scenes"]}
    assert set(second["constraints"]["labelled"]) == labelled
    assert not chosen & labelled
    assert queued <= chosen
    spent = sum(s["cost"] for s in seed["scenes"] if s["scene_id"] in labelled)
    assert second["budget"]["spent"] == pytest.approx(spent)
    again = push(site, second["id"], "Webhooks")
    there = {name for name in tasks if now[name] != "removed"}
    assert again["created"] == len(chosen - there)


def test_a_sync_hears_what_webhooks_would_have_said(
    label_studio: LabelStudioServer, site: Site
) -> None:
    """Where no webhook came, a sync leaves the ledger as the webhooks would have."""
    source = {"kind": "manifest", "uri": (site.world / "scenes.jsonl").as_uri()}
    loud, silent = (site.register(name, source) for name in ("Loud", "Silent"))
    found = {}
    for dataset, connection in ((loud, "main"), (silent, "silent")):
        report = push(site, ask_seed(site, dataset)["id"], f"Sync {connection}", connection)
        tasks = {name: int(task) for name, task in report["tasks"].items()}
        wanted = _work(label_studio, tasks)
        if connection == "main":
            eventually(_heard(site, dataset, wanted), "the webhooks do not come")
        else:
            assert set(states(site, dataset).values()) == {"queued"}
            path = f"/v1/datasets/{dataset}/syncs"
            body = {"connection": connection, "project": report["project"]}
            assert operation(site, path, **body)["sync"]["labelled_count"] == 2
        found[dataset] = site.api.get(f"/v1/datasets/{dataset}/labels").json()
    both = [{i["scene_id"]: i["state"] for i in found[name]["items"]} for name in (loud, silent)]
    assert both[0] == both[1]
    assert found[loud]["spent"] == found[silent]["spent"] == {"seconds": 7.5}


def test_a_number_that_is_used_again_labels_nobody_else(
    label_studio: LabelStudioServer, site: Site, dataset: str
) -> None:
    """A deleted task's number goes to another scene, which has none of the first one's labels."""
    report = push(site, ask_seed(site, dataset, 0.3)["id"], "Used again")
    tasks = {name: int(task) for name, task in report["tasks"].items()}
    last = max(tasks, key=lambda name: tasks[name])
    label_studio.annotate(tasks[last])
    eventually(_heard(site, dataset, {last: "labelled"}), "the label does not come")
    label_studio.ask("DELETE", f"/api/tasks/{tasks[last]}/")
    other = next(
        scene["scene_id"]
        for scene in site.api.get(f"/v1/datasets/{dataset}/scenes").json()["items"]
        if scene["scene_id"] not in tasks
    )
    rows = [{"data": {"scene_id": other, "image": "x", "images": ["x"]}}]
    path = f"/api/projects/{report['project']}/import?return_task_ids=true"
    (number,) = label_studio.ask("POST", path, json=rows)["task_ids"]
    assert number == tasks[last]
    wanted = {last: "removed", other: "queued"}
    eventually(_heard(site, dataset, wanted), f"{states(site, dataset)} is not {wanted}")


def test_images_are_shown_by_signed_addresses(
    label_studio: LabelStudioServer, site: Site, dataset: str
) -> None:
    """What a task shows can be opened by who has its address alone."""
    report = push(site, ask_seed(site, dataset, 0.3)["id"], "Signed")
    task = label_studio.ask("GET", f"/api/tasks/{next(iter(report['tasks'].values()))}/")
    answer = httpx2.get(task["data"]["image"])
    assert answer.status_code == httpx2.codes.OK
    assert answer.headers["Content-Type"].startswith("image/")


def test_a_model_url_alone_orders_a_project(
    label_studio: LabelStudioServer, site: Site, dataset: str
) -> None:
    """A project of any tasks that has our model's address serves the seed in rank order."""
    body = {"kind": "label_studio", "name": "model"}
    hook = site.api.post(f"/v1/datasets/{dataset}/hooks", json=body).json()
    scenes = site.api.get(f"/v1/datasets/{dataset}/scenes").json()["items"]
    config = (
        '<View><Text name="t" value="$scene_id"/>'
        '<Choices name="c" toName="t"><Choice value="a"/></Choices></View>'
    )
    project = label_studio.ask(
        "POST",
        "/api/projects/",
        json={"title": "A model", "label_config": config, "sampling": "Uncertainty sampling"},
    )["id"]
    rows = [{"data": {"scene_id": scene["scene_id"]}} for scene in scenes]
    label_studio.ask("POST", f"/api/projects/{project}/import", json=rows)
    question = {"budget": {"fraction": 0.5}, "objective": "seedal"}
    model = {
        "project": project,
        "url": hook["model_url"],
        "title": "seedal",
        "extra_params": question,
    }
    label_studio.ask("POST", "/api/ml/", json=model)
    path = f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}"
    label_studio.ask("POST", path, json={"selectedItems": {"all": True, "excluded": []}})
    versions = label_studio.ask("GET", f"/api/projects/{project}/model-versions/")
    (version,) = (name for name, count in versions.items() if count)
    label_studio.ask("PATCH", f"/api/projects/{project}/", json={"model_version": version})
    ranked = [scene["scene_id"] for scene in ask_seed(site, dataset)["scenes"]]
    served = [name for _, name in label_studio.served(project, OWNER)]
    assert served[: len(ranked)] == ranked
