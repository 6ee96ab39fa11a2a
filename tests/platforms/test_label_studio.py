"""What a real Label Studio does with a seed: who is served what, and what comes back."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import PIL.Image
import pytest
from label_studio_server import OTHER, OWNER, TOKENS, LabelStudioServer

from app.exports.media import MediaRules
from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelState
from app.operations.wire import PushReport
from app.platforms.label_studio import LabelStudio, ProjectSetup
from app.platforms.label_studio_plans import Mode
from app.platforms.label_studio_projects import connect
from app.platforms.seam import push
from features.sources.scenes import Image

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

ODD = ("a/b", 'it\'s "so"', "🛋 sofa", "x" * 500, "=1+1", "ä\u0308")


def _seed(*ids: str, name: str = "seed-1") -> ExportableSeed:
    return ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=tuple(
            ExportScene(scene_id=one, cost=1.0, images=(Image("https://host/a.jpg"),))
            for one in ids
        ),
        chosen=ids,
        summary={"id": name, "dataset_id": "d1"},
    )


def _open(server: LabelStudioServer, project: str, **how: Any) -> LabelStudio:  # noqa: ANN401
    return LabelStudio(connect(server.url, TOKENS[OWNER]), project, **how)


def _push(server: LabelStudioServer, project: str, seed: ExportableSeed) -> PushReport:
    with _open(server, project) as platform:
        return push(platform, seed)


def _pool(server: LabelStudioServer, title: str, ids: Sequence[str]) -> int:
    """Make a project that has a pool already."""
    config = (
        '<View><Image name="i" value="$image"/>'
        '<Choices name="c" toName="i"><Choice value="a"/></Choices></View>'
    )
    body = {"title": title, "label_config": config, "sampling": "Sequential sampling"}
    project = int(server.ask("POST", "/api/projects/", json=body)["id"])
    rows = [{"data": {"image": "https://host/a.jpg", "scene_id": name}} for name in ids]
    server.ask("POST", f"/api/projects/{project}/import", json=rows)
    return project


def test_a_new_project_serves_the_seed_in_rank_order(label_studio: LabelStudioServer) -> None:
    """One annotator gets the scenes of any name in rank order."""
    report = _push(label_studio, "new:One annotator", _seed(*ODD))
    assert [name for _, name in label_studio.served(int(report.project), OWNER)] == list(ODD)


def test_two_annotators_share_the_seed_in_rank_order(label_studio: LabelStudioServer) -> None:
    """Two annotators get different scenes, the better ranks first."""
    ids = [f"scene {number}" for number in range(8)]
    report = _push(label_studio, "new:Two annotators", _seed(*ids))
    served = label_studio.served(int(report.project), OWNER, OTHER)
    assert [name for _, name in served] == ids
    assert {user for user, _ in served} == {OWNER, OTHER}


def test_scores_serve_the_seed_first(label_studio: LabelStudioServer) -> None:
    """A pool that is there is served in rank order first, and the others after it."""
    ids = [f"scene {number}" for number in range(12)]
    project = _pool(label_studio, "A pool", ids)
    seed = _seed("scene 7", "scene 2", "scene 11")
    report = _push(label_studio, str(project), seed)
    assert report.mode == Mode.SCORES
    served = [name for _, name in label_studio.served(project, OWNER)]
    assert served[:3] == list(seed.chosen)
    assert sorted(served) == sorted(ids)


def test_pushing_twice_changes_nothing(label_studio: LabelStudioServer) -> None:
    """After a second push, tasks, tabs and scores are byte by byte what they were."""
    for project, mode in (("new:Twice", Mode.TASKS), (None, Mode.SCORES)):
        name = project or str(_pool(label_studio, "Twice scored", ["a", "b", "c"]))
        with _open(label_studio, name, mode=mode) as platform:
            first = push(platform, _seed("b", "a"))
        before = _everything(label_studio, first.project)
        with _open(label_studio, name, mode=mode) as platform:
            second = push(platform, _seed("b", "a"))
        assert (second.created, second.updated, second.unchanged) == (0, 0, 2)
        assert _everything(label_studio, first.project) == before


def _everything(server: LabelStudioServer, project: str) -> list[Any]:
    asked = {"project": project, "page_size": 100, "include": "id,data,meta,updated_at"}
    return [
        server.ask("GET", "/api/tasks/", params=asked)["tasks"],
        server.ask("GET", "/api/dm/views/", params={"project": project}),
        server.ask("GET", "/api/predictions/", params={"project": project}),
    ]


def test_a_later_seed_changes_ranks_and_tab(label_studio: LabelStudioServer) -> None:
    """After a second seed each scene has one task, and the ranks are the second seed's."""
    _push(label_studio, "new:Two seeds", _seed("a", "b", "c"))
    report = _push(label_studio, "new:Two seeds", _seed("c", "d", name="seed-2"))
    asked = {"project": report.project, "page_size": 100, "include": "id,data"}
    tasks = label_studio.ask("GET", "/api/tasks/", params=asked)["tasks"]
    ranks = {task["data"]["scene_id"]: task["data"]["seedal_rank"] for task in tasks}
    assert ranks == {"a": None, "b": None, "c": 1, "d": 2}
    assert report.first == ("a", "b", "c", "d")
    served = label_studio.served(int(report.project), OWNER)
    assert [name for _, name in served] == list(report.first)


def test_a_project_shows_files_of_its_host(label_studio: LabelStudioServer) -> None:
    """Images that lie on the server's host are served to who works on the project."""
    folder = label_studio.pool / "scenes"
    folder.mkdir(parents=True)
    picture = folder / "a b.png"
    PIL.Image.new("RGB", (8, 8)).save(picture)
    scene = ExportScene(scene_id="a", cost=1.0, images=(Image("/here/scenes/a b.png"),))
    seed = replace(_seed("a"), scenes=(scene,))
    opened = MediaRules.parse(["/here=/data/local-files/?d="]).opened(seed)
    for _ in range(2):
        setup = ProjectSetup(local_files=[str(folder)])
        with _open(label_studio, "new:Local files", setup=setup) as platform:
            report = push(platform, opened)
    shown = label_studio.ask("GET", f"/api/tasks/{report.tasks['a']}/")["data"]["image"]
    answer = httpx2.get(
        label_studio.url + shown, headers={"Authorization": f"Token {TOKENS[OTHER]}"}
    )
    assert answer.content == picture.read_bytes()


def test_states_come_back(label_studio: LabelStudioServer) -> None:
    """What is labelled is labelled, what is skipped is not, and what is deleted is gone."""
    report = _push(label_studio, "new:States", _seed("a", "b", "c", "d"))
    tasks = {name: int(task) for name, task in report.tasks.items()}
    label_studio.annotate(tasks["a"])
    label_studio.annotate(tasks["b"], skipped=True)
    taken_back = label_studio.annotate(tasks["c"])
    label_studio.ask("DELETE", f"/api/annotations/{taken_back}/")
    label_studio.ask("DELETE", f"/api/tasks/{tasks['d']}/")
    with _open(label_studio, report.project) as platform:
        heard = platform.heard(None, None)
    states = {(event.scene_id, event.state) for event in heard.events}
    assert states == {
        ("a", LabelState.QUEUED),
        ("a", LabelState.LABELLED),
        ("b", LabelState.QUEUED),
        ("b", LabelState.SKIPPED),
        ("c", LabelState.QUEUED),
    }
    assert [dict(event.spent) for event in heard.events if event.spent] == [{"seconds": 2.5}] * 2


def test_thousands_of_tasks_are_read_page_by_page(label_studio: LabelStudioServer) -> None:
    """A project of more tasks than a page has is known whole."""
    ids = [f"scene {number}" for number in range(2_100)]
    project = _pool(label_studio, "Thousands", ids)
    with _open(label_studio, str(project)) as platform:
        tasks = platform.remote()
    assert {str(task.data["scene_id"]) for task in tasks} == set(ids)


@contextmanager
def _killing(server: LabelStudioServer, victim: list[subprocess.Popen[bytes]]) -> Iterator[str]:
    """Pass requests on; kill the client once its import has been carried out."""

    class Proxy(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            names = ("Authorization", "Content-Type", "Accept")
            answer = httpx2.request(
                self.command,
                server.url + self.path,
                content=self.rfile.read(length),
                headers={name: self.headers[name] for name in names if self.headers[name]},
                timeout=60,
            )
            if self.command == "POST" and "/import?" in self.path:
                assert answer.is_success
                os.kill(victim[0].pid, signal.SIGKILL)
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = _pass  # noqa: N815  http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}"
        finally:
            proxy.shutdown()


def test_a_push_that_is_killed_doubles_nothing(
    label_studio: LabelStudioServer, tmp_path: Path
) -> None:
    """After ``kill -9`` between the import and its answer, another push finds what is there."""
    seed, token = tmp_path / "seed.jsonl", tmp_path / "token"
    seed.write_text(
        "".join(
            f'{{"scene_id": "{name}", "cost": 1, "images": [{{"uri": "https://host/a.jpg"}}]}}\n'
            for name in ("a", "b", "c")
        )
    )
    token.write_text(TOKENS[OWNER])
    words = [
        "push",
        "label-studio",
        str(seed),
        "--token-file",
        str(token),
        "--project",
        "new:Killed",
    ]
    command = [sys.executable, "-m", "app.cli.main", *words]
    victim: list[subprocess.Popen[bytes]] = []
    with _killing(label_studio, victim) as url:
        victim.append(subprocess.Popen([*command, "--url", url]))
        assert victim[0].wait(60) == -signal.SIGKILL
    again = subprocess.run(
        [*command, "--url", label_studio.url, "--json"], check=True, capture_output=True, text=True
    )
    report = PushReport.model_validate_json(again.stdout)
    assert (report.created, report.unchanged) == (0, 3)
    served = label_studio.served(int(report.project), OWNER)
    assert [name for _, name in served] == ["a", "b", "c"]
