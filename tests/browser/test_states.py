"""Every state has words: offline, errors, keys; and names are text whatever they are made of."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from looking import Site, answered, chosen, visit, width
from PIL import Image
from playwright.sync_api import Page, expect
from serving import free_port, serving

from app.settings import Settings
from demo_world.world import write_world

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

VIEWS = ("budget", "map", "duplicates", "frontier", "compare", "datasets")


def _settle(page: Page, view: str) -> None:
    if view not in {"compare", "datasets"}:
        answered(page)
    if view == "frontier":
        expect(page.locator("#frontier-chart .main-svg").first).to_be_visible(timeout=60_000)
    if view == "duplicates":
        expect(page.locator("#duplicates-said")).not_to_be_empty()
    if view == "map":
        expect(page.locator("#map-said")).to_contain_text("sized by cost")


@pytest.mark.parametrize("view", [*VIEWS, "scene"])
def test_no_serious_barrier(page: Page, site: Site, view: str) -> None:
    """axe-core finds nothing serious or critical, in light and dark."""
    more = {"scene": "Floor_1/office_1"} if view == "scene" else {"view": view}
    visit(page, site.url, dataset=site.building, **more)
    _settle(page, view)
    if view == "scene":
        expect(page.locator("#scene-like li").first).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        results = Axe().run(page)
        serious = [
            (found["id"], [node["html"][:120] for node in found["nodes"]])
            for found in results.response["violations"]
            if found["impact"] in {"serious", "critical"}
        ]
        assert serious == []


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_overflows(page: Page, site: Site, view: str) -> None:
    """From a telephone to 4K no page scrolls sideways."""
    visit(page, site.url, dataset=site.building, view=view)
    _settle(page, view)
    for pixels in (360, 768, 3840):
        page.set_viewport_size({"width": pixels, "height": 900})
        page.wait_for_timeout(300)  # charts follow
        assert page.evaluate("document.documentElement.scrollWidth") <= pixels, pixels


def test_a_server_that_is_gone_is_said_and_comes_back(page: Page, site: Site) -> None:
    """Offline, the page says so and goes on trying; once it is back, the answer is there."""
    visit(page, site.url, dataset=site.building, budget=200_000)
    answered(page)
    page.context.set_offline(True)
    page.fill("#budget-percent", "40")
    expect(page.locator("#notice-text")).to_contain_text("The server does not answer.")
    page.context.set_offline(False)
    expect(page.locator("#notice")).to_be_hidden(timeout=20_000)
    answered(page)


def test_what_cannot_be_answered_is_a_sentence(page: Page, site: Site) -> None:
    """Pinned scenes that the budget does not pay for: the server's own words are shown."""
    scenes = site.api.get(f"/v1/datasets/{site.building}/scenes").json()["items"]
    names = [scene["scene_id"] for scene in scenes[:6]]
    visit(page, site.url, dataset=site.building, budget=60_000, include=names)
    expect(page.locator("#message")).to_contain_text("budget")
    expect(page.locator("#answer")).to_be_hidden()
    page.get_by_role("button", name="Clear").click()
    answered(page)
    assert len(chosen(page)) > 0


def test_a_key_is_asked_for_once(new_page: Callable[..., Page], tmp_path: Path) -> None:
    """A wrong key is refused in words; with a right one answers and pictures come."""
    manifest = write_world(tmp_path / "world", rooms=8, images_per_room=1, size=(64, 48))
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "file_roots": str(tmp_path), "port": free_port()}
    )
    made = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "keys", "create", "--name", "explorer"],
        env={**settings.environment(), "PATH": ""},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    key = next(word for word in made.stdout.split() if word.startswith("sk_"))
    with serving(settings) as api:
        api.headers["Authorization"] = f"Bearer {key}"
        url = f"http://127.0.0.1:{settings.port}/"
        site = Site(url, api, manifest.parent, "", "")
        dataset = site.register("Building", {"kind": "manifest", "uri": manifest.as_uri()})
        page = new_page()
        visit(page, url, dataset=dataset)
        expect(page.locator("#key-title")).to_be_visible()
        page.fill("#key-value", "sk_wrong")
        page.click("#key button:text-is('Use it')")
        expect(page.locator("#key-refused")).to_be_visible()
        page.fill("#key-value", key)
        page.click("#key button:text-is('Use it')")
        answered(page)
        picture = page.locator("#gallery img").first
        expect(picture).to_have_attribute("src", re.compile("^blob:"))
        assert width(picture) > 0
        page.click("#calls-open")
        assert key not in page.locator("#calls").inner_text()


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "'\"--></script><script>alert(1)</script>",
    "emoji 🛋️🪑 und Umlaute äöü",
    "a b&c=d#e?f/../g%20h",
    "x" * 500,
)


def test_names_are_text(page: Page, site: Site) -> None:
    """Ids, groups and file names with HTML, quotes, emoji and 500 characters show as they are."""
    folder = site.world / "hostile"
    folder.mkdir(exist_ok=True)
    scenes = []
    for place, name in enumerate(HOSTILE):
        image = folder / f"<b>{place}<i> '\"&.png"
        Image.effect_noise((64, 48), 40 + 30 * place).convert("RGB").save(image)
        scenes.append(
            {"scene_id": name, "cost": 1 + place, "group": name[::-1], "images": [image.as_uri()]}
        )
    dataset = site.register("<i>Hostile</i> & 'quoted'", {"kind": "inline", "scenes": scenes})
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    visit(page, site.url, dataset=dataset, budget=15)
    answered(page)
    assert set(chosen(page)) == set(HOSTILE)
    for name in HOSTILE:
        visit(page, site.url, dataset=dataset, budget=15, scene=name)
        expect(page.locator("#scene-name")).to_have_text(name)
        expect(page.locator("#scene-facts")).to_contain_text(name[::-1])
        expect(page.locator("#scene-images img")).to_have_count(1)
        page.keyboard.press("Escape")
    page.click('#gallery >> nth=0 >> button:text-is("Pin") >> nth=0')
    answered(page)
    for view in ("map", "frontier", "compare", "datasets"):
        page.click(f"#to-{view}")
        _settle(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    for selector in ("#explorer i", "#explorer b", "#explorer script", "img[src='x']"):
        assert page.locator(selector).count() == 0
    assert dialogs == []
