"""Near duplicates: grouped by a threshold, looked at, and left out of a seed."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from looking import Site, answered, chosen, count, state, visit, width
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def _slide(page: Page, value: str) -> None:
    """Move the slider to a threshold, as a drag does."""
    page.locator("#duplicates-threshold").evaluate(
        """(slider, value) => {
          slider.value = value;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        value,
    )


def _groups(site: Site, threshold: float) -> list[set[str]]:
    answer = site.api.get(
        f"/v1/datasets/{site.building}/duplicates", params={"threshold": threshold}
    ).json()
    return [{scene["scene_id"] for scene in group["scenes"]} for group in answer["items"]]


def test_groups_follow_the_threshold(page: Page, site: Site) -> None:
    """What the slider says is what is grouped, with pictures; a scene opens from its name."""
    visit(page, site.url, dataset=site.building, view="duplicates", threshold="0.9")
    rows = page.locator(".duplicates-group")
    expect(rows).to_have_count(len(_groups(site, 0.9)))
    assert width(rows.first.locator("img").first) > 50
    expect(page.locator("#duplicates-said")).to_contain_text("One of each would leave out")
    _slide(page, "0.95")
    expect(page.locator("#duplicates-value")).to_have_text("0.950")
    expect(rows).to_have_count(len(_groups(site, 0.95)))
    assert state(page)["threshold"] == ["0.95"]
    name = rows.first.locator(".link").first
    scene = name.inner_text()
    name.click()
    expect(page.locator("#scene-name")).to_have_text(scene)
    page.click("#scene-close")
    _slide(page, "1")
    expect(page.locator("#duplicates-said")).to_contain_text("No two scenes")
    expect(rows).to_have_count(0)


def test_one_of_each_group_is_chosen(page: Page, site: Site) -> None:
    """The tick asks anew; the rule stands beside the budget, and can be taken back there."""
    visit(page, site.url, dataset=site.building, view="duplicates", threshold="0.95")
    page.check("#duplicates-unique")
    page.click("#to-budget")
    page.fill("#budget-percent", "100")
    answered(page)
    groups = _groups(site, 0.95)
    spared = sum(len(group) - 1 for group in groups)
    assert spared > 0
    usable = site.api.get(f"/v1/datasets/{site.building}").json()["usable_scene_count"]
    expect(page.locator("#answer-count")).to_have_text(str(usable - spared))
    assert all(len(group & set(chosen(page))) == 1 for group in groups)
    expect(page.locator("#unique-rule")).to_contain_text("One of each near duplicate, from 0.95 on")
    page.get_by_role("button", name="Allow near duplicates").click()
    expect(page.locator("#answer-count")).to_have_text(str(usable))
    assert count(page) == usable
    expect(page.locator("#unique-rule")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_view_is_for_everybody(new_page: Callable[..., Page], site: Site, scheme: str) -> None:
    """On a phone, in both colour schemes: nothing overflows, and axe-core finds no fault."""
    page = new_page(390, 844, color_scheme=scheme)
    visit(page, site.url, dataset=site.building, view="duplicates", threshold="0.93")
    expect(page.locator(".duplicates-group").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
