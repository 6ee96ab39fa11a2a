"""What is shown belongs to what is set, however fast that changes and whatever fails."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote

import pytest
from looking import Site, answered, chosen, go, visit
from playwright.sync_api import Error, Page, Request, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

Release = Callable[[], None]


@contextmanager
def _held(page: Page, url: str, which: Callable[[Request], bool]) -> Iterator[Release]:
    """Hold requests back until the returned function lets them go."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if which(route.request):
            waiting.append(route)
        else:
            route.fallback()

    def release() -> None:
        page.unroute(url, hold)
        for route in waiting:
            with suppress(Error):  # the page may have given up on it
                route.continue_()

    page.route(url, hold)
    yield release
    release()


def _caught(page: Page, url: str) -> list[Route]:
    """Catch the next request, to be answered later."""
    caught: list[Route] = []

    def catch(route: Route) -> None:
        caught.append(route)

    page.route(url, catch, times=1)
    return caught


def _problem(route: Route, status: int, detail: str) -> None:
    route.fulfill(
        status=status,
        headers={"Retry-After": "1"},
        content_type="application/problem+json",
        body=json.dumps({"title": "No", "detail": detail}),
    )


def _body(request: Request) -> dict[str, object]:
    body: dict[str, object] = request.post_data_json or {}
    return body


def test_a_proof_that_fails_leaves_the_answer(page: Page, site: Site) -> None:
    """The server is too busy to look for a better seed: the first one stays and says so."""

    def refuse(route: Route) -> None:
        if "prefer" in route.request.headers:
            _problem(route, 422, "Too much.")
        else:
            route.fallback()

    page.route("**/seeds", refuse)
    visit(page, site.url, dataset=site.planted, objective="spread", budget=900)
    expect(page.locator("#answer-live")).to_contain_text("Too much.", timeout=30_000)
    expect(page.locator("#answer-proof")).to_contain_text("No other choice can be more than")
    expect(page.locator("#message")).to_be_hidden()
    assert len(chosen(page)) > 0


def test_a_busy_server_is_asked_again(page: Page, site: Site) -> None:
    """429 is said, and the question is asked again by itself."""
    page.route("**/seeds", lambda route: _problem(route, 429, "Busy."), times=1)
    visit(page, site.url, dataset=site.building, budget=300_000)
    expect(page.locator("#message")).to_contain_text("Busy.")
    answered(page)
    expect(page.locator("#message")).to_be_hidden()


def test_another_dataset_is_never_shown_with_the_last_answer(page: Page, site: Site) -> None:
    """Until its own answer is there, nothing is said of it; a late answer to the other is not."""
    visit(page, site.url, dataset=site.building, budget=300_000)
    answered(page)
    with _held(page, "**/seeds", lambda request: site.planted in request.url) as release:
        page.select_option("#dataset", site.planted)
        expect(page.locator("#busy")).to_be_visible()
        expect(page.locator("#answer")).to_be_hidden()
        assert chosen(page) == []
        release()
    answered(page)
    expect(page.locator("#answer-noun")).to_contain_text("of 300")


def test_a_late_frontier_does_not_replace_the_one_asked_for(page: Page, site: Site) -> None:
    """To another objective and back: what arrives for the other is dropped."""
    visit(page, site.url, dataset=site.building, view="frontier", budget=300_000)
    chart = page.locator("#frontier-chart .main-svg").first
    expect(chart).to_be_visible(timeout=60_000)
    best = "document.getElementById('frontier-chart').data[1].y"
    before = page.evaluate(best)
    with _held(page, "**/frontiers", lambda _: True) as release:
        page.select_option("#objective", "k_center")
        expect(page.locator("#frontier-said")).to_contain_text("being answered")
        page.select_option("#objective", "recommended")
        expect(chart).to_be_visible()
        release()
        page.wait_for_timeout(3_000)
    expect(chart).to_be_visible()
    assert page.evaluate(best) == before


def _operation(name: str) -> dict[str, object]:
    return {
        "id": name, "status": "running", "percent_complete": 10, "finished_at": None,
        "error": None, "frontier_id": None, "seed_id": None,
    }  # fmt: skip


@pytest.mark.parametrize("view", ["frontier", "compare"])
def test_work_that_nobody_waits_for_is_cancelled(page: Page, site: Site, view: str) -> None:
    """A frontier or a seed that was asked for ends with the question."""
    visit(page, site.url, dataset=site.building, view="budget", budget=300_000)
    answered(page)
    name = "op_nobody"
    path = "**/frontiers" if view == "frontier" else "**/seeds"
    page.route(path, lambda route: route.fulfill(status=202, json=_operation(name)), times=1)
    event = f"id: 1\ndata: {json.dumps(_operation(name))}\n\n"
    page.route(
        f"**/operations/{name}/events",
        lambda route: route.fulfill(content_type="text/event-stream", body=event),
    )
    cancelled: list[str] = []
    page.route(
        "**/operations/*:cancel",
        lambda route: (cancelled.append(route.request.url), route.fulfill(json=_operation(name))),
    )
    page.click(f"#to-{view}")
    with page.expect_request(f"**/operations/{name}/events"):
        if view == "compare":
            page.click("#compare-form button")
    if view == "frontier":
        page.select_option("#objective", "k_center")
    else:
        go(page, f"dataset={site.planted}&view=compare")
    page.wait_for_timeout(1_000)
    assert any(name in url for url in cancelled)


def test_a_frontier_that_failed_is_asked_for_again(page: Page, site: Site) -> None:
    """Whoever leaves the view and comes back does not find yesterday's error."""
    page.route("**/frontiers", lambda route: _problem(route, 500, "Broken."), times=1)
    visit(page, site.url, dataset=site.building, budget=300_000)
    answered(page)
    page.click("#to-frontier")
    expect(page.locator("#frontier-said")).to_contain_text("Broken.")
    page.click("#to-budget")
    page.click("#to-frontier")
    expect(page.locator("#frontier-chart .main-svg").first).to_be_visible(timeout=60_000)


def test_a_late_map_does_not_replace_the_one_asked_for(page: Page, site: Site) -> None:
    """To another dataset and back: the other's map is dropped, and so is a selection."""
    visit(page, site.url, dataset=site.building, view="map")
    answered(page)
    expect(page.locator("#map-said")).to_contain_text("24 scenes")
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map-selection")).to_be_visible()
    with _held(page, "**/map?*", lambda _: True) as release:
        page.select_option("#dataset", site.planted)
        expect(page.locator("#map-said")).to_contain_text("being drawn")
        expect(page.locator("#map-selection")).to_be_hidden()
        expect(page.locator("#map-legend li")).to_have_count(0)
        page.select_option("#dataset", site.building)
        release()
        page.wait_for_timeout(1_500)
    expect(page.locator("#map-said")).to_contain_text("24 scenes")
    page.fill("#budget-percent", "30")
    answered(page)
    expect(page.locator("#map-selection")).to_be_hidden()


def test_a_map_that_fails_leaves_no_other_behind(page: Page, site: Site) -> None:
    """The error is said alone; the last dataset's scenes cannot be picked."""
    visit(page, site.url, dataset=site.building, view="map")
    answered(page)
    expect(page.locator("#map-said")).to_contain_text("24 scenes")
    page.route("**/map?*", lambda route: _problem(route, 500, "No map."))
    page.select_option("#dataset", site.planted)
    expect(page.locator("#map-note")).to_contain_text("No map.")
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    page.click("#map-in")
    page.click("#map-fit")
    page.click("#map-svg")
    page.click("#map-png")
    expect(page.locator("#map-selection")).to_be_hidden()
    expect(page.locator("#map-legend li")).to_have_count(0)
    page.unroute("**/map?*")
    page.click("#to-budget")
    page.click("#to-map")
    expect(page.locator("#map-said")).to_contain_text("300 scenes")
    expect(page.locator("#map-note")).to_have_text("")


def test_the_map_shows_nothing_as_chosen_where_nothing_is(page: Page, site: Site) -> None:
    """An answer that cannot be given takes the marks of the last one away."""
    visit(page, site.url, dataset=site.building, view="map", budget=300_000)
    answered(page)
    expect(page.locator("#map-said")).not_to_contain_text("; 0 chosen")
    go(page, f"dataset={site.building}&view=map&budget=300000&include=nowhere")
    expect(page.locator("#message")).to_contain_text("nowhere")
    expect(page.locator("#map-said")).to_contain_text("; 0 chosen")
    page.click("#to-datasets")
    expect(page.locator("#message")).to_be_hidden()
    page.click("#to-budget")
    expect(page.locator("#message")).to_contain_text("nowhere")


def test_a_report_has_the_map_of_its_seed(page: Page, site: Site) -> None:
    """After a look at another dataset's map, or before a change of the budget."""

    def pictures() -> list[str]:
        with page.expect_download() as download:
            page.click("#report-save")
        text = unquote(download.value.path().read_text())
        return text.split("<svg")[1:]

    visit(page, site.url, dataset=site.building, view="map", budget=60_000)
    answered(page)
    expect(page.locator("#map-said")).to_contain_text("24 scenes")
    page.click("#to-budget")
    page.fill("#budget-percent", "100")
    answered(page)
    (drawing,) = pictures()
    ink = page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()"
    )
    assert drawing.count(f'stroke="{ink}"') == 24
    page.select_option("#dataset", site.planted)
    answered(page)
    assert pictures() == []


def test_a_question_of_compare_is_not_lost(page: Page, site: Site) -> None:
    """The page's own answer may come while another seed is still being made."""

    def is_own(request: Request) -> bool:
        return "strategy" not in _body(request)

    with (
        _held(page, "**/seeds", lambda request: not is_own(request)) as release_other,
        _held(page, "**/seeds", is_own) as release_own,
    ):
        visit(page, site.url, dataset=site.building, view="compare", budget=300_000)
        page.select_option("#compare-strategy", "greedy")
        page.wait_for_timeout(500)
        page.click("#compare-form button")
        expect(page.locator("#compare-said")).to_contain_text("Being answered")
        release_own()
        page.wait_for_timeout(1_500)
        expect(page.locator("#compare-said")).to_contain_text("Being answered")
        release_other()
    expect(page).to_have_url(re.compile("right="))
    expect(page.locator("#compare-facts")).to_contain_text("greedy")


def test_seeds_that_are_not_there_are_not_compared(page: Page, site: Site) -> None:
    """An unknown seed, or another dataset's, is a sentence; no comparison stays beside it."""
    ids = {}
    for name in (site.building, site.planted):
        path = f"/v1/datasets/{name}/seeds"
        ids[name] = [
            site.api.post(path, json={"budget": {"fraction": share}, "strategy": "greedy"})
            .raise_for_status()
            .json()["id"]
            for share in (0.2, 0.4)
        ]
    one, other = ids[site.building]
    begin = f"dataset={site.building}&view=compare"
    visit(page, site.url, dataset=site.building, view="compare", left=one, right=other)
    expect(page.locator("#compare-shown")).to_be_visible()
    go(page, f"{begin}&left={one}&right=nothing")
    expect(page.locator("#compare-said.bad")).to_contain_text("nothing")
    expect(page.locator("#compare-shown")).to_be_hidden()
    go(page, f"{begin}&left={one}&right={other}")
    expect(page.locator("#compare-shown")).to_be_visible()
    go(page, f"{begin}&left={one}&right={ids[site.planted][0]}")
    expect(page.locator("#compare-said.bad")).to_contain_text("another dataset")
    expect(page.locator("#compare-shown")).to_be_hidden()


def test_a_scene_follows_the_answer(page: Page, site: Site) -> None:
    """Opened before the answer is there, or pinned while it is open, it says what is true then."""
    with _held(page, "**/seeds", lambda _: True) as release:
        visit(page, site.url, dataset=site.planted, scene="scene_000007", include="scene_000007")
        expect(page.locator("#scene-facts")).to_contain_text("points")
        expect(page.locator("#scene-facts")).not_to_contain_text("chosen")
        release()
    expect(page.locator("#scene-facts")).to_contain_text("rank ", timeout=30_000)
    page.click("#scene-ban")
    expect(page.locator("#scene-facts dd", has_text="no")).to_be_visible(timeout=30_000)


def test_a_form_s_words_outlive_the_loading_of_its_view(page: Page, site: Site) -> None:
    """Whoever is quicker than the view reads why the question was refused, then and later."""
    path = f"/v1/datasets/{site.building}/seeds"
    left, right = (
        site.api.post(path, json={"budget": {"fraction": share}}).json()["id"]
        for share in (0.1, 0.3)
    )
    with _held(page, "**/seeds?*", lambda _: True) as release:
        visit(page, site.url, dataset=site.building, view="compare", left=left, right=right)
        page.fill("#compare-budget", "0")
        page.click("#compare-form button")
        expect(page.locator("#compare-said")).to_contain_text("above 0 and up to 100")
        release()
        expect(page.locator("#compare-shown")).to_be_visible()
    expect(page.locator("#compare-said")).to_contain_text("above 0 and up to 100")


def test_a_question_under_way_outlives_the_loading_of_its_view(page: Page, site: Site) -> None:
    """What the view has to say waits until the question is answered or refused."""
    hint = "Ask for a second seed to compare"
    said = page.locator("#compare-said")
    page.route("**/seeds?*", lambda route: route.fulfill(json={"items": [], "next_page_token": ""}))
    visit(page, site.url, dataset=site.building, view="compare")
    expect(said).to_contain_text(hint)
    page.fill("#compare-budget", "30")
    with _held(page, "**/seeds", lambda request: request.method == "POST") as release:
        page.click("#compare-form button")
        expect(said).to_have_text("Being answered …")
        go(page, f"dataset={site.building}&view=compare&nested=1")  # the view is loaded again
        page.wait_for_timeout(500)
        expect(said).to_have_text("Being answered …")
        release()
    expect(page).to_have_url(re.compile("right="))
    expect(said).not_to_have_text("Being answered …")


def test_what_ends_late_does_not_wipe_another_form_s_words(page: Page, site: Site) -> None:
    """A refused registration stays said beside a deletion that fails after it."""
    said = page.locator("#register-said")
    visit(page, site.url, view="datasets")
    page.select_option("#register-kind", "images")
    deletions = _caught(page, "**/datasets/*")
    row = page.locator("#dataset-rows tr", has_text="Building")
    row.get_by_role("button", name="Delete Building").click()
    with page.expect_request("**/datasets/*"):
        page.click("#confirm button:text-is('Delete')")
    page.click("#register-go")
    expect(said).to_have_text("Say where the scenes lie.")
    _problem(deletions[0], 409, "It is in use.")
    expect(said).to_have_text("Say where the scenes lie. It is in use.")


def test_a_check_that_ends_late_does_not_wipe_a_refusal(page: Page, site: Site) -> None:
    """Of the questions of one form only the newest is answered in words."""
    said = page.locator("#register-said")
    visit(page, site.url, view="datasets")
    page.select_option("#register-kind", "images")
    page.fill("#register-root", str(site.world / "images" / "Floor_1"))
    with _held(page, "**/datasets:validate", lambda _: True) as release:
        page.click("#register-check")
        expect(said).to_have_text("Looking …")
        page.fill("#register-root", "")
        page.click("#register-go")
        expect(said).to_have_text("Say where the scenes lie.")
        release()
        expect(page.locator("#report-verdict")).to_have_text("It can be registered.")
    expect(said).to_have_text("Say where the scenes lie.")


def test_a_download_that_failed_stays_said(page: Page, site: Site) -> None:
    """Another format's success, and a better answer, take nothing back."""
    page.route("**/certificate", lambda route: _problem(route, 500, "Broken."))
    visit(page, site.url, dataset=site.building, budget=350_000)
    answered(page)
    page.get_by_role("button", name="Certificate", exact=True).click()
    said = page.locator("#downloads-error")
    expect(said).to_have_text("Certificate: Broken.")
    with page.expect_download():
        page.get_by_role("button", name="JSON", exact=True).click()
    expect(page.get_by_role("button", name="JSON", exact=True)).to_be_enabled()
    expect(said).to_have_text("Certificate: Broken.")


def test_a_list_that_comes_late_leaves_what_is_typed(page: Page, site: Site) -> None:
    """A budget that is being typed is not written over, though the datasets are listed anew."""
    visit(page, site.url, dataset=site.building, budget=300_000)
    answered(page)
    page.fill("#budget-number", "twelve")
    with page.expect_response("**/datasets"):
        page.evaluate("document.getElementById('notice-retry').click()")
    answered(page)
    expect(page.locator("#budget-number")).to_have_value("twelve")


def test_an_older_list_does_not_replace_a_newer_one(page: Page, site: Site) -> None:
    """Datasets that are listed twice at once are those of the newer list, whatever comes last."""
    listed = "document.getElementById('notice-retry').click()"
    visit(page, site.url, dataset=site.building, budget=300_000)
    answered(page)
    old = _caught(page, "**/datasets")
    page.evaluate(listed)
    with page.expect_response("**/datasets"):
        page.evaluate(listed)
    answered(page)
    planted = site.api.get(f"/v1/datasets/{site.planted}").json()
    old[0].fulfill(json={"items": [planted], "next_page_token": ""})
    page.wait_for_timeout(500)
    expect(page.locator("#message")).to_be_hidden()
    expect(page.locator("#answer")).to_be_visible()
