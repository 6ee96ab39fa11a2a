"""The service does what its OpenAPI document says, on valid and on invalid requests."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

_RUN = Path(__file__).resolve().parents[1] / "contract" / "run.py"


@pytest.mark.timeout(300)
def test_every_call_keeps_its_contract() -> None:
    """A short run of schemathesis over all operations and checks finds nothing."""
    spec = importlib.util.spec_from_file_location("contract_run", _RUN)
    assert spec is not None
    assert spec.loader is not None
    contract = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(contract)
    done = contract.run(4)
    assert done.returncode == 0, done.stdout[-5000:]
