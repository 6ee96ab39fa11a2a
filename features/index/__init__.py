"""Which scenes look alike: found by FAISS, measured exactly, and stored with the signatures."""

from features.index.scene_index import FLOOR, SceneIndex, SimilarGroup, index_path

__all__ = ["FLOOR", "SceneIndex", "SimilarGroup", "index_path"]
