"""Tasks of Label Studio: what its import takes, and what a push sends."""

from typing import Any, Final

from app.exports.seed import ExportableSeed, ExportScene, json_bytes

RANK: Final = "seedal_rank"
SEED: Final = "seedal_seed"
COST: Final = "seedal_cost"
SCENE: Final = "scene_id"


def label_studio_task(seed: ExportableSeed, scene: ExportScene, rank: int) -> dict[str, Any]:
    """Return the task of a chosen scene, which has this rank.

    ``data`` has what a labelling configuration may show: ``image`` (the first), ``images`` (all),
    ``pointcloud``, ``group``, and the scene's place in the seed. ``meta`` says where it is from.
    """
    data: dict[str, Any] = {
        SCENE: scene.scene_id,
        RANK: rank,
        SEED: seed.summary["id"],
        COST: scene.cost,
    }
    if scene.images:
        data["image"] = scene.images[0].uri
        data["images"] = [image.uri for image in scene.images]
    if scene.pointcloud is not None:
        data["pointcloud"] = scene.pointcloud
    if scene.group is not None:
        data["group"] = scene.group
    origin = {"seed_id": seed.summary["id"], "dataset_id": seed.summary["dataset_id"]}
    return {"data": data, "meta": {"seedal": origin}}


def seed_label_studio(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``tasks.json``: what Label Studio's import takes, in rank order.

    A project whose tasks are served one after the other (Sequential sampling, as new ones are)
    serves them in this order.
    """
    chosen, _ = seed.split()
    return {
        "tasks.json": json_bytes(
            [label_studio_task(seed, scene, rank) for rank, scene in enumerate(chosen, start=1)]
        )
    }
