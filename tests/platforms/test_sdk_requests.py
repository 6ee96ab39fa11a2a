"""What a push sends is what the platforms' own clients send for the same.

Both talk to one kind of stub over HTTP. Left out is what a client asks for its own sake: the
server's version, and a task that it has just made.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from cvat_fake import TOKEN as CVAT_TOKEN
from cvat_fake import FakeCvat
from replay_stub import Sent, Stub, served
from segments_fake import TOKEN as SEGMENTS_TOKEN
from segments_fake import FakeSegments

from app.exports.seed import ExportableSeed, ExportScene
from app.platforms import cvat, segments
from app.platforms.cvat_files import Storage
from app.platforms.seam import push
from features.sources.scenes import Image

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif("SEEDAL_SDK_PYTHON" not in os.environ, reason="no platforms' clients here"),
]

OWN: Final = ("/api/server/about", "/api_status/", "/api/tasks/12")


def _ask(platform: str, url: str, token: str, given: dict[str, Any]) -> None:
    script = Path(__file__).with_name("sdk_calls.py")
    subprocess.run(
        [os.environ["SEEDAL_SDK_PYTHON"], "-I", str(script), platform, url, token],
        input=json.dumps(given),
        text=True,
        check=True,
        timeout=100,
    )


def _kept(sent: list[Sent]) -> list[Sent]:
    return [one for one in sent if not (one.method == "GET" and one.path in OWN)]


def _seed(*scenes: ExportScene) -> ExportableSeed:
    return ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=scenes,
        chosen=tuple(scene.scene_id for scene in scenes),
        summary={"id": "01a22b66-one", "dataset_id": "d1"},
    )


STORED: Final = _seed(
    *(
        ExportScene(scene_id=name, cost=1.0, pointcloud=f"s3://b/pointcloud/{name}.pcd")
        for name in ("07 5", "06'🛋")
    )
)
WEB: Final = _seed(
    *(
        ExportScene(scene_id=name, cost=1.0, images=(Image(f"https://host/{name}.png"),))
        for name in ("07%205", "06")
    )
)


@pytest.mark.parametrize(
    ("seed", "storage", "resource_type", "resources", "data_params"),
    [
        (
            STORED,
            Storage(3, "s3://b/manifest.jsonl"),
            "SHARE",
            ["manifest.jsonl", "pointcloud/07 5.pcd", "pointcloud/06'🛋.pcd"],
            {
                "cloud_storage_id": 3,
                "use_cache": True,
                "job_file_mapping": [["pointcloud/07 5.pcd"], ["pointcloud/06'🛋.pcd"]],
            },
        ),
        (
            WEB,
            Storage(),
            "REMOTE",
            ["https://host/07%205.png", "https://host/06.png"],
            {"use_cache": True, "job_file_mapping": [["07 5.png"], ["06.png"]]},
        ),
    ],
)
def test_cvat(
    seed: ExportableSeed,
    storage: Storage,
    resource_type: str,
    resources: list[str],
    data_params: dict[str, Any],
) -> None:
    """A push to CVAT sends what cvat-sdk sends to make the same task."""
    hook = "https://seedal.example/v1/hooks/hk_1"
    theirs, ours = Stub(FakeCvat()), Stub(FakeCvat())
    with served(theirs) as url:
        given = {
            "spec": {
                "name": "Seed 01a22b66 (2 scenes)",
                "project_id": 7,
                "subset": "seed-01a22b66",
                "bug_tracker": "urn:seedal?seed=01a22b66-one&dataset=d1",
            },
            "webhook": {
                "target_url": hook,
                "type": "project",
                "events": ["update:job", "delete:job"],
                "description": "SeedAL",
                "project_id": 7,
                "secret": "of nobody",
                "content_type": "application/json",
                "enable_ssl": True,
                "is_active": True,
            },
            "resource_type": resource_type,
            "resources": resources,
            "data_params": data_params,
        }
        _ask("cvat", url, CVAT_TOKEN, given)
    setup = cvat.TaskSetup(storage=storage, webhook=hook, webhook_secret="of nobody")  # noqa: S106
    with served(ours) as url, cvat.Cvat(cvat.connect(url, CVAT_TOKEN), "7", setup=setup) as ready:
        report = push(ready, seed)
    assert (report.created, len(report.tasks)) == (2, 2)
    assert _kept(ours.sent) == _kept(theirs.sent)
    assert {"/api/tasks/12/data/", "/api/webhooks"} <= {one.path for one in ours.sent}


def test_segments() -> None:
    """A push to Segments.ai sends what segments-ai sends to make and change the same samples."""
    theirs, ours = (Stub(server) for server in (_dataset(), _dataset()))
    cloud = ExportScene(
        scene_id="07/000005",
        cost=1.0,
        pointcloud="https://host/07/000005.bin",
        images=(Image("https://host/07/000005.png", "image_2"),),
    )
    old = ExportScene(scene_id="it's 🛋", cost=1.0, pointcloud="https://host/x.pcd")
    said = {"seedal_seed": "01a22b66-one", "seedal_dataset": "d1"}
    with served(theirs) as url:
        given = {
            "add": [
                {
                    "name": "07/000005",
                    "attributes": {
                        "pcd": {"url": "https://host/07/000005.bin", "type": "kitti"},
                        "images": [{"url": "https://host/07/000005.png", "name": "image_2"}],
                    },
                    "metadata": {**said, "scene_id": "07/000005", "seedal_rank": 1},
                    "priority": 2,
                }
            ],
            "update": [
                {
                    "uuid": "00000001-0000-4000-8000-000000000000",
                    "metadata": {
                        **said,
                        "city": "Karlsruhe",
                        "scene_id": "it's 🛋",
                        "seedal_rank": 2,
                    },
                    "priority": 1,
                },
                {"uuid": "00000002-0000-4000-8000-000000000000", "priority": 0},
            ],
        }
        _ask("segments", url, SEGMENTS_TOKEN, given)
    client = segments.connect("http://127.0.0.1", SEGMENTS_TOKEN)
    client.close()
    with served(ours) as url:
        client = segments.connect(url, SEGMENTS_TOKEN)
        with segments.Segments(client, "me/kitti") as ready:
            report = push(ready, _seed(cloud, old))
    assert (report.created, report.updated) == (1, 2)
    assert _kept(ours.sent) == _kept(theirs.sent)


def _dataset() -> FakeSegments:
    server = FakeSegments(kind="pointcloud-cuboid")
    server.sample("it's 🛋", metadata={"city": "Karlsruhe"})
    earlier = {"seedal_seed": "earlier", "scene_id": "gone"}
    server.sample("gone", priority=3, metadata=earlier)
    return server
