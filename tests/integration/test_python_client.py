"""The Python client against a real service."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from seedal_client import AsyncClient, Client, InvalidRequestError, NotFoundError, Seed
from serving import free_port, serving

from app.settings import Settings
from demo_world.world import write_world

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

PAGE = Path(__file__).parents[2] / "docs" / "integrations" / "python-client.md"
GRID = {"backbone": "colour_grid"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the manifest of a small generated building."""
    folder = tmp_path_factory.mktemp("client") / "world"
    return write_world(folder, rooms=8, images_per_room=1, size=(64, 48))


@pytest.fixture(scope="module")
def url(world: Path) -> Iterator[str]:
    """Serve what lies beside the manifest."""
    folder = world.parent
    settings = Settings(data_dir=folder / "data", file_roots=(folder,), port=free_port())
    with serving(settings) as http:
        yield str(http.base_url)


def test_two_rounds_by_the_client(url: str, world: Path, tmp_path: Path) -> None:
    """A manifest becomes a seed, files, labels, a second seed and a frontier; then it is gone."""
    with Client(url) as client:
        dataset = client.register_dataset("Rounds", world.resolve().as_uri(), features=GRID)
        assert dataset.status == "ready"
        scenes = [scene.scene_id for scene in client.list_scenes(dataset, page_size=3)]
        assert len(scenes) == dataset.scene_count == 8
        assert client.get_scene(dataset, scenes[-1]).position == 7
        seed = client.create_seed(dataset, "40%")
        assert 0 < seed.total_cost <= seed.budget.limit
        lines = client.export_seed(seed, tmp_path / "seed.jsonl", "jsonl").read_text().splitlines()
        assert [json.loads(line)["scene_id"] for line in lines] == [
            scene.scene_id for scene in seed.scenes
        ]
        certificate = json.loads(client.get_certificate(seed, tmp_path / "c.json").read_text())
        assert certificate
        with np.load(client.get_problem(seed, tmp_path / "p.npz")) as problem:
            assert problem.files
        first = seed.scenes[0].scene_id
        report = client.record_labels(dataset, [{"scene_id": first, "state": "labelled"}])
        assert (report.accepted, report.labelled_count) == (1, 1)
        assert [one.scene_id for one in client.list_labels(dataset, state="labelled")] == [first]
        again = client.create_seed(dataset, "40%", constraints={"labelled_from": "ledger"})
        assert first not in {scene.scene_id for scene in again.scenes}
        frontier = client.create_frontier(dataset, ["20%", "60%"], nested=True)
        assert [point.budget.fraction for point in frontier.points] == pytest.approx([0.2, 0.6])
        assert client.get_frontier(frontier).id == frontier.id
        assert {one.id for one in client.list_seeds(dataset)} == {seed.id, again.id}
        with pytest.raises(InvalidRequestError, match="below the cheapest") as caught:
            client.create_seed(dataset, "0.0001%")
        assert caught.value.pointer == "#/budget"
        client.delete_dataset(dataset)
        with pytest.raises(NotFoundError):
            client.get_dataset(dataset)


def test_vectors_and_events_by_the_asynchronous_client(url: str, tmp_path: Path) -> None:
    """Uploaded vectors make a dataset ready, and an operation is followed to its seed."""
    names = [f"a/{number}" for number in range(6)]
    drawn = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    np.savez(tmp_path / "vectors.npz", scene_ids=np.array(names), vectors=drawn)
    inline = [{"scene_id": name, "cost": 3} for name in names]

    async def work() -> Seed:
        async with AsyncClient(url) as client:
            dataset = await client.register_dataset(
                "Vectors", inline, vectors=tmp_path / "vectors.npz"
            )
            found = [scene.scene_id async for scene in client.list_scenes(dataset, page_size=4)]
            assert found == names
            operation = await client.start_seed(dataset, "50%")
            assert not isinstance(operation, Seed)
            seen = [one async for one in client.watch_operation(operation)]
            versions = [one.version for one in seen]
            assert versions == sorted(set(versions))
            assert seen[-1].status == "succeeded"
            assert seen[-1].seed_id is not None
            assert await client.create_seed(dataset, "50%") == await client.get_seed(
                seen[-1].seed_id
            )
            return await client.get_seed(seen[-1].seed_id)

    assert len(asyncio.run(work()).scenes) == 3


def test_the_page_about_the_client_is_true(
    url: str, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code of docs/integrations/python-client.md runs from top to bottom."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    code = "\n".join(blocks).replace("http://127.0.0.1:8000", url.rstrip("/"))
    code = code.replace("file:///data/scenes.jsonl", world.resolve().as_uri())
    assert len(blocks) >= 4
    exec(compile(code, str(PAGE), "exec"), {"__name__": "page"})  # noqa: S102 our own page
    assert (tmp_path / "seed.csv").read_text().startswith("rank,scene_id")
