"""The chosen scenes' images as a COCO data set without annotations, in rank order.

Annotations are what is to be made. Sizes of images are left out: readers that need them look at
the images themselves.
"""

from app.exports.seed import ExportableSeed, json_bytes


def seed_coco(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``coco.json``: an entry an image; of a scene with several, one after the other.

    ``file_name`` is the image as the pool names it; ``scene_id``, ``seedal_rank`` and
    ``seedal_cost`` say which scene it is of. All scenes, in order,
    are in ``info.seedal_scenes``.
    """
    chosen, _ = seed.split()
    images = [
        {
            "file_name": image.uri,
            "scene_id": scene.scene_id,
            "seedal_rank": rank,
            "seedal_cost": scene.cost,
            **({} if image.sensor is None else {"sensor": image.sensor}),
        }
        for rank, scene in enumerate(chosen, start=1)
        for image in scene.images
    ]
    content = {
        "info": {
            "description": "What to label first, in order.",
            "seedal_seed": seed.summary["id"],
            "seedal_dataset": seed.summary["dataset_id"],
            "seedal_scenes": [scene.scene_id for scene in chosen],
        },
        "images": [{"id": number, **image} for number, image in enumerate(images, start=1)],
        "annotations": [],
        "categories": [],
    }
    return {"coco.json": json_bytes(content)}
