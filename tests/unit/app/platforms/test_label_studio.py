"""A seed becomes the queue of a Label Studio project, however often it is pushed."""

from dataclasses import replace

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_studio_fake import TOKEN, FakeLabelStudio

from app.exports.media import MediaRules
from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelState
from app.operations.wire import PushReport
from app.platforms.label_studio import LabelStudio, ProjectSetup
from app.platforms.label_studio_plans import Mode
from app.platforms.label_studio_projects import Project, connect
from app.platforms.seam import Match, PlatformError, push
from features.sources.scenes import Image

ODD = ("a/b", 'it\'s "so"', "🛋 sofa", "x" * 500, "=1+1", "ä\u0308")


def _seed(*ids: str, name: str = "seed-1", dataset: str = "d1") -> ExportableSeed:
    return ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=tuple(_scene(name) for name in ids),
        chosen=ids,
        summary={"id": name, "dataset_id": dataset},
    )


def _scene(name: str) -> ExportScene:
    return ExportScene(scene_id=name, cost=2.0, images=(Image(f"https://host/{name[:9]}.jpg"),))


def _open(server: FakeLabelStudio, project: str = "new:Rooms", **how: object) -> LabelStudio:
    client = connect(
        "http://label-studio.test", TOKEN, transport=server.transport, sleep=lambda _: None
    )
    return LabelStudio(client, project, **how)  # type: ignore[arg-type]


def _push(server: FakeLabelStudio, seed: ExportableSeed, **how: object) -> PushReport:
    return push(_open(server, **how), seed)  # type: ignore[arg-type]


def test_a_new_project_is_served_in_rank_order() -> None:
    """Scenes of any name become tasks whose queue is the seed's order."""
    server = FakeLabelStudio()
    report = _push(server, _seed(*ODD))
    assert server.queue(int(report.project)) == list(ODD)
    assert (report.created, report.updated, report.unchanged) == (len(ODD), 0, 0)
    assert report.first == ODD
    assert set(report.tasks) == set(ODD)


def test_pushing_twice_changes_nothing() -> None:
    """A second push of the same seed sends no change."""
    server = FakeLabelStudio()
    _push(server, _seed("a", "b"))
    server.requests.clear()
    report = _push(server, _seed("a", "b"))
    assert (report.created, report.updated, report.unchanged) == (0, 0, 2)
    assert all(request.startswith("GET") for request in server.requests)
    assert len(server.projects) == len(server.views) == 1


@pytest.mark.parametrize("lost", ["POST /api/projects/1/import", "POST /api/dm/views/"])
def test_a_lost_answer_doubles_nothing(lost: str) -> None:
    """Where an answer is lost after the server did its work, the push finds what is there."""
    server = FakeLabelStudio(lost=[lost])
    report = _push(server, _seed("a", "b"))
    assert server.queue(1) == ["a", "b"]
    assert set(report.tasks) == {"a", "b"}
    assert len(server.views) == 1


def test_a_push_that_was_killed_is_finished_by_the_next() -> None:
    """Tasks that an earlier push made before it died are not made again."""
    server = FakeLabelStudio()
    platform = _open(server)
    seed = _seed("a", "b", "c")
    plan = platform.plan(_seed("a", "b"), platform.remote())
    platform.apply(_seed("a", "b"), plan)
    report = _push(server, seed)
    assert (report.created, len(server.tasks)) == (1, 3)


def test_a_later_seed_moves_what_is_there() -> None:
    """Ranks are the later seed's alone, and the report says what is served before it."""
    server = FakeLabelStudio()
    _push(server, _seed("a", "b", "c"))
    report = _push(server, _seed("c", "d", name="seed-2"))
    ranks = {
        task["data"]["scene_id"]: task["data"]["seedal_rank"] for task in server.tasks.values()
    }
    assert ranks == {"a": None, "b": None, "c": 1, "d": 2}
    assert report.first == tuple(server.queue(1)) == ("a", "b", "c", "d")
    assert "2 tasks of earlier seeds" in report.warnings[0]
    assert "mode scores" in report.warnings[1]


def test_each_seed_has_a_tab_of_its_own() -> None:
    """Seeds whose ids begin alike, as those of one minute do, are shown in two tabs."""
    server = FakeLabelStudio()
    for name in ("01a2322f-1111", "01a2322f-2222"):
        _push(server, _seed("a", "b", name=name))
    shown = [view["data"]["filters"]["items"][0]["value"] for view in server.views.values()]
    assert shown == ["01a2322f-1111", "01a2322f-2222"]
    assert len({view["data"]["title"] for view in server.views.values()}) == 2


def test_a_pool_that_is_there_gets_scores() -> None:
    """Tasks that no push made keep their data, and one annotator gets them in rank order."""
    server = FakeLabelStudio()
    project = server.project()
    for name in "abcd":
        server.task(project, {"scene_id": name, "image": "x"})
    before = {number: dict(task["data"]) for number, task in server.tasks.items()}
    report = _push(server, _seed("c", "a"), project=str(project))
    assert report.mode == Mode.SCORES
    assert server.queue(project) == ["c", "a"] == list(report.first)
    assert before == {number: task["data"] for number, task in server.tasks.items()}
    again = _push(server, _seed("c", "a"), project=str(project))
    assert (again.updated, again.unchanged, len(server.predictions)) == (0, 2, 2)


def test_scores_and_two_members_are_warned_of() -> None:
    """Where more users could be members, nobody is told an order that might not hold."""
    server = FakeLabelStudio(members=2)
    project = server.project(model_version="mine")
    server.task(project, {"scene_id": "a", "image": "x"})
    report = _push(server, _seed("a", "b"), project=str(project))
    assert report.first == ()
    assert any("at random" in warning for warning in report.warnings)
    assert any("'mine' gives way" in warning for warning in report.warnings)
    assert [(f.scene_id, f.reason) for f in report.failed] == [
        ("b", "The project has no task for it.")
    ]


@pytest.mark.parametrize(
    ("by", "data", "external"),
    [
        (Match.FILE_NAME, {"image": "/data/local-files/?d=pool/a.jpg"}, {}),
        (Match.EXTERNAL_IDS, {"image": "whatever"}, {"label_studio": 2}),
        (Match.EXTERNAL_IDS, {"image": "whatever"}, {"label_studio": "2"}),
    ],
)
def test_tasks_are_known_by_other_names(
    by: Match, data: dict[str, object], external: dict[str, object]
) -> None:
    """A scene finds its task by the file that both show, or by the id that the scene gives."""
    server = FakeLabelStudio()
    project = server.project()
    task = server.task(project, data)
    scene = ExportScene(
        scene_id="x", cost=1.0, images=(Image("/pool/a.jpg"),), external_ids=external
    )
    seed = ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=(scene,),
        chosen=("x",),
        summary={"id": "s", "dataset_id": "d"},
    )
    report = push(_open(server, str(project), by=by), seed)
    assert report.tasks == {"x": str(task)}
    assert report.mode == Mode.SCORES


def test_file_names_that_two_scenes_share_are_said() -> None:
    """A file name that occurs in two scenes matches neither, and the report says so."""
    server = FakeLabelStudio()
    project = server.project()
    server.task(project, {"image": "a.jpg"})
    scenes = tuple(
        ExportScene(scene_id=name, cost=1.0, images=(Image(f"/{name}/a.jpg"),)) for name in "xy"
    )
    seed = ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=scenes,
        chosen=("x", "y"),
        summary={"id": "s", "dataset_id": "d"},
    )
    report = push(_open(server, str(project), by=Match.FILE_NAME, mode=Mode.SCORES), seed)
    assert [failed.scene_id for failed in report.failed] == ["x", "y"]
    assert "share a file's name" in report.warnings[0]


def test_a_file_name_of_a_scene_that_is_not_chosen_counts_too() -> None:
    """A task that shows what any other scene of the pool may show is nobody's."""
    server = FakeLabelStudio()
    project = server.project()
    server.task(project, {"image": "a.jpg"})
    scenes = tuple(
        ExportScene(scene_id=name, cost=1.0, images=(Image(f"/{name}/a.jpg"),)) for name in "xy"
    )
    seed = replace(_seed("x"), scenes=scenes)
    report = push(_open(server, str(project), by=Match.FILE_NAME, mode=Mode.SCORES), seed)
    assert [failed.scene_id for failed in report.failed] == ["x"]
    assert server.predictions == []


def test_files_keep_their_names_behind_signed_addresses() -> None:
    """A task is known by the name that the file has in the pool, whatever address it gets."""
    server = FakeLabelStudio()
    project = server.project()
    task = server.task(project, {"image": "/data/local-files/?d=pool/a.jpg"})
    scene = ExportScene(scene_id="x", cost=1.0, images=(Image("/pool/a.jpg"),))
    seed = replace(_seed("x"), scenes=(scene,))
    opened = MediaRules().opened(seed, lambda *of: f"https://seedal.example/v1/media/{of[0]}.jpg")
    report = push(_open(server, str(project), by=Match.FILE_NAME), opened)
    assert report.tasks == {"x": str(task)}


def test_a_scene_with_two_tasks_is_warned_of() -> None:
    """The oldest of a scene's tasks is taken, and the report says that there are two."""
    server = FakeLabelStudio()
    project = server.project()
    first = server.task(project, {"scene_id": "a", "image": "x"})
    server.task(project, {"scene_id": "a", "image": "x"})
    report = _push(server, _seed("a"), project=str(project))
    assert report.tasks == {"a": str(first)}
    assert "more than one task" in report.warnings[0]


def test_tasks_of_another_dataset_are_left_alone() -> None:
    """A task that a push of another dataset made is none of ours, even of the same name."""
    server = FakeLabelStudio()
    project = str(_push(server, _seed("a", dataset="other")).project)
    report = _push(server, _seed("a", name="seed-2"), project=project)
    assert (report.created, len(server.tasks)) == (1, 2)
    assert server.tasks[min(server.tasks)]["data"]["seedal_rank"] == 1


def test_a_key_that_the_project_shows_is_filled_or_missed() -> None:
    """An image's key of any name gets the image; a key that no scene has is named, not sent."""
    server = FakeLabelStudio()
    photo = server.project(label_config='<View><Image name="i" value="$photo"/></View>')
    report = _push(server, _seed("a"), project=str(photo))
    assert server.tasks[int(report.tasks["a"])]["data"]["photo"] == "https://host/a.jpg"
    text = server.project(label_config='<View><Text name="t" value="$text"/></View>')
    report = _push(server, _seed("a"), project=str(text))
    assert report.created == 0
    assert "$text" in report.failed[0].reason


def test_a_dry_run_changes_nothing() -> None:
    """What would be done is said, and no project is made."""
    server = FakeLabelStudio()
    report = push(_open(server), _seed("a"), dry_run=True)
    assert (report.created, report.dry_run, report.project) == (1, True, "new:Rooms")
    assert (server.projects, server.tasks) == ({}, {})


def test_a_webhook_is_made_once() -> None:
    """The project tells the URL that is asked for, however often it is pushed."""
    server = FakeLabelStudio()
    for _ in range(2):
        _push(
            server, _seed("a"), setup=ProjectSetup(webhook="https://seedal.example/v1/hooks/hk_1")
        )
    assert [hook["url"] for hook in server.webhooks] == ["https://seedal.example/v1/hooks/hk_1"]


def test_folders_are_shown_once() -> None:
    """The project may show files of the folders that are asked for, however often it is pushed."""
    server = FakeLabelStudio()
    for _ in range(2):
        _push(server, _seed("a"), setup=ProjectSetup(local_files=("/pool/scenes/", "/pool/demo")))
    assert [row["path"] for row in server.storages] == ["/pool/scenes", "/pool/demo"]


def test_what_a_project_says_of_its_tasks() -> None:
    """Tasks are queued, annotations label with the time they took, and cancelled ones skip."""
    server = FakeLabelStudio()
    report = _push(server, _seed("a", "b", "c"))
    server.annotate(int(report.tasks["a"]), seconds=4.5)
    server.annotate(int(report.tasks["b"]), skipped=True)
    server.task(int(report.project), {"image": "a stranger"})
    heard = _open(server, report.project).heard(None, None)
    assert heard.ignored == 1
    assert heard.source == f"label_studio:main/{report.project}"
    said = [(event.scene_id, event.state, event.spent) for event in heard.events]
    assert said == [
        ("a", LabelState.QUEUED, {}),
        ("a", LabelState.LABELLED, {"seconds": 4.5}),
        ("b", LabelState.QUEUED, {}),
        ("b", LabelState.SKIPPED, {"seconds": 2.5}),
        ("c", LabelState.QUEUED, {}),
    ]


def test_a_personal_token_is_exchanged_and_renewed() -> None:
    """A token with two dots gives access tokens, and one that ended in the middle is renewed."""
    server = FakeLabelStudio()
    client = connect("http://ls.test", "a.b.c", transport=server.transport)
    platform = LabelStudio(client, "new:Rooms")
    server.access_tokens += 1  # the one in hand ended
    assert push(platform, _seed("a")).created == 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx2.Response(403, json={"detail": "No."}), "does not let this token do it"),
        (httpx2.Response(404, text="<!doctype html>"), "answers GET /api/projects/1/ with 404."),
        (httpx2.Response(409, json={"detail": "Busy."}), "with 409: Busy."),
        (httpx2.Response(500, json={"detail": "Can't resolve hostname."}), "Can't resolve"),
        (httpx2.Response(200, text="<html>log in</html>"), "with a page, not JSON"),
        (httpx2.Response(302, headers={"Location": "https://x/user/login"}), "give that address"),
    ],
)
def test_what_a_server_says_is_told(answer: httpx2.Response, sentence: str) -> None:
    """Whatever a server answers becomes one sentence with its address."""
    server = FakeLabelStudio(canned=[answer])
    with pytest.raises(PlatformError, match=r"http://label-studio\.test") as caught:
        _open(server, "1")
    assert sentence in caught.value.detail
    assert caught.value.detail.count("\n") == 0


def test_a_refused_token_is_told() -> None:
    """A token that was revoked ends in one sentence, after one renewal."""
    client = connect("http://ls.test", "nonsense", transport=FakeLabelStudio().transport)
    with pytest.raises(PlatformError, match="does not accept the token"):
        LabelStudio(client, "1")


@pytest.mark.parametrize(
    ("project", "sentence"),
    [("x", "give its number, or new:TITLE"), ("new:ab", "at least 3 characters"), ("9", "404")],
)
def test_a_project_that_is_none_is_told(project: str, sentence: str) -> None:
    """A project that is not there, or has no form of one, is one sentence."""
    with pytest.raises(PlatformError, match=sentence):
        _open(FakeLabelStudio(), project)


def test_two_projects_of_one_title_are_told_apart() -> None:
    """A title that two projects have names neither."""
    server = FakeLabelStudio()
    server.project(title="Rooms")
    server.project(title="Rooms")
    with pytest.raises(PlatformError, match="2 projects are called 'Rooms'"):
        _open(server)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    """A request that the server did not take is sent again after the time that it asks for."""
    waits: list[float] = []
    server = FakeLabelStudio()
    server.project()
    server.canned = [httpx2.Response(status, headers={"Retry-After": "7"})]
    client = connect("http://ls.test", TOKEN, transport=server.transport, sleep=waits.append)
    LabelStudio(client, "1")
    assert waits == [7.0]


@given(st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), min_size=1, max_size=4))
def test_any_history_of_pushes_keeps_one_task_a_scene(history: list[set[str]]) -> None:
    """After any pushes there is one task a scene, and ranks are those of the last seed."""
    server = FakeLabelStudio()
    for number, ids in enumerate(history):
        report = _push(server, _seed(*sorted(ids), name=f"seed-{number}"))
    scenes = [task["data"]["scene_id"] for task in server.tasks.values()]
    assert sorted(scenes) == sorted(set().union(*history))
    ranks = {
        task["data"]["scene_id"]: task["data"]["seedal_rank"] for task in server.tasks.values()
    }
    last = sorted(history[-1])
    assert {name: rank for name, rank in ranks.items() if rank is not None} == {
        name: place for place, name in enumerate(last, start=1)
    }
    assert list(report.first) == server.queue(1)[: len(report.first)]


def test_what_a_configuration_shows() -> None:
    """Keys are found in single and double quotes, of one image and of lists."""
    project = Project(
        None, "t", "<View><Image value='$a' name='i'/><Image valueList=\"$b\" name=\"j\"/></View>"
    )
    assert project.keys() == {"a": "Image value", "b": "Image valueList"}


def test_a_lost_answer_that_stays_lost_is_told() -> None:
    """After three answers were lost the push ends in a sentence."""
    server = FakeLabelStudio(lost=["POST /api/dm/views/"] * 5)

    def forget(request: httpx2.Request) -> httpx2.Response:
        server.views.clear()
        return server(request)

    client = connect("http://ls.test", TOKEN, transport=httpx2.MockTransport(forget))
    with pytest.raises(PlatformError, match="may have carried out"):
        push(LabelStudio(client, "new:Rooms"), _seed("a"))
