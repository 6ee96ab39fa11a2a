"""What a person does on the page, in words of the page."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

import httpx2
from label_studio_fake import FakeLabelStudio
from playwright.sync_api import Locator, Page, expect
from serving import eventually


@dataclass(frozen=True)
class Site:
    """A running service, what is ready in it, and the platform that its operator connected."""

    url: str
    api: httpx2.Client
    world: Path
    building: str
    planted: str
    platform: FakeLabelStudio = field(default_factory=FakeLabelStudio)

    def register(self, name: str, source: dict[str, Any], **features: object) -> str:
        """Register a dataset, wait until it is ready, and return its id."""
        body = {"name": name, "source": source, "features": {"backbone": "colour_grid", **features}}
        answer = self.api.post("/v1/datasets", json=body)
        assert answer.status_code == 202, answer.text
        path = f"/v1/datasets/{answer.json()['dataset']['id']}"
        eventually(
            lambda: self.api.get(path).json()["status"] in {"ready", "failed"},
            "it is not ready",
            timeout_s=300,
        )
        dataset = self.api.get(path).json()
        assert dataset["status"] == "ready", dataset["error"]
        found: str = dataset["id"]
        return found


def visit(page: Page, url: str, **state: object) -> None:
    """Open the explorer in a state."""
    fields = [(name, value) for name, values in state.items() for value in _many(values)]
    page.goto(f"{url}#{urlencode(fields)}")


def _many(values: object) -> list[object]:
    return list(values) if isinstance(values, list) else [values]


def answered(page: Page) -> None:
    """Wait until the shown answer is final: proven, or as good as it gets."""
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator("#busy")).to_be_hidden()
    expect(page.locator("#answer-live")).to_have_text("", timeout=60_000)


def state(page: Page) -> dict[str, list[str]]:
    """Return what the address says."""
    return parse_qs(urlparse(page.url).fragment)


def chosen(page: Page) -> list[str]:
    """Return the scenes of the gallery, in rank order."""
    names = page.locator("#gallery > li.card").evaluate_all("all => all.map(c => c.dataset.scene)")
    return list(names)


def count(page: Page) -> int:
    """Return how many scenes the answer says are chosen."""
    return int(page.locator("#answer-count").inner_text().replace(",", ""))


def width(picture: Locator) -> int:
    """Return how many pixels wide a picture is, once it is there."""
    pixels: int = picture.evaluate(
        """image => new Promise(resolve => {
          const timer = setInterval(() => {
            if (image.naturalWidth === 0) return;
            clearInterval(timer);
            resolve(image.naturalWidth);
          }, 50);
        })"""
    )
    return pixels


def go(page: Page, words: str) -> None:
    """Edit the address."""
    page.evaluate("words => { location.hash = words; }", words)


def encircle(page: Page) -> None:
    """Draw the lasso around everything on the map."""
    page.click("#map-lasso")
    box = page.locator("#map-canvas").bounding_box()
    assert box is not None
    left, top = box["x"] + 3, box["y"] + 3
    right, low = left + box["width"] - 6, top + box["height"] - 6
    page.mouse.move(left, top)
    page.mouse.down()
    for place in ((right, top), (right, low), (left, low)):
        page.mouse.move(*place, steps=4)
    page.mouse.up()
