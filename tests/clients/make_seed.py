"""A seed by the client that openapi-python-client generated: ``make_seed.py URL DATASET``."""

import io
import json
import sys

from seedal_generated.api.datasets import get_dataset, list_datasets, upload_manifest
from seedal_generated.api.labels import record_labels
from seedal_generated.api.scenes import get_thumbnail, list_scenes
from seedal_generated.api.seeds import create_seed, export_seed
from seedal_generated.client import Client
from seedal_generated.models import LabelsRequest, Problem, SeedRequest
from seedal_generated.types import File

url, dataset_id = sys.argv[1:]
with Client(base_url=url) as client:
    dataset = get_dataset.sync(dataset_id, client=client)
    names = [one.id for one in list_datasets.sync(client=client).items]
    scenes = list_scenes.sync(dataset_id, client=client)
    question = SeedRequest.from_dict({"budget": {"fraction": 0.4}})
    seed = create_seed.sync(dataset_id, client=client, body=question)
    exported = export_seed.sync(seed.id, client=client, format_="csv")
    picture = get_thumbnail.sync(dataset_id, scenes.items[0].scene_id, client=client)
    events = {"events": [{"scene_id": seed.scenes[0].scene_id, "state": "labelled"}]}
    report = record_labels.sync(dataset_id, client=client, body=LabelsRequest.from_dict(events))
    line = b'{"scene_id": "a", "cost": 1, "images": []}\n'
    sent = File(payload=io.BytesIO(line), mime_type="application/octet-stream")
    manifest = upload_manifest.sync(client=client, body=sent)
    missing = get_dataset.sync("none", client=client)
    sys.stdout.write(
        json.dumps(
            {
                "is_listed": dataset.id in names,
                "scenes": [scene.scene_id for scene in seed.scenes],
                "cost": seed.total_cost,
                "limit": seed.budget.limit,
                "csv": exported.payload.read().decode(),
                "jpeg": picture.payload.read(3).hex(),
                "labelled": report.labelled_count,
                "manifest": manifest.uri,
                "missing": [isinstance(missing, Problem), missing.status],
            }
        )
    )
