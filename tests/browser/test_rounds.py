"""The next round on the page: what is labelled is told, counted, paid, and not chosen again."""

import pytest
from looking import Site, answered, chosen, state, visit
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def test_one_click_asks_for_the_next_round(page: Page, site: Site) -> None:
    """Labelled scenes leave the seed, what they cost leaves the budget, and the address says so."""
    source = {"kind": "manifest", "uri": (site.world / "scenes.jsonl").as_uri()}
    dataset = site.register("Two rounds", source)
    visit(page, site.url, dataset=dataset, objective="facility_location")
    answered(page)
    expect(page.locator("#round")).to_be_hidden()
    first = chosen(page)
    events = [{"scene_id": name, "state": "labelled", "spent": {"hours": 0.5}} for name in first]
    told = site.api.post(f"/v1/datasets/{dataset}/labels", json={"events": events}).json()
    assert told["accepted"] == len(first)
    total = site.api.get(f"/v1/datasets/{dataset}").json()["total_cost"]
    visit(page, site.url, dataset=dataset, objective="facility_location", budget=0.6 * total)
    page.reload()
    answered(page)
    expect(page.locator("#round")).to_contain_text(f"{len(first)} scenes labelled")
    expect(page.locator("#round")).to_contain_text(f"it took {0.5 * len(first):g} hours")
    page.get_by_role("button", name="Next round").click()
    expect(page.locator("#answer-cost")).to_contain_text("labelled scenes took")
    answered(page)
    assert chosen(page)
    assert not set(chosen(page)) & set(first)
    assert state(page)["round"] == ["next"]
    page.get_by_role("button", name="Next round").click()
    expect(page.locator("#answer-cost")).not_to_contain_text("labelled scenes took")
