"""The frontier: what each budget would buy, and a click that goes there."""

import re

import pytest
from looking import Site, answered, state, visit
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def _open(page: Page, site: Site, **more: object) -> None:
    visit(page, site.url, dataset=site.building, view="frontier", **more)
    expect(page.locator("#frontier-chart .main-svg").first).to_be_visible(timeout=60_000)


def test_the_chart_has_all_that_is_known(page: Page, site: Site) -> None:
    """Bound, best choice, baselines and knee are in the chart; the sentence names the knee."""
    _open(page, site, objective="facility_location")
    expect(page.locator("#frontier-said")).to_contain_text("More stops paying at about")
    names = page.evaluate("document.getElementById('frontier-chart').data.map(t => t.name)")
    for name in ("Best choice", "Nothing can be above", "Random, 20 draws", "Greedy", "K-means"):
        assert name in names
    assert "Knee" in names
    best, bound = page.evaluate(
        "['Best choice', 'Nothing can be above'].map(n =>"
        " document.getElementById('frontier-chart').data.find(t => t.name === n).y)"
    )
    assert all(low <= high * (1 + 1e-9) for low, high in zip(best, bound, strict=True))
    assert best == sorted(best)


def test_a_curve_that_rises_ever_faster_has_no_knee(page: Page, site: Site) -> None:
    """Where each further budget adds more than the last, the page does not make up an end."""
    _open(page, site, objective="pairwise")
    expect(page.locator("#frontier-said")).to_contain_text("No budget stands out")
    names = page.evaluate("document.getElementById('frontier-chart').data.map(t => t.name)")
    assert "Knee" not in names


def test_a_click_on_a_point_goes_to_its_budget(page: Page, site: Site) -> None:
    """The clicked point's budget is the new one, and the answer is the point's."""
    _open(page, site)
    answered(page)
    before = state(page)["budget"]
    x, y = page.evaluate(
        """() => {
          const chart = document.getElementById("frontier-chart");
          const box = chart.getBoundingClientRect();
          const { xaxis, yaxis } = chart._fullLayout;
          const trace = chart.data.find(({ name }) => name === "Best choice");
          const k = trace.x.length - 8;
          return [box.x + xaxis._offset + xaxis.l2p(trace.x[k]),
                  box.y + yaxis._offset + yaxis.l2p(trace.y[k])];
        }"""
    )
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    expect(page).not_to_have_url(re.compile(f"budget={re.escape(before[0])}(&|$)"))
    answered(page)
    limits = page.evaluate(
        "document.getElementById('frontier-chart').data.find(t => t.name === 'Best choice').x"
    )
    assert float(state(page)["budget"][0]) in limits


def test_nested_steps_only_add(page: Page, site: Site) -> None:
    """Nested, the table lists what each step adds, and no step leaves a scene out."""
    _open(page, site)
    page.check("#frontier-nested")
    expect(page.locator("#frontier-rows thead")).to_contain_text("Price of nesting")
    page.click("summary")
    rows = page.locator("#frontier-rows tbody tr")
    assert rows.count() > 10
    assert "without" not in page.locator("#frontier-rows").inner_text()
    counts = [int(text) for text in rows.locator("td:nth-child(2)").all_inner_texts()]
    assert counts == sorted(counts)
    added = page.locator("#frontier-rows .chip").first
    name = added.inner_text()
    added.click()
    expect(page.locator("#scene-name")).to_have_text(name)


def test_the_chart_can_be_taken_away(page: Page, site: Site) -> None:
    """PNG and SVG are what their names say."""
    _open(page, site)
    for form, beginning in (("png", b"\x89PNG"), ("svg", b"<svg")):
        with page.expect_download() as download:
            page.click(f"#frontier-{form}")
        content = download.value.path().read_bytes()
        assert content.startswith(beginning)
        assert len(content) > 2_000
