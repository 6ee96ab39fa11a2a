"""A hint on the page: dropped, part of each answer, its classes chosen, and taken back."""

import base64
from pathlib import Path

import pytest
from hint_world import RARE, draw_world, zipped
from looking import Site, answered, chosen, state, visit
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def _drop(page: Page, path: Path) -> None:
    """Drop a file on the panel as the mouse would."""
    transfer = page.evaluate_handle(
        """([text, name]) => {
          const transfer = new DataTransfer();
          const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
          transfer.items.add(new File([bytes], name));
          return transfer;
        }""",
        [base64.b64encode(path.read_bytes()).decode(), path.name],
    )
    page.dispatch_event("#hint-drop", "drop", {"dataTransfer": transfer})


@pytest.fixture(scope="module")
def pool(site: Site) -> tuple[str, Path]:
    """Return a dataset in which a small red thing counts, and the hint that shows it."""
    folder = draw_world(site.world.parent / "red")
    name = site.register("Red things", {"kind": "images", "root": str(folder / "pool")})
    return name, zipped(folder / "hint")


def test_a_dropped_hint_is_part_of_each_answer(
    page: Page, site: Site, pool: tuple[str, Path]
) -> None:
    """The seed has what the hint shows; the address keeps the hint, and "Clear" takes it back."""
    dataset, archive = pool
    visit(page, site.url, dataset=dataset, budget=4)
    answered(page)
    _drop(page, archive)
    expect(page.locator("#hint-shown")).to_contain_text("Hint: 4 labelled images. What counts:")
    expect(page.locator("#answer-notes")).to_contain_text("The labelled images of the hint say")
    answered(page)
    assert set(chosen(page)) & {f"s{scene:02}" for scene in RARE}
    assert state(page)["hint"][0].startswith("upload:")
    page.reload()
    expect(page.locator("#hint-shown")).to_contain_text("A hint of labelled images")
    expect(page.locator("#answer-notes")).to_contain_text("The labelled images of the hint say")
    page.get_by_role("button", name="Choose without the hint").click()
    expect(page.locator("#hint-drop")).to_be_visible()
    expect(page.locator("#answer-notes")).not_to_contain_text("The labelled images of the hint")
    assert "hint" not in state(page)


def test_a_class_that_does_not_count_is_left_out(
    page: Page, site: Site, pool: tuple[str, Path]
) -> None:
    """What remains is a single class here, and the page says so."""
    dataset, archive = pool
    visit(page, site.url, dataset=dataset, budget=4)
    answered(page)
    _drop(page, archive)
    thing = page.get_by_role("button", name="Class 1, 6.25 % of the labelled pixels")
    expect(thing).to_have_attribute("aria-pressed", "true")
    answered(page)
    thing.click()
    expect(thing).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#message")).to_contain_text("hint.zip: its labels show a single class (0)")
    thing.click()
    answered(page)


def test_what_is_no_hint_is_refused_beside_the_panel(
    page: Page, site: Site, pool: tuple[str, Path], tmp_path: Path
) -> None:
    """The answer stays as it was."""
    visit(page, site.url, dataset=pool[0], budget=4)
    answered(page)
    (tmp_path / "bad.zip").write_bytes(b"nothing")
    _drop(page, tmp_path / "bad.zip")
    expect(page.locator("#hint-line")).to_contain_text("hint.zip: is no ZIP archive")
    assert len(chosen(page)) > 0


def test_other_objectives_take_no_hint(page: Page, site: Site) -> None:
    """The panel is there for the recommended seed alone."""
    visit(page, site.url, dataset=site.planted, objective="facility_location")
    answered(page)
    expect(page.locator("#hint")).to_be_hidden()
