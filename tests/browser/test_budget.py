"""The budget: a slider and two fields, and an answer that follows."""

import json
import re

import pytest
from looking import Site, answered, chosen, count, state, visit
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def test_dragging_the_slider_changes_what_is_chosen(page: Page, site: Site) -> None:
    """The answer follows the drag: more budget, more scenes, never above the budget."""
    visit(page, site.url, dataset=site.building)
    answered(page)
    few = count(page)
    assert len(chosen(page)) == few
    box = page.locator("#budget-slider").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    for step in range(10):
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.04 * step), middle)
    page.mouse.up()
    answered(page)
    assert count(page) > few
    assert len(chosen(page)) == count(page)
    budget = float(state(page)["budget"][0])
    seeds = site.api.get(f"/v1/datasets/{site.building}/seeds?page_size=1000").json()["items"]
    asked = [seed for seed in seeds if seed["budget"]["limit"] == pytest.approx(budget)]
    assert count(page) in {seed["scene_count"] for seed in asked}
    assert all(seed["total_cost"] <= budget for seed in asked)


def test_the_slider_spans_all_that_can_be_paid(page: Page, site: Site) -> None:
    """Its left end pays for the cheapest scene alone, its right end for all of them."""
    visit(page, site.url, dataset=site.building)
    answered(page)
    page.locator("#budget-slider").focus()
    page.keyboard.press("End")
    expect(page.locator("#answer-count")).to_have_text("24")
    page.keyboard.press("Home")
    expect(page.locator("#answer-count")).to_have_text("1")
    answered(page)


def test_both_fields_say_the_same_budget(page: Page, site: Site) -> None:
    """A share that is typed becomes an amount, and an amount a share; nonsense is marked."""
    visit(page, site.url, dataset=site.building)
    answered(page)
    total = site.api.get(f"/v1/datasets/{site.building}").json()["total_cost"]
    page.fill("#budget-percent", "50")
    page.locator("#budget-percent").blur()
    amount = float(page.input_value("#budget-number").replace(",", ""))
    assert amount == pytest.approx(total / 2, rel=1e-3)
    page.fill("#budget-number", f"{total / 4:.0f}")
    page.locator("#budget-number").blur()
    assert float(page.input_value("#budget-percent")) == pytest.approx(25, rel=1e-3)
    answered(page)
    before = count(page)
    page.fill("#budget-percent", "900")
    page.locator("#budget-percent").blur()
    assert float(page.input_value("#budget-percent")) == pytest.approx(100)
    answered(page)
    before = count(page)
    page.fill("#budget-number", "much")
    expect(page.locator("#budget-number")).to_have_attribute("aria-invalid", "true")
    assert count(page) == before


def test_a_gap_is_a_sentence_that_gets_better(page: Page, site: Site) -> None:
    """An answer has a bound; the search for a better one is shown, and ends with its question."""
    visit(page, site.url, dataset=site.planted, objective="spread", budget=900)
    expect(page.locator("#answer-proof")).to_contain_text("No other choice can be more than")
    expect(page.locator("#answer-live")).to_contain_text("Still looking: ", timeout=30_000)
    page.select_option("#objective", "seedal")
    proof = page.locator("#answer-proof")
    expect(proof).to_have_text("Proven: no other choice is better.", timeout=60_000)
    page.click("#calls-open")
    expect(page.locator("#calls-list")).to_contain_text(":cancel")


def test_a_pinned_scene_stays_and_a_banned_one_goes(page: Page, site: Site) -> None:
    """Rules are asked for, shown, part of the address, and taken back by a click."""
    visit(page, site.url, dataset=site.building, budget=300_000)
    answered(page)
    first = chosen(page)[0]
    page.click(f'#gallery [data-scene="{first}"] button:text-is("Ban")')
    expect(page.locator(f'#gallery [data-scene="{first}"]')).to_have_count(0)
    answered(page)
    assert state(page)["exclude"] == [first]
    expect(page.locator("#exclude-rules")).to_contain_text("Banned: 1")
    page.click("#exclude-rules .chip")
    expect(page.locator(f'#gallery [data-scene="{first}"]')).to_have_count(1)
    missed = page.locator("#near > li.card").first
    name = missed.get_attribute("data-scene")
    missed.get_by_role("button", name="Pin").click()
    expect(page.locator(f'#gallery [data-scene="{name}"]')).to_have_count(1)
    answered(page)
    assert name in chosen(page)


def test_an_address_is_the_whole_state(page: Page, site: Site) -> None:
    """Whoever opens the address elsewhere sees the same scenes; "back" undoes a step."""
    visit(page, site.url, dataset=site.building, budget=400_000)
    answered(page)
    page.select_option("#objective", "k_center")
    answered(page)
    seen = chosen(page)
    other = page.context.new_page()
    other.goto(page.url)
    answered(other)
    assert chosen(other) == seen
    expect(other.locator("#objective")).to_have_value("k_center")
    page.go_back()
    expect(page.locator("#objective")).to_have_value("recommended")
    answered(page)


def test_every_click_is_a_call_that_a_platform_could_make(page: Page, site: Site) -> None:
    """What "copy as curl" gives, sent again, has the same answer."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, site.url, dataset=site.building, budget=250_000)
    answered(page)
    page.click("#copy")
    expect(page.locator("#copy-done")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    url, body = re.findall(r"'(http[^']+|\{[^']+)'", command)
    answer = site.api.post(url, json=json.loads(body))
    assert [scene["scene_id"] for scene in answer.json()["scenes"]] == chosen(page)
