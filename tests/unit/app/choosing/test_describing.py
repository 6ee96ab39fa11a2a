import numpy as np
import pytest

from app.choosing.question import Question
from app.choosing.seeding import make_seed
from features.index import SceneIndex
from features.signatures.model import Signatures


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_represents_what_the_index_says(seed: int) -> None:
    """The number a seed's scene represents is the number that the index gives to it."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(60, 6))
    vectors /= 1.2 * np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = tuple(f"room {row}" for row in range(60))
    signatures = Signatures(ids, rng.uniform(0.1, 1.0, 60), vectors, np.full(60, 3))
    answer = make_seed(
        Question(signatures=signatures, costs=rng.integers(5, 20, 60).astype(float), budget=100.0)
    )
    chosen = [scene.scene_id for scene in answer.scenes]
    members = SceneIndex.build(signatures).represented(chosen).members
    assert {scene.scene_id: scene.represents for scene in answer.scenes} == {
        scene_id: len(found) for scene_id, found in members.items()
    }
