"""FAISS, imported when it is used, and its GPU where it has one."""

from typing import Any

from features.extra import features_extra


def load_faiss() -> Any:  # noqa: ANN401  faiss carries no type information
    """Return the library.

    Raises
    ------
    BackboneError
        It is not installed; the sentence names the extra.
    """
    with features_extra("the index of scenes"):
        import faiss  # noqa: PLC0415  not in the base install
    return faiss


def on_gpu(faiss: Any, index: Any) -> Any:  # noqa: ANN401  faiss carries no type information
    """Return a copy of an index on the first GPU, or the index where faiss or machine has none.

    For searches of many queries by number only: FAISS has no search by radius on a GPU.
    """
    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        return index
    return faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
