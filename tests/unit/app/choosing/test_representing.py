import numpy as np
import pytest

from app.choosing.question import Question
from app.choosing.seeding import make_seed
from features.index import SceneIndex
from features.signatures.model import Signatures


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_represents_what_looks_like_it(seed: int) -> None:
    """A scene of a seed represents those outside that look most like it, with an index or not."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(60, 6))
    vectors /= 1.2 * np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = tuple(f"room {row}" for row in range(60))
    signatures = Signatures(ids, rng.uniform(0.1, 1.0, 60), vectors, np.full(60, 3))
    answer = make_seed(
        Question(
            signatures=signatures,
            costs=rng.integers(5, 20, 60).astype(float),
            budget=100.0,
            index=SceneIndex.build(signatures) if seed % 2 else None,
        )
    )
    chosen = [scene.scene_id for scene in answer.scenes]
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    inside = [ids.index(scene_id) for scene_id in chosen]
    outside = [row for row in range(60) if row not in inside]
    nearest = (units[outside] @ units[inside].T).argmax(axis=1)
    assert [scene.represents for scene in answer.scenes] == np.bincount(
        nearest, minlength=len(inside)
    ).tolist()
