"""What every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("SEEDAL_ALLOWED_HOSTS", "testserver")
"""What Starlette's test client calls every server; tests of the doors set their own."""

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the real data beside a developer's checkout; a fresh machine has none and skips."""
    root = Path(os.environ.get("SEEDAL_TEST_DATA", _BESIDE_THE_CHECKOUT))
    if not root.is_dir():
        pytest.skip("the shared data is not on this machine")
    return root
