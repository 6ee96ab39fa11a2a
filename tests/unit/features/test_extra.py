import subprocess
import sys

import numpy as np
import pytest

from features.errors import BackboneError
from features.signatures.clustering import cluster

LAZY = (
    "import sys, features.pipeline, features.signatures.model, features.extraction.blocks\n"
    "sys.exit(bool({'torch', 'timm', 'faiss', 'huggingface_hub'} & sys.modules.keys()))"
)


def test_the_pipeline_is_imported_without_heavy_libraries() -> None:
    """Importing the pipeline loads neither torch nor timm nor faiss."""
    assert subprocess.run([sys.executable, "-c", LAZY], check=False).returncode == 0


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where faiss is not installed, one sentence says which extra brings it."""
    monkeypatch.setitem(sys.modules, "faiss", None)
    vectors = np.arange(12, dtype=np.float32).reshape(6, 2)
    with pytest.raises(BackboneError, match=r"needs the extra: pip install 'seedal-service\[feat"):
        cluster(vectors, 2)
