"""The map: what looks alike lies side by side, and can be pinned, banned and encircled."""

import re
from importlib.util import find_spec

import pytest
from looking import Site, answered, chosen, count, encircle, state, visit, width
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

Place = tuple[float, float]


def _open(page: Page, site: Site, dataset: str) -> None:
    visit(page, site.url, dataset=dataset, view="map")
    answered(page)
    expect(page.locator("#map-said")).to_contain_text("sized by cost")


def _alone(page: Page, site: Site, dataset: str) -> tuple[str, Place]:
    """Return a scene that no other lies near, and where it is on the screen."""
    answer = site.api.get(f"/v1/datasets/{dataset}/map").json()
    points = list(zip(answer["x"], answer["y"], strict=True))
    gaps = [
        min((a - x) ** 2 + (b - y) ** 2 for k, (a, b) in enumerate(points) if k != place)
        for place, (x, y) in enumerate(points)
    ]
    place = gaps.index(max(gaps))
    # The page shows everything with equal scales on both axes and a margin of 24 pixels.
    box = page.locator("#map-canvas").bounding_box()
    assert box is not None
    xs, ys = answer["x"], answer["y"]
    wide, high = box["width"] - 2, box["height"] - 2
    scale = min((wide - 48) / (max(xs) - min(xs)), (high - 48) / (max(ys) - min(ys)))
    x = box["x"] + 1 + wide / 2 + scale * (points[place][0] - (max(xs) + min(xs)) / 2)
    y = box["y"] + 1 + high / 2 - scale * (points[place][1] - (max(ys) + min(ys)) / 2)
    return answer["scene_ids"][place], (x, y)


def test_hovering_shows_the_scene(page: Page, site: Site) -> None:
    """Under the mouse a point says what it is, with its picture."""
    _open(page, site, site.building)
    name, place = _alone(page, site, site.building)
    page.mouse.move(*place)
    expect(page.locator("#map-tip strong")).to_have_text(name)
    expect(page.locator("#map-tip")).to_contain_text("points")
    picture = page.locator("#map-tip img")
    expect(picture).to_be_visible()
    assert width(picture) > 0


def test_a_click_offers_to_pin_and_to_ban(page: Page, site: Site) -> None:
    """A pinned scene is asked for at once; so is its ban, which takes the pin's place."""
    _open(page, site, site.building)
    name, place = _alone(page, site, site.building)
    page.mouse.click(*place)
    bar = page.locator("#map-selection")
    expect(bar).to_contain_text(name)
    bar.get_by_role("button", name="Pin").click()
    expect(bar.get_by_role("button", name="Unpin")).to_be_visible()
    answered(page)
    page.click("#to-budget")
    assert name in chosen(page)
    page.click("#to-map")
    bar.get_by_role("button", name="Ban").click()
    answered(page)
    assert (state(page)["exclude"], "include" in state(page)) == ([name], False)


def test_neighbours_are_those_that_look_alike(page: Page, site: Site) -> None:
    """From one scene to the eight that are most like it, as the API says."""
    _open(page, site, site.building)
    name, place = _alone(page, site, site.building)
    page.mouse.click(*place)
    page.locator("#map-selection").get_by_role("button", name="Neighbours").click()
    expect(page.locator("#map-selection")).to_contain_text("9 scenes")
    page.locator("#map-selection").get_by_role("button", name="Pin all").click()
    expect(page.locator("#include-rules")).to_contain_text("Pinned: 9")
    path = f"/v1/datasets/{site.building}/scenes/{name}/neighbors?k=8"
    alike = [item["scene_id"] for item in site.api.get(path).json()["items"]]
    assert set(state(page)["include"]) == {name, *alike}


def test_a_lasso_takes_many(page: Page, site: Site) -> None:
    """Around everything, it selects all; banned, nothing can be chosen until they are freed."""
    _open(page, site, site.building)
    encircle(page)
    bar = page.locator("#map-selection")
    expect(bar).to_contain_text("24 scenes")
    bar.get_by_role("button", name="Ban all").click()
    expect(page.locator("#exclude-rules")).to_contain_text("Banned: 24")
    expect(page.locator("#answer-count")).to_have_text("0")
    bar.get_by_role("button", name="Free all").click()
    answered(page)
    assert count(page) > 0


def test_keys_are_enough(page: Page, site: Site) -> None:
    """Arrows go from scene to scene, P pins, Enter opens, Escape closes."""
    _open(page, site, site.building)
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    spoken = page.locator("#map-spoken")
    expect(spoken).to_contain_text("points")
    name = spoken.inner_text().split(",")[0]
    page.keyboard.press("p")
    expect(page.locator("#include-rules")).to_contain_text(name)
    page.keyboard.press("Enter")
    expect(page.locator("#scene-name")).to_have_text(name)
    page.keyboard.press("Escape")
    expect(page.locator("#scene")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("scene="))


def test_what_is_not_installed_is_said(page: Page, site: Site) -> None:
    """Without umap-learn the page says so and goes back to PCA."""
    if find_spec("umap") is not None:
        pytest.skip("umap-learn is installed")
    _open(page, site, site.building)
    page.select_option("#map-axes", "umap")
    expect(page.locator("#map-note")).to_contain_text("umap-learn")
    expect(page.locator("#map-axes")).to_have_value("pca")


def test_panning_and_zooming_keep_what_is_chosen(page: Page, site: Site) -> None:
    """A drag moves the picture and picks nothing; "Everything" brings it back."""
    _open(page, site, site.building)
    name, (x, y) = _alone(page, site, site.building)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=5)
    page.mouse.up()
    expect(page.locator("#map-selection")).to_be_hidden()
    page.mouse.move(x + 60, y + 40)
    expect(page.locator("#map-tip strong")).to_have_text(name)
    page.mouse.wheel(0, -400)
    page.click("#map-fit")
    page.mouse.move(x, y)
    expect(page.locator("#map-tip strong")).to_have_text(name)
