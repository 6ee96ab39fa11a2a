"""The whole way on real data: street scenes and scans, as a data lead goes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from looking import Site, answered, chosen, count, visit, width
from playwright.sync_api import Page, expect

pytestmark = [
    pytest.mark.browser, pytest.mark.enable_socket, pytest.mark.shared_data,
    pytest.mark.timeout(300),
]  # fmt: skip


def _camvid(root: Path) -> dict[str, Any]:
    frames = sorted((root / "camvid" / "train").glob("*.jpg"))
    scenes = [
        {"scene_id": frame.stem, "cost": 1, "group": frame.stem[:6], "images": [frame.as_uri()]}
        for frame in frames[::3]
    ]
    return {"kind": "inline", "scenes": scenes}


def _scans(root: Path) -> dict[str, Any]:
    return {"kind": "semantic_kitti", "root": str(root / "mini_semantickitti")}


@pytest.mark.parametrize(("name", "source"), [("CamVid", _camvid), ("SemanticKITTI", _scans)])
def test_a_data_lead_goes_from_budget_to_report(
    page: Page, site: Site, shared_data: Path, name: str, source: Callable[[Path], dict[str, Any]]
) -> None:
    """Budget, map, scene, frontier, comparison and download, on real images."""
    dataset = site.register(name, source(shared_data))
    visit(page, site.url, dataset=dataset)
    answered(page)
    assert len(chosen(page)) == min(count(page), 60)
    pictures = page.locator("#gallery img")
    assert all(width(pictures.nth(place)) > 100 for place in range(3))
    page.locator("#gallery .name").first.click()
    expect(page.locator("#scene-like li").first).to_be_visible()
    if name == "SemanticKITTI":
        page.click("#scene-cloud-show")
        expect(page.locator("#scene-cloud canvas").first).to_be_visible(timeout=60_000)
    page.click("#scene-close")
    page.click("#to-map")
    expect(page.locator("#map-said")).to_contain_text("sized by cost")
    page.click("#to-frontier")
    expect(page.locator("#frontier-chart .main-svg").first).to_be_visible(timeout=90_000)
    page.click("#to-compare")
    page.fill("#compare-budget", "3")
    page.click("#compare-form button")
    expect(page.locator("#compare-sum")).to_contain_text(f"{name}: ", timeout=60_000)
    page.click("#to-budget")
    answered(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    rows = download.value.path().read_text().splitlines()[1:]
    assert len(rows) == count(page)
