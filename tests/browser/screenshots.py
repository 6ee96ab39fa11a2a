"""Take the pictures of the documents: ``make screenshots`` (needs Chromium).

They show the generated building only: real data may not be published.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "integration"), str(HERE)]

from looking import Site, answered, visit  # noqa: E402
from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402
from serving import free_port, serving  # noqa: E402

from app.settings import Settings  # noqa: E402
from demo_world.world import write_world  # noqa: E402

BUDGET = 340_000


def _window(browser: Browser, width: int = 1280, height: int = 860, scheme: str = "light") -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    return context.new_page()


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(800)
    page.screenshot(path=ROOT / "docs" / "img" / f"{name}.png")
    print(f"docs/img/{name}.png")  # noqa: T201 whoever waits


def _portable(world: Path) -> Path:
    """Write the building's manifest with absolute addresses, as an uploaded one has them."""
    scenes = [json.loads(line) for line in (world / "scenes.jsonl").read_text().splitlines()]
    for scene in scenes:
        scene["images"] = [(world / image).as_uri() for image in scene["images"]]
        scene.pop("pointcloud", None)
    path = world.parent / "rooms.jsonl"
    path.write_text("\n".join(map(json.dumps, scenes)))
    return path


def _frontier(page: Page) -> None:
    expect(page.locator("#frontier-chart .main-svg").first).to_be_visible(timeout=90_000)


def take(browser: Browser, site: Site) -> None:
    """Go through the views and write a picture of each."""
    page = _window(browser)
    visit(page, site.url, dataset=site.building, budget=BUDGET)
    answered(page)
    _save(page, "explorer")
    page.locator("#gallery .name").nth(3).click()
    expect(page.locator("#scene-like li").first).to_be_visible()
    page.click("#scene-cloud-show")
    expect(page.locator("#scene-cloud canvas").first).to_be_visible(timeout=60_000)
    page.locator("#scene-cloud-section").scroll_into_view_if_needed()
    _save(page, "explorer-scene")
    page.click("#scene-close")
    page.click("#to-frontier")
    _frontier(page)
    page.select_option("#objective", "facility_location")
    expect(page.locator("#frontier-said")).to_contain_text("More stops paying", timeout=90_000)
    answered(page)
    _save(page, "explorer-frontier")
    page.select_option("#objective", "seedal")
    page.click("#to-map")
    expect(page.locator("#map-said")).to_contain_text("sized by cost")
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    _save(page, "explorer-map")
    page.click("#to-compare")
    page.fill("#compare-budget", "10")
    page.select_option("#compare-objective", "k_center")
    page.click("#compare-form button")
    expect(page.locator("#compare-facts")).to_contain_text("k_center")
    _save(page, "explorer-compare")
    page.click("#to-datasets")
    page.set_input_files("#register-file", str(_portable(site.world)))
    expect(page.locator("#report-verdict")).to_have_text("It can be registered.")
    _save(page, "explorer-datasets")
    dark = _window(browser, scheme="dark")
    visit(dark, site.url, dataset=site.building, budget=BUDGET, view="frontier")
    _frontier(dark)
    _save(dark, "explorer-dark")
    small = _window(browser, width=360, height=740)
    visit(small, site.url, dataset=site.building, budget=BUDGET)
    answered(small)
    _save(small, "explorer-small")


def main() -> None:
    """Serve the building and photograph it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("screenshots.py needs Chromium")
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_world(Path(folder) / "world")
        settings = Settings.model_validate(
            {"data_dir": Path(folder) / "data", "file_roots": folder, "port": free_port()}
        )
        with serving(settings, threads=None) as api, sync_playwright() as playwright:
            site = Site(f"http://127.0.0.1:{settings.port}/", api, manifest.parent, "", "")
            building = site.register(
                "Building", {"kind": "manifest", "uri": manifest.as_uri()},
                backbone="efficientnet_lite0",
            )  # fmt: skip
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            take(browser, Site(site.url, api, site.world, building, ""))
            browser.close()


if __name__ == "__main__":
    main()
