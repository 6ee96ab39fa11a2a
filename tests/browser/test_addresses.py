"""Addresses, copies and numbers: what is nonsense is said, and what is left behind is little."""

from collections.abc import Callable

import pytest
from looking import Site, answered, encircle, go, state, visit
from playwright.sync_api import Page, expect
from serving import eventually

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

Release = Callable[[], None]


def test_the_address_keeps_up_with_a_long_drag(page: Page, site: Site) -> None:
    """Browsers refuse to write the address hundreds of times; the last budget is in it."""
    visit(page, site.url, dataset=site.building)
    answered(page)
    page.evaluate(
        """async () => {
          const slider = document.getElementById("budget-slider");
          for (let place = 0; place < 600; place += 1) {
            slider.value = 400 + (place % 590);
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            if (place % 10 === 0) await new Promise(requestAnimationFrame);
          }
        }"""
    )
    answered(page)
    page.wait_for_timeout(500)
    amount = float(page.input_value("#budget-number").replace(",", ""))
    assert float(state(page)["budget"][0]) == pytest.approx(amount)


def test_a_dataset_that_is_not_there_is_said(page: Page, site: Site) -> None:
    """No other dataset answers in its place; one that is there can be chosen."""
    visit(page, site.url, dataset="nowhere", budget=300_000, include="a")
    expect(page.locator("#message")).to_contain_text("nowhere")
    expect(page.locator("#answer")).to_be_hidden()
    page.select_option("#dataset", site.building)
    answered(page)
    assert "include" not in state(page)


@pytest.mark.parametrize("budget", ["abc", "-5", "0", "Infinity", "1e999", "NaN"])
def test_a_budget_that_is_none_begins_anew(page: Page, site: Site, budget: str) -> None:
    """At first and in an edited address, nonsense becomes the usual budget."""
    visit(page, site.url, dataset=site.building, budget=budget)
    answered(page)
    usual = state(page)["budget"]
    page.fill("#budget-percent", "70")
    answered(page)
    go(page, f"dataset={site.building}&budget={budget}")
    expect(page.locator("#budget-number")).to_have_value(f"{float(usual[0]):,.0f}")
    answered(page)


def test_an_objective_that_is_none_is_the_usual_one(page: Page, site: Site) -> None:
    """Names that every object has are none either."""
    visit(page, site.url, dataset=site.building, objective="constructor", axes="toString")
    answered(page)
    expect(page.locator("#objective")).to_have_value("recommended")
    page.click("#to-map")
    expect(page.locator("#map-said")).to_contain_text("24 scenes")
    expect(page.locator("#map-axes")).to_have_value("pca")


def test_copy_is_the_question_of_the_answer(page: Page, site: Site) -> None:
    """Not that of another view, asked since."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, site.url, dataset=site.building, budget=250_000)
    answered(page)
    page.click("#to-compare")
    page.select_option("#compare-strategy", "greedy")
    page.click("#compare-form button")
    expect(page.locator("#compare-facts")).to_contain_text("greedy")
    page.click("#to-budget")
    page.click("#copy")
    expect(page.locator("#copy-done")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    assert '"limit":250000' in command
    assert "greedy" not in command


def test_a_closed_page_leaves_no_search_behind(page: Page, site: Site) -> None:
    """The search for a better seed ends when its page is left."""
    visit(page, site.url, dataset=site.planted, objective="spread", budget=901)
    with page.expect_request("**/operations/*/events") as heard:
        pass
    path = f"/v1/operations/{heard.value.url.split('/')[-2]}"
    page.goto("about:blank")
    eventually(
        lambda: site.api.get(path).json()["status"] == "cancelled", "it goes on", timeout_s=10
    )


def test_nothing_is_moved_before_there_is_a_dataset(page: Page, site: Site) -> None:
    """While the server has not answered yet, no control fails."""
    page.route("**/datasets", lambda route: route.abort())
    visit(page, site.url)
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#budget-slider")).to_be_disabled()
    page.click("#to-map")
    expect(page.locator("#view-map")).to_be_hidden()
    page.click("#to-frontier")
    expect(page.locator("#view-frontier")).to_be_hidden()
    page.unroute("**/datasets")
    page.click("#notice-retry")
    expect(page.locator("#frontier-chart .main-svg").first).to_be_visible(timeout=60_000)


def test_numbers_are_as_people_write_them(page: Page, site: Site) -> None:
    """Sums have no digits of floating point, and tiny gaps make a sentence."""
    visit(page, site.url, dataset=site.planted, view="map")
    expect(page.locator("#map-said")).to_contain_text("300 scenes", timeout=30_000)
    encircle(page)
    total = site.api.get(f"/v1/datasets/{site.planted}").json()["total_cost"]
    expect(page.locator("#map-selection")).to_contain_text(f"300 scenes · {round(total, 2):,} p")
    sentence = page.evaluate("import('./static/words.js').then(words => words.certified(4e-5))")
    assert "more than less than" not in sentence
