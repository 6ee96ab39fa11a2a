"""Datasets: registering by a dropped manifest, following an extraction, cancelling, deleting."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from looking import Site, answered, count, visit
from playwright.sync_api import Page, expect
from service import slow_pool
from serving import free_port, serving

from app.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def _manifest(folder: Path, world: Path, lines: int, name: str = "rooms.jsonl") -> Path:
    """Write a manifest as a person's computer has it: with absolute URIs."""
    scenes = [json.loads(line) for line in (world / "scenes.jsonl").read_text().splitlines()]
    for scene in scenes:
        scene["images"] = [(world / image).as_uri() for image in scene["images"]]
        scene.pop("pointcloud", None)
    path = folder / name
    path.write_text("\n".join(json.dumps(scene) for scene in scenes[:lines]))
    return path


def _drop(page: Page, path: Path) -> None:
    """Drop a file on the page as the mouse would."""
    transfer = page.evaluate_handle(
        """([text, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([text], name));
          return transfer;
        }""",
        [path.read_text(), path.name],
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})


def test_a_phone_shows_words_whole(new_page: Callable[..., Page], site: Site) -> None:
    """The table is as wide as its words and scrolls in its frame; the page does not."""
    page = new_page(390, 844)
    visit(page, site.url, view="datasets")
    row = page.locator("#dataset-rows tr", has_text="Building")
    expect(row).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tall = row.bounding_box()
    assert tall is not None
    assert tall["height"] < 130  # a letter a line takes 340
    delete = row.get_by_role("button", name="Delete")
    delete.scroll_into_view_if_needed()
    expect(delete).to_be_in_viewport(ratio=1)


def test_a_dropped_manifest_becomes_a_dataset(page: Page, site: Site, tmp_path: Path) -> None:
    """Dropped, checked, registered, followed, and opened when it is ready."""
    visit(page, site.url, view="datasets")
    _drop(page, _manifest(tmp_path, site.world, 9))
    expect(page.locator("#report-verdict")).to_have_text("It can be registered.")
    expect(page.locator("#report-facts")).to_contain_text("9 scenes, 18 images")
    page.fill("#register-name", "Dropped")
    page.fill("#register-backbone", "colour_grid")
    page.click("#register-go")
    row = page.locator("#dataset-rows tr", has_text="Dropped")
    expect(row.locator(".progress-cell")).to_have_text("ready", timeout=60_000)
    row.get_by_role("button", name="Dropped", exact=True).click()
    answered(page)
    assert count(page) > 0
    expect(page.locator("#dataset-facts")).to_contain_text("9 scenes")


def test_mistakes_are_listed_with_their_lines(page: Page, site: Site, tmp_path: Path) -> None:
    """A manifest with mistakes is refused before anything is registered."""
    path = _manifest(tmp_path, site.world, 3)
    broken = path.read_text() + '\n{"scene_id": "<b>bold</b>", "cost": -1}\n{'
    path.write_text(broken)
    visit(page, site.url, view="datasets")
    page.set_input_files("#register-file", str(path))
    expect(page.locator("#report-verdict")).to_contain_text("It cannot be registered: 2 mistakes.")
    expect(page.locator("#report-errors li")).to_have_count(2)
    expect(page.locator("#report-errors li").first).to_contain_text("line 4, <b>bold</b>")
    assert page.locator("#report-errors b").count() == 0


def test_a_folder_is_registered_by_where_it_lies(page: Page, site: Site) -> None:
    """A place that may not be read is refused in a sentence; a permitted one is looked at."""
    visit(page, site.url, view="datasets")
    page.select_option("#register-kind", "images")
    page.fill("#register-root", "/etc")
    page.click("#register-check")
    expect(page.locator("#register-said")).to_contain_text("/etc")
    expect(page.locator("#report")).to_be_hidden()
    page.fill("#register-root", str(site.world / "images" / "Floor_1"))
    page.click("#register-check")
    expect(page.locator("#report-verdict")).to_have_text("It can be registered.")


def test_an_extraction_is_followed_cancelled_and_deleted(
    new_page: Callable[..., Page], tmp_path: Path
) -> None:
    """Images a second and the time left are told while it goes on; cancelled, it says so."""
    pool = slow_pool(tmp_path / "pool", 40)
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "file_roots": str(tmp_path), "port": free_port()}
    )
    page = new_page()
    with serving(settings) as api:
        visit(page, f"http://127.0.0.1:{settings.port}/")
        expect(page.locator("#datasets-none")).to_be_visible()  # nothing there yet
        body = {
            "name": "Slow",
            "source": {"kind": "images", "root": str(pool)},
            "features": {"backbone": "colour_grid"},
        }
        assert api.post("/v1/datasets", json=body).status_code == 202
        page.reload()
        page.click("#to-datasets")
        row = page.locator("#dataset-rows tr", has_text="Slow")
        expect(row).to_contain_text("a second", timeout=60_000)
        expect(row).to_contain_text("left")
        page.click("#to-budget")
        expect(page.locator("#message")).to_contain_text("The images are being read")
        page.click("#to-datasets")
        row.get_by_role("button", name="Cancel Slow").click()
        expect(row.locator(".progress-cell")).to_have_text("failed", timeout=30_000)
        expect(row).to_contain_text("cancel")
        row.get_by_role("button", name="Delete Slow").click()
        page.click("#confirm button:text-is('Keep')")
        expect(row).to_be_visible()
        row.get_by_role("button", name="Delete Slow").click()
        page.click("#confirm button:text-is('Delete')")
        expect(row).to_have_count(0)
        assert api.get("/v1/datasets").json()["items"] == []
