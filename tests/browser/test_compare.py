"""Two seeds side by side."""

import re

import pytest
from looking import Site, answered, state, visit
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def test_two_seeds_are_told_apart(page: Page, site: Site) -> None:
    """Common, only left and only right are what the API's two seeds say."""
    visit(page, site.url, dataset=site.building, budget=300_000)
    answered(page)
    page.click("#to-compare")
    page.fill("#compare-budget", "30")
    page.select_option("#compare-objective", "k_center")
    page.select_option("#compare-strategy", "greedy")
    page.click("#compare-form button")
    expect(page.locator("#compare-facts")).to_contain_text("greedy")
    expect(page).to_have_url(re.compile("right="))
    left_id = page.input_value("#compare-left")
    right_id = state(page)["right"][0]
    left, right = (
        {scene["scene_id"] for scene in site.api.get(f"/v1/seeds/{name}").json()["scenes"]}
        for name in (left_id, right_id)
    )
    for side, expected in (
        ("only-left", left - right), ("both", left & right), ("only-right", right - left)
    ):  # fmt: skip
        shown = page.locator(f"#compare-{side} .link")
        expect(shown).to_have_count(len(expected))
        assert set(shown.all_inner_texts()) == expected
    expect(page.locator("#compare-facts")).to_contain_text("Objective (not comparable)")


def test_a_share_that_is_none_is_refused_in_a_sentence(page: Page, site: Site) -> None:
    """Nothing is asked of the server."""
    visit(page, site.url, dataset=site.building, view="compare")
    answered_or_empty = page.locator("#compare-said")
    page.fill("#compare-budget", "0")
    page.click("#compare-form button")
    expect(answered_or_empty).to_contain_text("above 0 and up to 100")
