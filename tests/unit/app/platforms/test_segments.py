"""A seed becomes priorities of a Segments.ai dataset, however often it is pushed."""

import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from segments_fake import TOKEN, FakeSegments

from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelState
from app.operations.wire import PushReport
from app.platforms.seam import LostAnswerError, Match, PlatformError, push
from app.platforms.segments import Segments, connect
from features.sources.scenes import Image

ODD = ("a/b", 'it\'s "so"', "🛋 sofa", "x" * 500, "=1+1", "ä\u0308")


def _scene(name: str) -> ExportScene:
    return ExportScene(scene_id=name, cost=2.0, images=(Image(f"https://host/{name}.jpg"),))


def _seed(
    *scenes: str | ExportScene, name: str = "seed-1", dataset: str | None = "d1"
) -> ExportableSeed:
    made = tuple(_scene(one) if isinstance(one, str) else one for one in scenes)
    return ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=made,
        chosen=tuple(scene.scene_id for scene in made),
        summary={"id": name, "dataset_id": dataset},
    )


def _open(server: FakeSegments, dataset: str = "me/kitti", **how: object) -> Segments:
    client = connect("http://seg.test", TOKEN, transport=server.transport, sleep=lambda _: None)
    return Segments(client, dataset, **how)  # type: ignore[arg-type]


def _push(server: FakeSegments, seed: ExportableSeed, **how: object) -> PushReport:
    return push(_open(server, **how), seed)  # type: ignore[arg-type]


def test_samples_are_served_in_rank_order() -> None:
    """Scenes of any name become samples whose priorities fall with their ranks."""
    server = FakeSegments()
    report = _push(server, _seed(*ODD))
    assert server.queue() == list(ODD) == list(report.first)
    assert (report.created, report.updated, report.unchanged) == (len(ODD), 0, 0)
    assert {name: server.samples[uuid]["name"] for name, uuid in report.tasks.items()} == {
        name: name for name in ODD
    }
    assert report.view_url == "https://segments.ai/me/kitti/samples"


def test_what_a_sample_is_made_of() -> None:
    """A new sample shows the scene's image and says which scene of which seed it is."""
    server = FakeSegments()
    uuid = _push(server, _seed("a", "b")).tasks["a"]
    row = server.samples[uuid]
    assert row["attributes"] == {"image": {"url": "https://host/a.jpg"}}
    assert row["priority"] == 2
    assert row["metadata"] == {
        "seedal_seed": "seed-1",
        "scene_id": "a",
        "seedal_rank": 1,
        "seedal_dataset": "d1",
    }


def test_pushing_twice_changes_nothing() -> None:
    """A second push of the same seed only asks."""
    server = FakeSegments()
    first = _push(server, _seed("a", "b"))
    server.requests.clear()
    again = _push(server, _seed("a", "b"))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert again.tasks == first.tasks
    assert all(request.startswith("GET") for request in server.requests)


def test_a_lost_answer_doubles_nothing() -> None:
    """Where an answer is lost after the samples were made, the push finds them."""
    server = FakeSegments(lost=["POST /datasets/me/kitti/samples_bulk/"])
    report = _push(server, _seed("a", "b"))
    assert (len(server.samples), set(report.tasks)) == (2, {"a", "b"})


def test_an_answer_that_stays_lost_is_told() -> None:
    """After three answers were lost the push ends in a sentence."""
    server = FakeSegments()

    def forget(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            message = "lost"
            raise httpx2.ReadTimeout(message, request=request)
        return server(request)

    client = connect("http://seg.test", TOKEN, transport=httpx2.MockTransport(forget))
    with pytest.raises(LostAnswerError, match="may have carried out"):
        push(Segments(client, "me/kitti"), _seed("a"))


@pytest.mark.parametrize("killed_at", range(1, 5))
def test_a_push_that_was_killed_is_finished_by_the_next(killed_at: int) -> None:
    """Wherever a push dies, the next leaves one sample a scene and the seed's order."""
    server = FakeSegments()
    server.sample("old", priority=9, metadata={"seedal_seed": "seed-0", "scene_id": "old"})
    server.sample("c")

    def die(request: httpx2.Request) -> httpx2.Response:
        if len(server.requests) == killed_at:
            raise KeyboardInterrupt
        return server(request)

    client = connect("http://seg.test", TOKEN, transport=httpx2.MockTransport(die))
    with pytest.raises(KeyboardInterrupt):
        push(Segments(client, "me/kitti"), _seed("a", "b", "c"))
    _push(server, _seed("a", "b", "c"))
    assert (server.queue(), len(server.samples)) == (["a", "b", "c"], 4)


def test_a_later_seed_takes_the_place_of_an_earlier() -> None:
    """The later seed's scenes alone have a priority; what they show is not touched."""
    server = FakeSegments()
    _push(server, _seed("a", "b", "c"))
    shown = {row["name"]: row["attributes"] for row in server.samples.values()}
    report = _push(server, _seed("d", "c", name="seed-2"))
    assert server.queue() == ["d", "c"] == list(report.first)
    assert (report.created, report.updated, report.unchanged) == (1, 3, 0)
    assert all(server.samples[uuid]["attributes"] for uuid in server.samples)
    assert shown["a"] == server.samples[min(server.samples)]["attributes"]


def test_samples_that_are_there_are_ordered() -> None:
    """A sample that no push made is known by its name, and keeps its other metadata."""
    server = FakeSegments()
    uuid = server.sample("a", metadata={"city": "London"})
    report = _push(server, _seed("a"))
    assert report.tasks == {"a": uuid}
    row = server.samples[uuid]
    assert (row["priority"], row["metadata"]["city"]) == (1, "London")
    assert row["attributes"] == {"image": {"url": "https://host/x.jpg"}}


@pytest.mark.parametrize(
    ("by", "external"),
    [(Match.EXTERNAL_IDS, True), (Match.FILE_NAME, False)],
)
def test_samples_are_known_by_other_names(by: Match, *, external: bool) -> None:
    """A scene finds its sample by the uuid that it gives, or by the file that both show."""
    server = FakeSegments()
    uuid = server.sample("something else")
    scene = ExportScene(
        scene_id="mine",
        cost=1.0,
        images=(Image("/pool/x.jpg"),),
        external_ids={"segments": uuid} if external else {},
    )
    assert _push(server, _seed(scene), by=by).tasks == {"mine": uuid}


def test_samples_of_others_are_left_alone_and_told_of() -> None:
    """A sample that no seed has keeps its priority, and the report says that it is served."""
    server = FakeSegments()
    server.sample("stranger", priority=5)
    report = _push(server, _seed("a", "b"))
    assert report.first == ("stranger", "a", "b") == tuple(server.queue())
    assert (
        report.warnings
        == ("1 samples that no seed has priorities above 0: they are served among the seed's.",)
        or "above 0" in report.warnings[0]
    )


def test_samples_of_another_dataset_are_left_alone() -> None:
    """A sample of another dataset's push keeps its priority, and its name is not taken."""
    server = FakeSegments()
    _push(server, _seed("a", "b", dataset="other"))
    report = _push(server, _seed("a", "c"))
    assert [(f.scene_id, f.reason) for f in report.failed] == [
        ("a", "A sample that is none of this dataset's scenes has its name.")
    ]
    assert [row["priority"] for row in server.samples.values()] == [2, 1, 1]


def test_a_dry_run_changes_nothing() -> None:
    """What would be done is said, and no sample is made."""
    server = FakeSegments()
    report = push(_open(server), _seed("a"), dry_run=True)
    assert (report.created, report.dry_run, server.samples) == (1, True, {})


CLOUD = ExportScene(
    scene_id="x",
    cost=1.0,
    pointcloud="https://host/x.bin?v=1",
    images=(Image("https://host/l.png", "left"), Image("https://host/r.png", "right")),
)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (
            "pointcloud-cuboid",
            {
                "pcd": {"url": "https://host/x.bin?v=1", "type": "kitti"},
                "images": [
                    {"url": "https://host/l.png", "name": "left"},
                    {"url": "https://host/r.png", "name": "right"},
                ],
            },
        ),
        (
            "image-vector-sequence",
            {
                "frames": [
                    {"image": {"url": "https://host/l.png"}},
                    {"image": {"url": "https://host/r.png"}},
                ]
            },
        ),
        ("vector", {"image": {"url": "https://host/l.png"}}),
    ],
)
def test_samples_show_what_the_dataset_shows(kind: str, shown: object) -> None:
    """The dataset's type of task says whether a sample is a cloud, an image, or many."""
    server = FakeSegments(kind=kind)
    report = _push(server, _seed(CLOUD))
    assert next(iter(server.samples.values()))["attributes"] == shown
    assert bool(report.warnings) == (kind == "vector")


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (".pcd", "pcd"),
        (".pcd.bin", "nuscenes"),
        (".PLY", "ply"),
        (".las", "las"),
        (".bin", "kitti"),
    ],
)
def test_point_clouds_have_a_type(ending: str, kind: str) -> None:
    """What a point cloud is, is told by the ending of its name; a sequence has one frame."""
    server = FakeSegments(kind="pointcloud-segmentation-sequence")
    cloud = ExportScene(scene_id="x", cost=1.0, pointcloud=f"https://host/x{ending}")
    _push(server, _seed(cloud))
    assert next(iter(server.samples.values()))["attributes"] == {
        "frames": [{"pcd": {"url": f"https://host/x{ending}", "type": kind}}]
    }


@pytest.mark.parametrize(
    ("kind", "scene", "sentence"),
    [
        ("pointcloud-cuboid", _scene("x"), "shows point clouds, and the scene has none"),
        ("vector", ExportScene(scene_id="x", cost=1.0), "shows images, and the scene has none"),
        ("multisensor-sequence", CLOUD, "it orders those that are there"),
        (
            "pointcloud-cuboid",
            ExportScene(scene_id="x", cost=1.0, pointcloud="s3://b/x.npy"),
            "'x.npy' does not",
        ),
    ],
)
def test_a_scene_that_cannot_be_a_sample_is_named(
    kind: str, scene: ExportScene, sentence: str
) -> None:
    """What the dataset does not show is left out with the reason."""
    report = _push(FakeSegments(kind=kind), _seed(scene))
    assert (report.created, [failed.scene_id for failed in report.failed]) == (0, ["x"])
    assert sentence in report.failed[0].reason


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("LABELED", LabelState.LABELLED),
        ("REVIEWED", LabelState.LABELLED),
        ("VERIFIED", LabelState.LABELLED),
        ("REVIEWING_IN_PROGRESS", LabelState.LABELLED),
        ("SKIPPED", LabelState.SKIPPED),
        ("REJECTED", LabelState.QUEUED),
        ("LABELING_IN_PROGRESS", LabelState.QUEUED),
        ("PRELABELED", None),
    ],
)
def test_what_a_label_says(status: str, state: LabelState | None) -> None:
    """A label has a reference of its own, so that one that is deleted leaves the sample queued."""
    server = FakeSegments()
    uuid = _push(server, _seed("a")).tasks["a"]
    server.label(uuid, status)
    heard = _open(server).heard(_seed("a").scenes, "d1")
    said = [(event.scene_id, event.state, event.ref) for event in heard.events]
    expected = [("a", LabelState.QUEUED, f"sample:{uuid}")]
    if state is not None:
        expected.append(("a", state, f"sample:{uuid}/label:ground-truth"))
    assert said == expected
    assert heard.source == "segments:main/me/kitti"


def test_samples_that_are_done_are_not_promised() -> None:
    """Who is first is asked of those that are still to be labelled."""
    server = FakeSegments()
    report = _push(server, _seed("a", "b"))
    server.label(report.tasks["a"], "LABELED")
    assert _push(server, _seed("a", "b")).first == ("b",)


def test_without_scenes_samples_that_say_theirs_are_believed() -> None:
    """Where no pool is known a sample's name alone makes it no scene."""
    server = FakeSegments()
    _push(server, _seed("a"))
    server.sample("stranger")
    heard = _open(server).heard(None, None)
    assert ([event.scene_id for event in heard.events], heard.ignored) == (["a"], 1)


def test_datasets_are_read_and_written_in_parts() -> None:
    """More samples than a page or a request has are made and found."""
    server = FakeSegments()
    names = [f"{number:05d}" for number in range(2300)]
    _push(server, _seed(*names))
    assert server.requests.count("POST /datasets/me/kitti/samples_bulk/") == 5
    server.requests.clear()
    assert _push(server, _seed(*names)).unchanged == 2300
    assert server.requests.count("GET /datasets/me/kitti/samples/") == 3


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx2.Response(401, json={"detail": "No."}), "does not accept the token"),
        (httpx2.Response(403, json={"detail": "No."}), "does not let this token do it"),
        (httpx2.Response(404, text="<!doctype html>"), "GET /datasets/me/kitti/ with 404."),
        (httpx2.Response(500, text="<h1>Server Error</h1>"), "with 500."),
        (httpx2.Response(200, text="<html>log in</html>"), "with a page, not JSON"),
        (httpx2.Response(200, json=[]), "something else than a dataset"),
    ],
)
def test_what_a_server_says_is_told(answer: httpx2.Response, sentence: str) -> None:
    """Whatever a server answers becomes one sentence with its address."""
    with pytest.raises(PlatformError, match=r"http://seg\.test") as caught:
        _open(FakeSegments(canned=[answer] * 2))
    assert sentence in caught.value.detail


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_samples_that_are_none_are_told(method: str) -> None:
    """An answer of another form than samples is one sentence."""
    server = FakeSegments()

    def odd(request: httpx2.Request) -> httpx2.Response:
        if request.method == method and "samples" in request.url.path:
            return httpx2.Response(200, content=json.dumps({"detail": "?"}))
        return server(request)

    client = connect("http://seg.test", TOKEN, transport=httpx2.MockTransport(odd))
    with pytest.raises(PlatformError, match="something else than samples"):
        push(Segments(client, "me/kitti"), _seed("a"))


def test_a_server_that_is_busy_is_asked_again() -> None:
    """A change that the server did not take is sent again after the time that it asks for."""
    waits: list[float] = []
    server = FakeSegments()
    server.sample("a")
    client = connect("http://seg.test", TOKEN, transport=server.transport, sleep=waits.append)
    platform = Segments(client, "me/kitti")
    plan = platform.plan(_seed("a"), platform.remote())
    server.canned = [httpx2.Response(429, headers={"Retry-After": "7"})]
    platform.apply(_seed("a"), plan)
    assert (waits, server.queue()) == ([7.0], ["a"])


@pytest.mark.parametrize("dataset", ["kitti", "me/", "/kitti", "a/b/c"])
def test_a_dataset_that_is_none_is_told(dataset: str) -> None:
    """A dataset is an owner and a name."""
    with pytest.raises(PlatformError, match="give its owner and name"):
        _open(FakeSegments(), dataset)


def test_a_connection_is_closed() -> None:
    """A platform that is left asks nobody any more."""
    with _open(FakeSegments()) as platform:
        pass
    with pytest.raises(RuntimeError):
        platform.remote()


@given(st.lists(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1), min_size=1))
def test_any_history_of_pushes_ends_in_the_last_order(history: list[list[str]]) -> None:
    """After any pushes there is one sample a scene, and the queue is the last seed's."""
    server = FakeSegments()
    for number, ids in enumerate(history):
        report = _push(server, _seed(*ids, name=f"seed-{number}"))
    assert server.queue() == history[-1] == list(report.first)
    assert len(server.samples) == len({name for ids in history for name in ids})
