"""A seed becomes jobs of a CVAT project, however often it is pushed."""

import httpx2
import pytest
from cvat_fake import TOKEN, FakeCvat
from hypothesis import given
from hypothesis import strategies as st

from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelState
from app.operations.wire import PushReport
from app.platforms.cvat import Cvat, TaskSetup, connect
from app.platforms.cvat_files import Storage
from app.platforms.seam import LostAnswerError, PlatformError, push
from features.sources.scenes import Image

ODD = ("a/b", 'it\'s "so"', "🛋 sofa", "x" * 500, "=1+1", "ä\u0308")
BUCKET = TaskSetup(storage=Storage(3, "s3://b/kitti/manifest.jsonl"))


def _scene(name: str, folder: str = "s3://b/kitti/", ending: str = ".jpg") -> ExportScene:
    return ExportScene(scene_id=name, cost=2.0, images=(Image(f"{folder}{name}{ending}"),))


def _cloud(name: str, ending: str = ".pcd") -> ExportScene:
    return ExportScene(
        scene_id=name,
        cost=1.0,
        pointcloud=f"s3://b/kitti/pointcloud/{name}{ending}",
        images=(Image(f"s3://b/kitti/images/{name}.png"),),
    )


def _seed(
    *scenes: str | ExportScene,
    name: str = "01a22b66-one",
    dataset: str | None = "d1",
    pool: tuple[ExportScene, ...] = (),
) -> ExportableSeed:
    made = tuple(_scene(one) if isinstance(one, str) else one for one in scenes)
    return ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=(*made, *pool),
        chosen=tuple(scene.scene_id for scene in made),
        summary={"id": name, "dataset_id": dataset},
    )


def _open(server: FakeCvat, project: str = "7", setup: TaskSetup = BUCKET, **how: object) -> Cvat:
    client = connect("http://cvat.test", TOKEN, transport=server.transport, sleep=lambda _: None)
    return Cvat(client, project, setup=setup, sleep=lambda _: None, **how)  # type: ignore[arg-type]


def _push(server: FakeCvat, seed: ExportableSeed, **how: object) -> PushReport:
    return push(_open(server, **how), seed)  # type: ignore[arg-type]


def _queue(server: FakeCvat) -> list[str]:
    return [files[0].removeprefix("kitti/").removesuffix(".jpg") for files in server.queue()]


def test_jobs_are_in_rank_order() -> None:
    """Scenes of any name become jobs whose numbers grow with their ranks."""
    server = FakeCvat()
    report = _push(server, _seed(*ODD))
    assert _queue(server) == list(ODD)
    assert (report.created, report.unchanged, report.failed) == (len(ODD), 0, ())
    assert report.first == ODD
    assert report.tasks == {name: str(job) for name, job in zip(ODD, server.jobs, strict=True)}
    assert report.view_url == "http://cvat.test/tasks/11"


def test_what_a_task_is_made_of() -> None:
    """The task says which seed it is, and its data is asked for as CVAT takes it."""
    server = FakeCvat()
    setup = TaskSetup(storage=BUCKET.storage, service_url="https://seedal.example/")
    _push(server, _seed(_cloud("07_5"), _cloud("06_8")), setup=setup)
    assert server.bodies == [
        {
            "name": "Seed 01a22b66 (2 scenes)",
            "project_id": 7,
            "subset": "seed-01a22b66",
            "bug_tracker": "https://seedal.example/?seed=01a22b66-one&dataset=d1"
            "#seed=01a22b66-one&dataset=d1",
        },
        {
            "image_quality": 70,
            "use_cache": True,
            "cloud_storage_id": 3,
            "job_file_mapping": [["kitti/pointcloud/07_5.pcd"], ["kitti/pointcloud/06_8.pcd"]],
            "server_files": [
                "kitti/manifest.jsonl",
                "kitti/pointcloud/07_5.pcd",
                "kitti/pointcloud/06_8.pcd",
            ],
        },
    ]


def test_pushing_twice_changes_nothing() -> None:
    """A second push of the same seed only asks."""
    server = FakeCvat()
    first = _push(server, _seed("a", "b"))
    server.requests.clear()
    again = _push(server, _seed("a", "b"))
    assert (again.created, again.unchanged, again.failed) == (0, 2, ())
    assert again.tasks == first.tasks
    assert all(request.startswith("GET") for request in server.requests)


@pytest.mark.parametrize("lost", ["POST /api/tasks", "POST /api/tasks/11/data/"])
def test_a_lost_answer_doubles_nothing(lost: str) -> None:
    """Where an answer is lost after CVAT did its work, the push finds what is there."""
    server = FakeCvat(lost=[lost], looks=2)
    report = _push(server, _seed("a", "b"))
    assert (len(server.tasks), _queue(server)) == (1, ["a", "b"])
    assert set(report.tasks) == {"a", "b"}


def test_an_answer_that_stays_lost_is_told() -> None:
    """After three answers were lost the push ends in a sentence, and the next one finishes it."""
    server = FakeCvat()

    def forget(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            message = "lost"
            raise httpx2.ReadTimeout(message, request=request)
        return server(request)

    client = connect("http://cvat.test", TOKEN, transport=httpx2.MockTransport(forget))
    with pytest.raises(LostAnswerError, match="may have carried out"):
        push(Cvat(client, "7", setup=BUCKET), _seed("a"))
    assert _push(server, _seed("a")).created == 1


@pytest.mark.parametrize("killed_at", range(1, 9))
def test_a_push_that_was_killed_is_finished_by_the_next(killed_at: int) -> None:
    """Wherever a push dies, the next makes one task with one job a scene."""
    server = FakeCvat(looks=1)

    def die(request: httpx2.Request) -> httpx2.Response:
        if len(server.requests) == killed_at:
            raise KeyboardInterrupt
        return server(request)

    client = connect("http://cvat.test", TOKEN, transport=httpx2.MockTransport(die))
    with pytest.raises(KeyboardInterrupt):
        push(Cvat(client, "7", setup=BUCKET, sleep=lambda _: None), _seed("a", "b"))
    report = _push(server, _seed("a", "b"))
    assert (len(server.tasks), _queue(server)) == (1, ["a", "b"])
    assert set(report.tasks) == {"a", "b"}


def test_a_later_seed_becomes_another_task() -> None:
    """Scenes that have a job keep it, the others get one, and the report says who is first."""
    server = FakeCvat()
    first = _push(server, _seed("a", "b", "c"))
    server.finish(int(first.tasks["a"]))
    report = _push(server, _seed("d", "c", "a", name="02b-two", pool=(_scene("b"),)))
    assert (report.created, report.unchanged) == (1, 2)
    assert report.first == ("b", "c", "d") == tuple(_queue(server))
    assert len(report.warnings) == 2
    assert report.warnings[0].startswith("Task 11 of an earlier seed has 2 open jobs")
    assert report.warnings[1] == "2 scenes have a job of an earlier push and keep it."
    assert set(report.tasks) == {"c", "d"}  # a is done: nobody is to think that it is queued


def test_jobs_of_scenes_that_a_stored_seed_does_not_have_are_numbers() -> None:
    """Where the rest of the pool is not known, a job of it goes by its number."""
    server = FakeCvat()
    first = _push(server, _seed("a"))
    report = _push(server, _seed("b", name="02b-two"))
    assert report.first == (f"job:{first.tasks['a']}", "b")
    assert len(report.warnings) == 1


def test_jobs_of_which_only_names_are_known_are_warned_of() -> None:
    """Where an earlier push sent addresses that tell nothing, a second job is possible and said."""
    server = FakeCvat()
    _push(server, _seed(_scene("a", "https://host/one")), setup=TaskSetup())
    later = _seed(_scene("a", "https://host/two"), name="02b-two")
    assert "may get a second job" in _push(server, later, setup=TaskSetup()).warnings[-1]


def test_seeds_whose_ids_begin_alike_are_told_apart() -> None:
    """Two seeds of one subset are two tasks, by the id in their issue tracker."""
    server = FakeCvat()
    _push(server, _seed("a", name="01a22b66-one"))
    _push(server, _seed("b", name="01a22b66-two"))
    assert len(server.tasks) == 2
    assert {task["subset"] for task in server.tasks.values()} == {"seed-01a22b66"}


def test_a_task_whose_tracker_people_changed_is_known_by_its_name() -> None:
    """People may use a task's issue tracker for their own: a bare task is completed anyway."""
    server = FakeCvat()
    server.tasks[5] = {
        "id": 5,
        "size": 0,
        "project_id": 7,
        "name": "Seed 01a22b66 (2 scenes)",
        "subset": "seed-01a22b66",
        "bug_tracker": "https://tracker.example/issue/1",
    }
    report = _push(server, _seed("a", "b"))
    assert (list(server.tasks), report.created) == ([5], 2)


def test_tasks_of_another_dataset_are_left_alone() -> None:
    """A job of another dataset's push is none of ours, even of the same file."""
    server = FakeCvat()
    _push(server, _seed("a", dataset="other"))
    report = _push(server, _seed("a", name="02b-two"))
    assert (report.created, report.warnings) == (1, ())


def test_what_cvat_refuses_is_told_and_leaves_nothing() -> None:
    """Data that cannot be made ends in its last line, and its task is gone; the next push works."""
    server = FakeCvat(refuses="Traceback:\n  File x\nValueError: No media data found")
    with pytest.raises(PlatformError, match="did not make the task: ValueError: No media data"):
        _push(server, _seed("a"))
    assert server.tasks == {}
    server.refuses = ""
    assert _push(server, _seed("a")).created == 1


def test_a_task_whose_data_failed_while_nobody_looked_is_made_anew() -> None:
    """A killed push whose data failed later is replaced, as CVAT keeps what was sent."""
    server = FakeCvat(looks=5)
    platform = _open(server)
    seed = _seed("a")
    task = server(_bare(seed)).json()["id"]
    server(_data(task, ["kitti/none.jpg"]))
    server.made[task] |= {"left": 0, "wrong": "gone"}
    server.work(server.made[task])
    report = push(platform, seed)
    assert (report.created, task in server.tasks, len(server.tasks)) == (1, False, 1)


def _bare(seed: ExportableSeed) -> httpx2.Request:
    body = {
        "name": "Seed 01a22b66 (1 scene)",
        "project_id": 7,
        "subset": "seed-01a22b66",
        "bug_tracker": f"urn:seedal?seed={seed.summary['id']}&dataset=d1",
    }
    return httpx2.Request("POST", "http://cvat.test/api/tasks", json=body, headers=_HEADERS)


def _data(task: int, files: list[str]) -> httpx2.Request:
    body = {"job_file_mapping": [files], "server_files": files}
    url = f"http://cvat.test/api/tasks/{task}/data/"
    return httpx2.Request("POST", url, json=body, headers=_HEADERS)


_HEADERS = {"Accept": "application/vnd.cvat+json", "Authorization": f"Bearer {TOKEN}"}


def test_nobody_waits_for_ever() -> None:
    """A task that takes too long is told of, and the next push waits for the same one."""
    server = FakeCvat(looks=400)
    with pytest.raises(PlatformError, match="still makes task 11 after 600 seconds"):
        _push(server, _seed("a"))
    assert _push(server, _seed("a")).created == 1
    assert len(server.tasks) == 1


def test_a_dry_run_changes_nothing() -> None:
    """What would be done is said, and no task is made."""
    server = FakeCvat()
    report = push(_open(server), _seed("a"), dry_run=True)
    assert (report.created, report.dry_run, report.mode, server.tasks) == (1, True, "jobs", {})


def test_files_of_the_web_go_by_their_last_part() -> None:
    """Images with URLs need no storage; CVAT calls them by their names, with escapes read."""
    server = FakeCvat()
    web = [_scene(name, "https://host/p/", ".jpg?v=1") for name in ("a%20b", "c")]
    report = _push(server, _seed(*web), setup=TaskSetup())
    assert server.bodies[1] == {
        "image_quality": 70,
        "use_cache": True,
        "job_file_mapping": [["a b.jpg"], ["c.jpg"]],
        "remote_files": ["https://host/p/a%20b.jpg?v=1", "https://host/p/c.jpg?v=1"],
    }
    assert set(report.tasks) == {"a%20b", "c"}
    assert _push(server, _seed(*web), setup=TaskSetup()).created == 0


def test_urls_that_change_are_the_same_jobs() -> None:
    """Addresses that are signed anew for each push do not double what is there."""
    server = FakeCvat()
    for signature in ("one", "two"):
        web = [_scene(name, f"https://host/{signature}", ".jpg") for name in "abc"]
        report = _push(server, _seed(*web), setup=TaskSetup())
    assert (report.created, report.unchanged, len(server.tasks)) == (0, 3, 1)
    assert {name: int(job) for name, job in report.tasks.items()} == dict(
        zip("abc", server.jobs, strict=True)
    )


def test_jobs_that_cannot_be_told_are_not_doubled() -> None:
    """Where some of a seed's own jobs show nothing that is known, its scenes are not sent again."""
    server = FakeCvat()
    _push(server, _seed(*(_scene(name, "https://host/one") for name in "ab")), setup=TaskSetup())
    del server.jobs[max(server.jobs)]
    later = _seed(*(_scene(name, "https://host/two") for name in "ab"))
    report = _push(server, later, setup=TaskSetup())
    assert [failed.scene_id for failed in report.failed] == ["a", "b"]
    assert "Task 11 is of this seed" in report.failed[0].reason
    assert len(server.tasks) == 1


def test_the_share_takes_paths() -> None:
    """Paths that media rules made, whose escapes are read, are files of CVAT's share."""
    server = FakeCvat()
    _push(server, _seed(_scene("a%20b", "/pool/")), setup=TaskSetup())
    assert server.bodies[1]["server_files"] == ["pool/a b.jpg"]
    assert "cloud_storage_id" not in server.bodies[1]


@pytest.mark.parametrize(
    ("scene", "setup", "sentence"),
    [
        (_scene("x", "s3://b/"), TaskSetup(), "give the number of CVAT's cloud storage"),
        (_scene("x", "s3://other/kitti/"), BUCKET, "one bucket, here b"),
        (_scene("x", "s3://b/elsewhere/"), BUCKET, "does not lie with its manifest, below kitti/"),
        (_scene("x", "https://host/"), BUCKET, "from one place, here the storage"),
        (_scene("x", ending=""), BUCKET, "by its ending"),
        (_scene("x" * 1100), BUCKET, "names of files of 1024 characters; one has 1110"),
        (ExportScene(scene_id="x", cost=1.0), BUCKET, "shows images, and the scene has none"),
        (
            ExportScene(scene_id="x", cost=1.0, images=(Image("s3://b/kitti/ok.jpg"),)),
            BUCKET,
            "in 'ok', too",
        ),
    ],
)
def test_a_scene_that_cannot_be_a_job_is_named(
    scene: ExportScene, setup: TaskSetup, sentence: str
) -> None:
    """What CVAT would refuse is left out with the reason, and the others are sent."""
    good = _scene("ok", "/pool/") if setup.storage.id is None else _scene("ok")
    report = _push(FakeCvat(), _seed(good, scene), setup=setup)
    assert (report.created, [failed.scene_id for failed in report.failed]) == (
        1,
        [scene.scene_id],
    )
    assert sentence in report.failed[0].reason


def test_names_that_two_urls_share_are_said() -> None:
    """Of two files of the web that are called alike only the first is sent."""
    web = [
        ExportScene(scene_id=f"{name}/1", cost=1.0, images=(Image(f"https://host/{name}/1.png"),))
        for name in "ab"
    ]
    report = _push(FakeCvat(), _seed(*web), setup=TaskSetup())
    assert [failed.scene_id for failed in report.failed] == ["b/1"]
    assert "use a cloud storage" in report.failed[0].reason


def test_point_clouds_are_shown_where_all_scenes_have_them() -> None:
    """A new project shows what all scenes have; one that is there shows what it does."""
    server = FakeCvat()
    _push(server, _seed(_cloud("a", ".ply"), _cloud("b")))
    assert server.queue()[0] == ["kitti/images/a.png"]
    server = FakeCvat()
    server.projects[7]["dimension"] = "3d"
    report = _push(server, _seed(_cloud("a", ".ply"), _cloud("b", ".bin")))
    assert server.queue() == [["kitti/pointcloud/b.pcd"]]
    assert "end in .pcd or .bin" in report.failed[0].reason
    assert _push(server, _seed(_cloud("a", ".ply"), _cloud("b", ".bin"))).unchanged == 1


def test_a_scene_of_several_images_is_one_job() -> None:
    """All images of a scene are frames of its job."""
    server = FakeCvat()
    images = tuple(Image(f"s3://b/kitti/{name}.jpg") for name in ("left", "right"))
    report = _push(server, _seed(ExportScene(scene_id="x", cost=1.0, images=images), "y"))
    assert server.queue() == [["kitti/left.jpg", "kitti/right.jpg"], ["kitti/y.jpg"]]
    assert set(report.tasks) == {"x", "y"}


def test_what_a_project_says_of_its_jobs() -> None:
    """A job that is accepted is labelled; all others are queued, also one that was rejected."""
    server = FakeCvat()
    report = _push(server, _seed("a", "b", "c", "d"))
    server.finish(int(report.tasks["a"]))
    server.finish(int(report.tasks["b"]), stage="annotation")
    server.finish(int(report.tasks["c"]), stage="acceptance", state="rejected")
    pool = [_scene(name, "/data/kitti/") for name in "abcdef"]
    heard = _open(server).heard(pool, "d1")
    assert (heard.source, heard.ignored) == ("cvat:main/7", 0)
    said = [(event.scene_id, event.state, event.ref) for event in heard.events]
    states = dict.fromkeys("abcd", LabelState.QUEUED) | {"a": LabelState.LABELLED}
    assert said == [(name, states[name], f"job:{report.tasks[name]}") for name in "abcd"]
    assert all(event.at is not None for event in heard.events)


def test_jobs_of_reviewers_are_none_of_ours() -> None:
    """Ground truth and copies for consensus are no scene's job."""
    server = FakeCvat()
    report = _push(server, _seed("a"))
    job = server.jobs[int(report.tasks["a"])]
    server.jobs[99] = {**job, "id": 99, "type": "ground_truth"}
    assert len(_open(server).heard([_scene("a")], "d1").events) == 1


@pytest.mark.parametrize("root", ["/data/kitti/", "/elsewhere/deep/down/", "s3://b/kitti/"])
def test_jobs_are_known_under_any_root(root: str) -> None:
    """Files that lie under another root here than in the bucket are the same."""
    server = FakeCvat()
    _push(server, _seed("07/1", "06/1"))
    pool = [_scene(name, root) for name in ("05/1", "06/1", "07/1")]
    heard = _open(server).heard(pool, "d1")
    assert [event.scene_id for event in heard.events] == ["07/1", "06/1"]


def test_files_that_only_happen_to_be_called_alike_are_not_ours() -> None:
    """Where not every job of a task has a scene under a shorter path, none of them counts."""
    server = FakeCvat()
    _push(server, _seed("07/1", "06/2"))
    heard = _open(server).heard([_scene("05/1", "/data/")], "d1")
    assert (heard.events, heard.ignored) == ((), 2)


def test_what_was_written_down_comes_first() -> None:
    """A job whose files tell nothing is known by what the ledger has under its reference."""
    server = FakeCvat()
    web = [_scene(name, "https://host/signature") for name in "ab"]
    report = _push(server, _seed(*web), setup=TaskSetup())
    known = {f"job:{job}": name for name, job in report.tasks.items()}
    pool = [_scene(name, "/data/") for name in "ab"]
    assert _open(server).heard(pool, "d1").events == ()
    heard = _open(server, known=known).heard(pool, "d1")
    assert {event.scene_id: event.ref for event in heard.events} == {
        name: f"job:{job}" for name, job in report.tasks.items()
    }
    assert _open(server, known=known).heard(None, None).ignored == 0


def test_lists_are_read_page_by_page() -> None:
    """A server of small pages is read to its end, and a job has its scene on any of them."""
    server = FakeCvat(page_size=3)
    names = [f"{number:03d}" for number in range(20)]
    report = _push(server, _seed(*names))
    assert (len(report.tasks), server.requests.count("GET /api/jobs")) == (20, 7)
    assert _push(server, _seed(*names)).unchanged == 20


def test_a_webhook_is_made_once() -> None:
    """The project tells the URL that is asked for, signed, however often it is pushed."""
    server = FakeCvat()
    setup = TaskSetup(storage=BUCKET.storage, webhook="https://s.example/h", webhook_secret=TOKEN)
    for _ in range(2):
        _push(server, _seed("a"), setup=setup)
    assert [(hook["target_url"], hook["secret"]) for hook in server.webhooks] == [
        ("https://s.example/h", TOKEN)
    ]
    assert server.webhooks[0]["events"] == ["update:job", "delete:job"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx2.Response(403, json={"detail": "No."}), "does not let this token do it"),
        (httpx2.Response(404, text="<!doctype html>"), "GET /api/projects/7 with 404."),
        (httpx2.Response(409, json={"detail": "Busy."}), "with 409: Busy."),
        (httpx2.Response(500, text="<h1>Server Error</h1>"), "with 500."),
        (httpx2.Response(200, text="<html>log in</html>"), "with a page, not JSON"),
        (httpx2.Response(200, json=[1]), "answers /api/projects/7 with something else"),
        (httpx2.Response(200, json={}), "something else than a project"),
    ],
)
def test_what_a_server_says_is_told(answer: httpx2.Response, sentence: str) -> None:
    """Whatever a server answers becomes one sentence with its address."""
    with pytest.raises(PlatformError, match=r"http://cvat\.test") as caught:
        _open(FakeCvat(canned=[answer]))
    assert sentence in caught.value.detail


def test_a_list_that_is_none_is_told() -> None:
    """An answer without rows is one sentence."""
    server = FakeCvat()
    platform = _open(server)
    server.canned = [httpx2.Response(200, json={"results": None})]
    with pytest.raises(PlatformError, match="answers /api/tasks with something else"):
        platform.remote()


def test_a_refused_token_is_told() -> None:
    """A token that was revoked ends in one sentence."""
    client = connect("http://cvat.test", "old", transport=FakeCvat().transport)
    with pytest.raises(PlatformError, match="does not accept the token"):
        Cvat(client, "7")


def test_a_server_that_is_busy_is_asked_again() -> None:
    """A request that CVAT did not take is sent again after the time that it asks for."""
    waits: list[float] = []
    server = FakeCvat(canned=[httpx2.Response(429, headers={"Retry-After": "7"})])
    client = connect("http://cvat.test", TOKEN, transport=server.transport, sleep=waits.append)
    assert Cvat(client, "7").source == "cvat:main/7"
    assert waits == [7.0]


def test_an_organization_is_named() -> None:
    """Projects of an organization are asked for in its name."""
    seen: list[str | None] = []

    def look(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers.get("X-Organization"))
        return FakeCvat()(request)

    transport = httpx2.MockTransport(look)
    with Cvat(connect("http://c.test", TOKEN, organization="lab", transport=transport), "7"):
        assert seen == ["lab"]


@pytest.mark.parametrize(("project", "sentence"), [("x", "give its number"), ("9", "404")])
def test_a_project_that_is_none_is_told(project: str, sentence: str) -> None:
    """A project that is not there, or has no form of one, is one sentence."""
    with pytest.raises(PlatformError, match=sentence):
        _open(FakeCvat(), project)


@pytest.mark.parametrize(
    ("number", "manifest", "sentence"),
    [(None, "m.jsonl", "give its number, too"), (3, "m.json", "by the ending .jsonl")],
)
def test_a_manifest_that_is_none_is_told(number: int | None, manifest: str, sentence: str) -> None:
    """A manifest has a storage and an ending."""
    with pytest.raises(PlatformError, match=sentence):
        Storage(number, manifest)


@given(st.lists(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1), min_size=1))
def test_any_history_of_pushes_keeps_one_job_a_scene(history: list[list[str]]) -> None:
    """After any pushes there is one job a scene, and what is promised first is first."""
    server = FakeCvat()
    for number, ids in enumerate(history):
        pool = tuple(_scene(name) for name in "abcdef" if name not in ids)
        report = _push(server, _seed(*ids, name=f"{number:08d}", pool=pool))
        assert set(report.tasks) == set(ids)
    assert sorted(_queue(server)) == sorted({name for ids in history for name in ids})
    assert list(report.first) == _queue(server)[: len(report.first)]
