"""One scene: its images, what it stands for, what looks like it, its point cloud."""

import re

import pytest
from looking import Site, answered, chosen, visit
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def test_a_scene_shows_all_that_is_known_of_it(page: Page, site: Site) -> None:
    """Images, costs, rank, and its nearest scenes, each of which opens in turn."""
    visit(page, site.url, dataset=site.building, budget=300_000)
    answered(page)
    name = chosen(page)[0]
    page.click(f'#gallery [data-scene="{name}"] .picture')
    expect(page.locator("#scene-name")).to_have_text(name)
    expect(page.locator("#scene-images img")).to_have_count(2)
    expect(page.locator("#scene-facts")).to_contain_text("rank 1")
    nearest = site.api.get(f"/v1/datasets/{site.building}/scenes/{name}/neighbors?k=8").json()
    like = page.locator("#scene-like .link")
    expect(like).to_have_text([item["scene_id"] for item in nearest["items"]])
    second = like.nth(1).inner_text()
    like.nth(1).click()
    expect(page.locator("#scene-name")).to_have_text(second)
    page.go_back()
    expect(page.locator("#scene-name")).to_have_text(name)
    page.click("#scene-close")
    expect(page).not_to_have_url(re.compile("scene="))


def test_a_scene_says_what_it_stands_for(page: Page, site: Site) -> None:
    """As many scenes as the card says are behind it."""
    visit(page, site.url, dataset=site.building, budget=200_000)
    answered(page)
    card = page.locator("#gallery .card", has_text="stands for").first
    text = card.locator(".worth").inner_text()
    stands = int(text.split("stands for ")[1].split()[0])
    card.locator(".name").click()
    expect(page.locator("#scene-stands-title")).to_contain_text(f"Stands for {stands} scene")
    expect(page.locator("#scene-stands li")).to_have_count(min(stands, 12))


def test_a_point_cloud_turns_in_space(page: Page, site: Site) -> None:
    """Where a scene has one it is drawn, thinned, and says how many points it shows."""
    scenes = site.api.get(f"/v1/datasets/{site.building}/scenes").json()["items"]
    with_cloud = next(scene for scene in scenes if scene["pointcloud"])
    visit(page, site.url, dataset=site.building, scene=with_cloud["scene_id"])
    page.click("#scene-cloud-show")
    expect(page.locator("#scene-cloud canvas").first).to_be_visible(timeout=60_000)
    expect(page.locator("#scene-cloud-said")).to_contain_text("points. Drag to turn")
