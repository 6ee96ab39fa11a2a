"""Datasets that are ready at once: their rows and signatures are written as a worker would."""

import math
from pathlib import Path

import numpy as np

from app.datasets import scenes, translate
from app.datasets.wire import DatasetRequest, DatasetStatus
from app.settings import Settings
from app.store.engine import open_engine
from app.store.schema import upgrade
from app.store.sessions import open_sessions
from features.signatures.model import Signatures


def plant(settings: Settings, n: int, *, d: int = 32, seed: int = 0, name: str = "planted") -> str:
    """Write a dataset of n scenes that answers budgets, and return its id.

    Scenes lie in clusters, cost between 1 and 20, and belong to one of ten groups.
    """
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(2, n // 20), d))
    vectors = centres[rng.integers(0, len(centres), n)] + 0.5 * rng.normal(size=(n, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors *= rng.uniform(0.7, 0.95, (n, 1))
    costs = np.round(rng.uniform(1.0, 20.0, n), 2)
    ids = tuple(f"scene_{k:06d}" for k in range(n))
    key = f"planted-{n}-{d}-{seed}"
    path: Path = settings.signatures_dir / f"{key}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = rng.uniform(0.1, 0.4, n)
    Signatures(ids, weights, vectors, np.full(n, 3, dtype=np.int64)).save(path)
    request = DatasetRequest.model_validate(
        {"name": name, "source": {"kind": "images", "root": "/none"}}
    )
    engine = open_engine(settings.database())
    upgrade(engine)
    with open_sessions(engine).begin() as session:
        row = translate.new_dataset(request)
        row.status, row.signatures_key = DatasetStatus.READY, key
        row.resource, row.resources, row.cost_origin = "points", ["points"], "drawn"
        row.scene_count = row.usable_scene_count = n
        row.total_cost, row.cheapest_cost = math.fsum(costs), float(costs.min())
        row.resolved_features = {
            "backbone": "planted",
            "weights_id": "none",
            "token": "cls",
            "clusters": 13,
        }
        session.add(row)
        session.flush()
        records = [
            {
                "dataset_id": row.id,
                "position": k,
                "scene_id": ids[k],
                "costs": {"points": float(costs[k])},
                "group_name": f"group_{k % 10}",
                "images": [],
                "regions": None,
                "pointcloud": None,
                "external_ids": {},
                "meta": {},
                "usable": True,
            }
            for k in range(n)
        ]
        scenes.add(session, records)
        dataset_id: str = row.id
    engine.dispose()
    return dataset_id
