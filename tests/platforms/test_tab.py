"""What a data lead sees in Label Studio: the seed as a tab, in rank order, with pictures."""

import os
import re
import shutil
from pathlib import Path

import pytest
from label_studio_server import OWNER, PASSWORD, LabelStudioServer
from looking import Site
from loop import ask_seed, push
from playwright.sync_api import expect, sync_playwright

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def test_the_tab_shows_the_seed_in_rank_order(label_studio: LabelStudioServer, site: Site) -> None:
    """The tab that the report names has the seed's scenes alone, the first rank at the top.

    Where SEEDAL_SCREENSHOTS names a folder, its picture is left there.
    """
    found = os.environ.get("SEEDAL_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("Chromium is not installed")
    source = {"kind": "manifest", "uri": (site.world / "scenes.jsonl").as_uri()}
    dataset = site.register("Tab", source)
    push(site, ask_seed(site, dataset, 0.9)["id"], "The building")
    seed = ask_seed(site, dataset)
    report = push(site, seed["id"], "The building")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{label_studio.url}/user/login")
        page.locator("input[name=email]").fill(OWNER)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(re.compile("projects|/$"))
        page.goto(report["view_url"])
        rows = page.locator(".lsf-table__row-wrapper, .dm-table__row-wrapper, [class*=row-wrapper]")
        expect(rows.first).to_be_visible(timeout=60_000)
        page.wait_for_load_state("networkidle")
        texts = rows.all_inner_texts()
        folder = os.environ.get("SEEDAL_SCREENSHOTS")
        if folder is not None:
            page.screenshot(path=Path(folder) / "label-studio.png")
        browser.close()
    ids = [scene["scene_id"] for scene in seed["scenes"]]
    shown = [name for text in texts for name in ids if name in text.split()]
    assert shown == ids
