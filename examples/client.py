"""The main job by the Python client: ``python examples/client.py MANIFEST BUDGET``.

It may be cut off at any time: what starts work is done once, however often it is sent. The client
is a distribution of its own: ``pip install ./clients/python``.
"""

import os
import sys

from seedal_client import Client

if __name__ == "__main__":
    url = os.environ.get("API", "http://127.0.0.1:8000")
    with Client(url, os.environ.get("SEEDAL_KEY")) as client:
        features = {"backbone": os.environ.get("BACKBONE", "auto")}
        dataset = client.register_dataset("example", sys.argv[1], features=features)
        seed = client.create_seed(dataset, {"fraction": float(sys.argv[2])})
    gap = (
        "no bound is known" if seed.gap is None else f"certified within {seed.gap:.2%} of the best"
    )
    print(f"{len(seed.scenes)} scenes, {gap}:")
    for scene in seed.scenes:
        print(scene.rank, scene.scene_id, scene.cost)
