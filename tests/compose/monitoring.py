"""What the stack's Prometheus has to show, asked for the way the Grafana dashboard asks."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2

_DASHBOARD = Path("docker/observability/grafana/dashboards/seedal.json")


def expressions(root: Path) -> Iterator[str]:
    """Yield every PromQL expression of the dashboard in a checkout."""
    for panel in json.loads((root / _DASHBOARD).read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def without_figures(prometheus: httpx2.Client, root: Path) -> list[str]:
    """Return the dashboard's expressions for which Prometheus has no number yet.

    An expression that it cannot read is an error of the dashboard, not a matter of time.
    """
    missing = []
    for expression in expressions(root):
        try:
            answer = prometheus.get("/api/v1/query", params={"query": expression})
        except httpx2.TransportError:
            return ["Prometheus"]
        if answer.status_code == httpx2.codes.BAD_REQUEST:
            raise ValueError(answer.json()["error"])
        found = answer.json()["data"]["result"] if answer.is_success else []
        if not any(series["value"][1] != "NaN" for series in found):
            missing.append(expression)
    return missing
