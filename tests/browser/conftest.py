"""A real Chromium, a real server, and datasets that are ready."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from label_studio_fake import TOKEN, FakeLabelStudio, served
from looking import Site
from planted import plant
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from serving import free_port, serving

from app.settings import Settings
from demo_world.world import write_world

expect.set_options(timeout=30_000)  # of two cores, others may have one

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium; skips where none is installed (`SEEDAL_CHROMIUM` names one).

    Playwright runs an event loop in this thread: it must be gone when other modules run theirs.
    """
    found = os.environ.get("SEEDAL_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a generated building and a pool of 300 drawn scenes."""
    folder = tmp_path_factory.mktemp("site")
    manifest = write_world(folder / "world", rooms=24, images_per_room=2, size=(96, 72))
    shared = Path(__file__).resolve().parents[3] / "shared" / "data"
    roots = f"{folder}:{os.environ.get('SEEDAL_TEST_DATA', shared)}"
    platform = FakeLabelStudio()
    with served(platform) as url:
        settings = Settings.model_validate(
            {
                "data_dir": folder / "data",
                "file_roots": roots,
                "port": free_port(),
                "connections_file": _connected(folder, url),
            }
        )
        planted = plant(settings, 300)
        with serving(settings) as api:
            page = f"http://127.0.0.1:{settings.port}/"
            site = Site(page, api, manifest.parent, "", planted, platform)
            building = site.register("Building", {"kind": "manifest", "uri": manifest.as_uri()})
            yield Site(site.url, api, manifest.parent, building, planted, platform)


def _connected(folder: Path, url: str) -> Path:
    """Return an operator's file that connects a Label Studio."""
    token = folder / "token"
    token.write_text(TOKEN)
    path = folder / "connections.toml"
    path.write_text(
        f"""
        [connections.main]
        kind = "label_studio"
        url = "{url}"
        token_file = "{token}"
        project = "new:Rooms"
        media = {{ "{folder}" = "/data/local-files/?d=site" }}
        """
    )
    return path


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a window; no page breaks its policy or fails in a script."""
    complaints: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        # plotly.js brings a style sheet for geographic maps; that it is refused harms nobody.
        plotly = (
            message.location["url"].endswith("plotly.min.js") and "inline style" in message.text
        )
        if "Content Security Policy" in message.text and not plotly:
            complaints.append(message.text)

    def make(width: int = 1280, height: int = 900, **more: Any) -> Page:  # noqa: ANN401 Playwright's options
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """Return a window of usual size."""
    return new_page()
