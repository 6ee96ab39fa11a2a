"""Which scenes look alike: found by FAISS, measured exactly, and stored with the signatures."""

from features.index.scene_index import SceneIndex, SimilarGroup, index_path

__all__ = ["SceneIndex", "SimilarGroup", "index_path"]
