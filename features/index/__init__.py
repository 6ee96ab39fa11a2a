"""Which scenes look alike: a FAISS index over the scenes' mean directions."""

from features.index.answers import NearDuplicates, Pair, Representation, SimilarScene
from features.index.scene_index import SceneIndex

__all__ = ["NearDuplicates", "Pair", "Representation", "SceneIndex", "SimilarScene"]
