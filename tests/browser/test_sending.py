"""A seed goes to an annotation platform from the page, and labels come back to it."""

import re

import pytest
from looking import Site, answered, chosen, visit
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def test_a_seed_goes_to_a_platform_and_labels_come_back(page: Page, site: Site) -> None:
    """One click fills the queue and marks the scenes; another fetches labels for the next round."""
    source = {"kind": "manifest", "uri": (site.world / "scenes.jsonl").as_uri()}
    dataset = site.register("Sent", source)
    visit(page, site.url, dataset=dataset, objective="facility_location")
    answered(page)
    ids = chosen(page)
    page.get_by_role("group", name="Send this seed").get_by_role("button").click()
    expect(page.locator("#send-line")).to_have_text(
        f"{len(ids)} made, 0 changed, 0 as they should be."
    )
    (project,) = site.platform.projects
    assert site.platform.queue(project) == ids
    report = page.locator("#send-report")
    expect(report).to_contain_text(f"Annotators get first: {ids[0]}")
    link = report.get_by_role("link", name="Open in Label Studio")
    (view,) = site.platform.views
    expect(link).to_have_attribute("href", re.compile(rf"/projects/{project}/data\?tab={view}$"))
    expect(page.locator(".card .said", has_text="queued")).to_have_count(len(ids))
    tasks = {row["data"]["scene_id"]: task for task, row in site.platform.tasks.items()}
    site.platform.annotate(tasks[ids[0]], seconds=3.0)
    page.get_by_role("group", name="Fetch labels").get_by_role("button").click()
    expect(page.locator("#send-line")).to_have_text("1 scene labelled; 1 news.")
    expect(page.locator(".card .said", has_text="labelled")).to_have_count(1)
    expect(page.locator("#round")).to_contain_text("1 scene labelled")


def test_a_platform_that_is_away_is_told(page: Page, site: Site) -> None:
    """What the platform says went wrong stands under the buttons, and can be tried again."""
    visit(page, site.url, dataset=site.building, objective="facility_location")
    answered(page)
    site.platform.is_closed = True
    page.get_by_role("group", name="Send this seed").get_by_role("button").click()
    expect(page.locator("#send-line")).to_contain_text("Label Studio at")
    expect(page.locator("#send-line")).to_have_class("quiet bad")
    site.platform.is_closed = False
