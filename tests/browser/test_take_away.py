"""What can be taken away: every format, a proof, pictures, and a report that stands alone."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from looking import Site, answered, chosen, visit
from playwright.sync_api import Page, expect

from app.cli.main import main

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def _download(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_every_format_has_the_scenes_that_are_shown(page: Page, site: Site, tmp_path: Path) -> None:
    """JSON, CSV and contact sheet are of the shown seed; its proof holds for `seedal verify`."""
    visit(page, site.url, dataset=site.building, budget=350_000)
    answered(page)
    names = chosen(page)
    seed = json.loads(_download(page, "JSON", tmp_path).read_text())
    assert [scene["scene_id"] for scene in seed["scenes"]] == names
    rows = _download(page, "CSV", tmp_path).read_text().splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == names
    assert _download(page, "Contact sheet", tmp_path).read_bytes().startswith(b"\x89PNG")
    problem = _download(page, "Problem", tmp_path)
    certificate = _download(page, "Certificate", tmp_path)
    assert main(["verify", str(problem), str(certificate)]) == 0
    with np.load(problem) as arrays:
        proven = arrays["ids"][json.loads(certificate.read_text())["selected"]]
    assert set(proven.tolist()) == set(names)


@pytest.mark.parametrize("objective", ["recommended", "coverage", "spread", "balanced"])
def test_every_objective_has_a_proof(
    page: Page, site: Site, tmp_path: Path, objective: str
) -> None:
    """Certificate and problem are offered whatever is maximised, and hold for `seedal verify`."""
    visit(page, site.url, dataset=site.building, budget=350_000, objective=objective)
    answered(page)
    problem = _download(page, "Problem", tmp_path)
    certificate = _download(page, "Certificate", tmp_path)
    assert main(["verify", str(problem), str(certificate)]) == 0


def test_a_report_needs_no_service(
    new_page: Callable[..., Page], page: Page, site: Site, tmp_path: Path
) -> None:
    """Opened without a network, it has the scenes with their pictures, the proof and the charts."""
    visit(page, site.url, dataset=site.building, budget=350_000, objective="seedal")
    answered(page)
    names = chosen(page)
    page.click("#to-frontier")
    expect(page.locator("#frontier-chart .main-svg").first).to_be_visible(timeout=60_000)
    page.click("#to-map")
    expect(page.locator("#map-said")).to_contain_text("sized by cost")
    page.click("#to-frontier")
    report = _download(page, "Save report", tmp_path)
    alone = new_page(offline=True)
    wanted: list[str] = []
    alone.on("request", lambda request: wanted.append(request.url))
    alone.goto(report.as_uri())
    assert alone.locator("tbody td:nth-child(3)").all_inner_texts() == names
    expect(alone.locator(".proof")).to_have_text("Proven: no other choice is better.")
    assert alone.locator("figure img").count() == 2
    sizes = alone.locator("img").evaluate_all(
        "all => Promise.all(all.map(i => i.decode().then(() => i.naturalWidth)))"
    )
    assert len(sizes) == len(names) + 2
    assert min(sizes) > 0
    assert [url for url in wanted if not url.startswith(("file:", "data:"))] == []


def test_the_map_can_be_taken_away(page: Page, site: Site, tmp_path: Path) -> None:
    """PNG and SVG are what their names say; the SVG has a dot a scene."""
    visit(page, site.url, dataset=site.building, view="map")
    expect(page.locator("#map-said")).to_contain_text("sized by cost")
    answered(page)
    assert _download(page, "PNG", tmp_path).read_bytes().startswith(b"\x89PNG")
    assert _download(page, "SVG", tmp_path).read_text().count("<circle") == 24
