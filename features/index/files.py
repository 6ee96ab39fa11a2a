"""The file of an index: one line that says what it is, then FAISS's own bytes.

FAISS trusts what it reads, so nothing reaches it whose hash is not the one that was written.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from features.errors import VectorsError
from features.files.paths import atomic_write
from features.index.libraries import load_faiss

_FORMAT: Final = "seedal index 1"
_LONGEST: Final = 4096  # bytes of the first line


def write_index(path: Path, index: Any, fingerprint: str) -> None:  # noqa: ANN401  faiss carries no type information
    """Write an index, all or nothing.

    Parameters
    ----------
    path
        The file.
    index
        A FAISS index.
    fingerprint
        Of the scenes that it indexes.
    """
    content = load_faiss().serialize_index(index).tobytes()
    head = {
        "format": _FORMAT,
        "rows": int(index.ntotal),
        "fingerprint": fingerprint,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    with atomic_write(path) as stream:
        stream.write(json.dumps(head).encode() + b"\n")
        stream.write(content)


def read_index(path: Path, rows: int, fingerprint: str) -> Any:  # noqa: ANN401  faiss carries no type information
    """Read an index that :func:`write_index` wrote.

    Raises
    ------
    VectorsError
        The file is missing, damaged or foreign, or indexes other scenes.
    """
    faiss = load_faiss()
    try:
        with path.open("rb") as stream:
            head = json.loads(stream.readline(_LONGEST))
            known = head["format"], head["rows"], head["fingerprint"], head["sha256"]
            content = stream.read()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refusal(path, "not an index of scenes") from error
    if known[0] != _FORMAT or hashlib.sha256(content).hexdigest() != known[3]:
        raise _refusal(path, "not a whole index of scenes")
    if known[1] != rows:
        raise _refusal(path, f"the index has {known[1]} rows for {rows} scenes")
    if known[2] != fingerprint:
        raise _refusal(path, "an index of other scenes")
    return faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))


def _refusal(path: Path, reason: str) -> VectorsError:
    return VectorsError(f"{path}: {reason}; delete the file and run again")
