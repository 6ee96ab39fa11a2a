"""The MCP server, asked by the protocol's own client."""

import json
import subprocess
from pathlib import Path

import pytest
from client_site import Site

pytestmark = pytest.mark.enable_socket

_MOST_BYTES = 10_000


def test_an_assistant_plans_two_rounds(python: Path, site: Site) -> None:
    """Over standard input and output the six tools register, choose, explain, compare, record."""
    script = Path(__file__).with_name("use_tools.py")
    done = subprocess.run(
        [str(python), str(script), site.url, site.manifest],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["tools"]) == 6
    assert len(json.dumps(told["tools"]).encode()) < _MOST_BYTES
    assert told["registered"]["status"] == "ready"
    assert told["registered"]["id"] in {one["id"] for one in told["listed"]["datasets"]}
    seed = told["seed"]
    assert 1 <= seed["scene_count"] <= 3
    assert seed["total_cost"] <= seed["budget"]
    assert told["explained"]["scenes"] == seed["scenes"]
    assert told["explained"]["near_misses"]
    assert [point["part"] for point in told["compared"]["points"]] == [0.2, 0.6]
    assert (told["labelled"]["labelled"], told["labelled"]["unknown"]) == (1, ["none"])
    labelled = seed["scenes"][0]["scene"]
    assert labelled not in {scene["scene"] for scene in told["next"]["scenes"]}
    assert "below the cheapest scene" in told["too_small"]["error"]
