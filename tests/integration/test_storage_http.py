"""Images on a real web server, well-behaved and not."""

import asyncio
import gzip
import hashlib
import io
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from loopback import Handler, Web, reply, serving
from PIL import Image

from features.errors import ImageError, SourceError, StorageError
from features.images.pixels import fingerprint, load_rgb
from features.pipeline import FeatureSettings, prepare
from features.sources import SourceOptions, open_source
from features.storage import web as web_files
from features.storage.reading import local_copy
from features.storage.remote import Limits

pytestmark = pytest.mark.enable_socket

PIXELS = np.random.default_rng(3).integers(0, 256, (24, 32, 3), dtype=np.uint8)
QUICK = Limits(connect_s=2, silence_s=2, total_s=20, retries=0)


def png(pixels: np.ndarray = PIXELS) -> bytes:
    """Return an image's bytes."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Serve, with no proxy between."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as web:
        yield web


def refused(uri: str, limits: Limits = QUICK) -> str:
    """Return the reason why an image cannot be read; the sentence shows no secret."""
    with pytest.raises(ImageError) as caught:
        load_rgb(uri, limits)
    assert "secret" not in str(caught.value)
    return caught.value.reason


def test_an_image_is_read(web: Web) -> None:
    """An image on a web server decodes to the pixels that were written."""
    np.testing.assert_array_equal(load_rgb(web.put("/a.png", png()), QUICK), PIXELS)


@pytest.mark.parametrize(
    "path",
    [
        "/a%20b.png",
        "/a%2Fb.png",
        "/%61.png",
        "/a+b&c=d;e,f.png",
        "/%C3%A9.png",
        "/a//b.png",
        "/get?name=a.png&x=%20",
        "/?name",
        "/100%25.png",
        "/a%3Fb%23c.png",
        "/~me/(1)/it's!$*@:.png",
        "/a|b^c[d].png",
    ],
)
def test_the_request_is_for_the_very_path_that_was_named(web: Web, path: str) -> None:
    """Percent escapes and queries reach the server as they were written."""
    load_rgb(web.put(path, png()), QUICK)
    assert web.seen == [("GET", path)]


def test_connections_are_shared_by_threads(web: Web) -> None:
    """Many threads read at once, each its own image."""
    uris = [
        web.put(f"/{shade}.png", png(np.full((4, 4, 3), shade, np.uint8))) for shade in range(16)
    ]
    with ThreadPoolExecutor(8) as threads:
        images = list(threads.map(lambda uri: load_rgb(uri, QUICK), uris * 4))
    assert [image.getpixel((0, 0))[0] for image in images] == list(range(16)) * 4  # type: ignore[index]


def test_a_notebook_can_read(web: Web) -> None:
    """Where an event loop is running already, as in a notebook, reading works as well."""
    uri = web.put("/a.png", png())

    async def cell() -> tuple[int, int]:
        return load_rgb(uri, QUICK).size

    assert asyncio.run(cell()) == (32, 24)


def test_a_new_etag_is_a_new_state(web: Web) -> None:
    """Size and entity tag tell that a file has changed; nothing is read for it."""
    uri = web.put("/a.png", png(), etag='"1"')
    before = fingerprint(uri, QUICK)
    assert before == (uri, len(png()), '"1"')
    assert fingerprint(uri, QUICK) == before
    web.put("/a.png", png(), etag='"2"')
    assert fingerprint(uri, QUICK) != before
    assert web.requests("GET") == 0


def test_without_an_etag_the_date_counts(web: Web) -> None:
    """A date of change stands in for an entity tag."""
    uri = web.put("/a", png(), None, Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT")
    assert fingerprint(uri, QUICK) == (uri, len(png()), "2015-10-21T07:28:00+00:00")


def test_without_either_the_content_counts(web: Web) -> None:
    """Where the server says nothing of changes, the content's hash is the state."""
    uri = web.put("/a.png", png(), None)
    assert fingerprint(uri, QUICK) == (uri, len(png()), hashlib.sha256(png()).hexdigest())


def test_a_server_without_head_is_asked_with_get(web: Web) -> None:
    """HEAD is refused by some servers and by signatures made for GET."""
    web.no_head = True
    uri = web.put("/a.png?X-Amz-Signature=secret", png())
    state = fingerprint(uri, QUICK)
    assert state[1:] == (len(png()), '"1"')
    assert "secret" not in json.dumps(state)
    assert state != fingerprint(web.put("/a.png?other", png()), QUICK)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "the server wants credentials (401)"),
        (403, "access is denied (403)"),
        (404, "it does not exist there (404)"),
        (410, "the server answers 410"),
        (500, "the server answers 500"),
        (503, "the server answers 503"),
    ],
)
def test_what_the_server_answers_is_the_reason(web: Web, status: int, reason: str) -> None:
    """Each status is named; neither the query nor the answer's text is shown."""
    uri = web.answer("/a.png?signature=secret", status)
    assert refused(uri) == reason
    with pytest.raises(ImageError) as caught:
        fingerprint(uri, QUICK)
    assert str(caught.value) == f"{web.url}/a.png: {reason}"


def test_retries_are_bounded_and_help(web: Web) -> None:
    """A server error is tried again, as often as allowed; a missing file is not."""
    limits = Limits(retries=2, total_s=20)
    answers = [500, 503]

    def recover(handler: Handler) -> None:
        status = answers.pop() if answers else 200
        reply(handler, status, png() if status == 200 else b"", {})

    web.pages["/a.png"] = recover
    load_rgb(f"{web.url}/a.png", limits)
    assert web.requests("GET") == 3
    refused(web.answer("/b.png", 500), limits)
    assert web.requests("GET") == 6
    refused(f"{web.url}/c.png", limits)
    assert web.requests("GET") == 7


def test_a_trickling_server_ends_at_the_limit(web: Web) -> None:
    """A server that never stops sending, a byte at a time, is given up on, resumption included."""
    gone = threading.Event()

    def trickle(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.send_header("ETag", '"1"')
        handler.end_headers()
        try:
            while not gone.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            gone.set()
            raise

    web.pages["/a.png"] = trickle
    assert refused(f"{web.url}/a.png", Limits(total_s=0.5)) == "it could not be read within 0.5 s"
    assert gone.wait(30)  # the connection was closed, not left behind


@pytest.mark.usefixtures("web")
def test_a_silent_server_is_given_up_on() -> None:
    """A server that accepts and says nothing is a time-out, whether it is asked or read."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}/a.png"
        limits = Limits(silence_s=0.2, total_s=20, retries=1)
        assert refused(uri, limits) == "the server did not answer in time"
        with pytest.raises(ImageError, match="did not answer in time"):
            fingerprint(uri, limits)


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize(
    "authority",
    ["127.0.0.1:99999", "127.0.0.1:abc", "[::1", "[::g]", "a..b", f"{'a' * 70}.example"],
)
def test_an_address_that_is_none_is_one_reason(authority: str) -> None:
    """A port beyond the last, half of an IPv6 address, a label too long: one sentence each."""
    for retries in (0, 2):
        reason = refused(f"http://{authority}/a.png", Limits(retries=retries, total_s=20))
        assert reason in {"the address cannot be asked for", "the host cannot be reached"}


@pytest.mark.usefixtures("web")
def test_an_unreachable_host_is_named_so() -> None:
    """A port where nothing listens, and a name that nobody has, cannot be reached."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for uri in (f"http://127.0.0.1:{port}/a.png", "http://nobody.invalid/a.png"):
        assert "the host cannot be reached" in refused(uri)


def test_a_file_that_is_shorter_than_announced_is_broken_off(web: Web) -> None:
    """A Content-Length above the truth is no image, and below it a truncated one."""
    size = len(png())
    uri = web.put("/a.png", png(), Content_Length=str(size + 10))
    assert refused(uri) == "the transfer broke off"
    uri = web.put("/b.png", png(), Content_Length=str(size // 2))
    assert "truncated or broken" in refused(uri)


def test_an_answer_that_is_no_http_is_named_so(web: Web) -> None:
    """Two lengths that contradict each other, and noise, are no answer."""

    def twice(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1")
        handler.send_header("Content-Length", "2")
        handler.end_headers()

    web.pages["/a.png"] = twice
    web.pages["/b.png"] = lambda handler: handler.wfile.write(b"\x00noise\r\n\r\n")
    for name in "ab":
        assert refused(f"{web.url}/{name}.png") == "what the server answers is no HTTP"


def test_a_file_without_a_length_is_refused(web: Web) -> None:
    """A server that does not say how much it sends is not read."""

    def stream(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(png())

    web.pages["/a.png"] = stream
    assert refused(f"{web.url}/a.png") == "the server does not say how many bytes the file has"


def test_a_file_above_the_limit_is_refused_before_it_is_read(web: Web) -> None:
    """The announced size decides: the body, which never comes, is not waited for."""

    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**12))
        handler.end_headers()

    web.pages["/a.png"] = endless
    limits = Limits(max_bytes=len(png()), total_s=20)
    assert "more than the" in refused(f"{web.url}/a.png", limits)
    load_rgb(web.put("/b.png", png()), limits)
    assert "more than the" in refused(web.put("/c.png", png() + b"x"), limits)


def test_an_empty_file_and_a_page_are_no_images(web: Web) -> None:
    """What is served under an image's name is judged by its content."""
    assert refused(web.put("/a.png", b"")) == "the file is empty"
    page = b"<!doctype html><title>Log in</title>"
    assert "not a PNG" in refused(web.put("/a.jpg", page, Content_Type="image/jpeg"))


def test_a_redirect_below_the_files_folder_is_followed(web: Web) -> None:
    """It may be relative, absolute, or several; what is read is the last one's content."""
    image = web.put("/pool/deep/a.png", png())
    first = web.answer("/pool/x/here.png?q", 302, Location="/pool/x/there.png")
    web.answer("/pool/x/there.png", 308, Location=f"{web.url}/pool/x/deep/a.png")
    web.put("/pool/x/deep/a.png", png())
    np.testing.assert_array_equal(load_rgb(first, QUICK), PIXELS)
    assert fingerprint(first, QUICK)[1:] == (len(png()), '"1"')
    np.testing.assert_array_equal(
        load_rgb(web.answer("/pool/b.png", 301, Location="deep/a.png"), QUICK), PIXELS
    )
    assert image in {f"{web.url}{path}" for _, path in web.seen}


def test_a_redirect_that_leads_away_is_not_followed(web: Web) -> None:
    """Another host, port, scheme or folder, or a path with dots, is never asked for anything."""
    with serving() as other:
        other.put("/pool/a.png", png())
        web.put("/outside/a.png", png())
        places = (
            web.url.replace("127.0.0.1", "localhost") + "/pool/a.png",
            f"{other.url}/pool/a.png",
            web.url.replace("http", "https") + "/pool/a.png",
            web.url.replace("http", "ftp") + "/pool/a.png",
            f"//{other.url.partition('//')[2]}/pool/a.png",
            "/outside/a.png",
            "../outside/a.png",
            "/pool/../outside/a.png",
            "/pool/%2e%2e/outside/a.png",
            "/pool/%252e%252e/outside/a.png",
            "/pool/..;/outside/a.png",
            "/pool/..%3Bx=1/outside/a.png",
            "/poolside/a.png",
            web.url.replace("//", "//user@") + "/pool/a.png",
            "file:///etc/passwd",
            "http://[::1",
            "",
        )
        for number, place in enumerate(places):
            web.seen.clear()
            uri = web.answer(f"/pool/{number}.png", 302, Location=place)
            assert "sends readers on to another place" in refused(uri), place
            with pytest.raises(ImageError, match="sends readers on"):
                fingerprint(uri, QUICK)
            assert {path for _, path in web.seen} == {f"/pool/{number}.png"}, place
        assert other.seen == []


def test_a_port_that_is_said_is_the_port_that_is_meant() -> None:
    """The port of a scheme need not be written; another one is another place."""
    asked = "https://h.example/pool/a.png"
    there = "https://H.example:443/pool/b.png"
    assert web_files._followed(asked, asked, there) == there
    for away in ("https://h.example:80/pool/b.png", "https://h.example:4430/pool/b.png"):
        with pytest.raises(web_files._AnswerError):
            web_files._followed(asked, asked, away)


def test_redirects_end(web: Web) -> None:
    """A circle of redirects is given up after a few."""
    uri = web.answer("/a.png", 302, Location="/a.png")
    assert "sends readers on" in refused(uri)
    assert web.requests("GET") == 6


def test_a_transfer_goes_on_where_it_broke_off(web: Web) -> None:
    """The rest is asked for by range, of the same content; without an ETag nothing is mixed."""
    content, limits = png(), Limits(retries=2, total_s=20)

    def halves(handler: Handler) -> None:
        start = handler.headers.get("Range", "").removeprefix("bytes=").rstrip("-")
        part = content[int(start or 0) :]
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(part)))
        if "plain" not in handler.path:
            handler.send_header("ETag", 'W/"1"' if "weak" in handler.path else '"1"')
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(part[: len(part) // 2] if not start else part)

    web.pages |= dict.fromkeys(("/tagged.png", "/plain.png", "/weak.png"), halves)
    np.testing.assert_array_equal(load_rgb(f"{web.url}/tagged.png", limits), PIXELS)
    assert web.headers[-1]["If-Match"] == '"1"'
    for name in ("plain", "weak"):  # a weak tag may be of other bytes, too
        assert refused(f"{web.url}/{name}.png", limits) == "the transfer broke off"


def test_no_password_of_a_netrc_file_is_sent(
    web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the user's other programs log in with stays at home, and so do cookies."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for _ in range(2):
        load_rgb(web.put("/a.png", png(), Set_Cookie="a=b"), QUICK)
    assert all({"Authorization", "Cookie"}.isdisjoint(headers) for headers in web.headers)


def test_a_proxy_of_the_environment_is_used(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment names a proxy, requests go through it."""
    monkeypatch.setenv("http_proxy", web.url)
    web.put("http://pictures.invalid/a.png", png())
    np.testing.assert_array_equal(load_rgb("http://pictures.invalid/a.png", QUICK), PIXELS)


@pytest.mark.parametrize("name", ["", "folder/"])
def test_a_folder_is_no_image(web: Web, name: str) -> None:
    """A URI that names no file is refused without asking."""
    assert refused(f"{web.url}/{name}") == "the URI names a folder, not a file"
    assert web.seen == []


def manifest(web: Web, *images: str, query: str = "") -> str:
    """Serve a manifest of one scene an image, and of two sound ones."""
    for name in ("one", "two three"):
        shade = len(name) * np.ones((8, 8, 3), np.uint8)
        web.put(f"/pool/images/{name.replace(' ', '%20')}.png", png(shade))
    names = ["images/one.png", "images/two three.png", *images]
    lines = [
        json.dumps({"scene_id": f"s{n}", "cost": 1, "images": [name]})
        for n, name in enumerate(names)
    ]
    return web.put(f"/pool/scenes.jsonl{query}", "\n".join(lines).encode())


def test_a_manifest_names_images_beside_it(web: Web) -> None:
    """Relative paths start from the manifest's own prefix, and are paths: a space is a space."""
    pool = open_source(None, manifest(web, "../up.png", "/abs.png", "s3://b/k.png"))
    assert pool.kind == "manifest"
    assert [scene.images[0].uri for scene in pool.scenes] == [
        f"{web.url}/pool/images/one.png",
        f"{web.url}/pool/images/two%20three.png",
        f"{web.url}/up.png",
        "/abs.png",
        "s3://b/k.png",
    ]


def test_what_fails_is_reported_and_the_rest_goes_on(web: Web, tmp_path: Path) -> None:
    """Hostile images cost their own scenes and no other; each is reported with its reason."""
    images = {
        web.answer("/403.png", 403): "access is denied (403)",
        web.answer("/404.png?secret", 404): "it does not exist there (404)",
        web.put(
            "/page.jpg", b"<html>"
        ): "not a PNG, JPEG, WebP, BMP, TIFF, GIF, AVIF or JPEG 2000 image",
        web.put("/empty.png", b""): "the file is empty",
        web.put("/short.png", png(), Content_Length="100"): "truncated",
    }
    pool = open_source("manifest", manifest(web, *images))
    prepared = prepare(pool, FeatureSettings(backbone="colour_grid"), tmp_path / "cache")
    assert list(prepared.signatures.scene_ids) == ["s0", "s1"]
    failures = {failure.uri: failure.reason for failure in prepared.failures}
    assert failures.keys() == {uri.partition("?")[0] for uri in images}  # no query is shown
    for uri, reason in images.items():
        assert reason in failures[uri.partition("?")[0]]
    assert [scene.scene_id for scene in prepared.left_out] == ["s2", "s3", "s4", "s5", "s6"]


def test_an_error_in_a_manifest_is_named_by_its_uri(web: Web) -> None:
    """File and line are those of the manifest, not of the copy that is read; no query is shown."""
    uri = manifest(web, "", query="?signature=secret")
    with pytest.raises(SourceError) as caught:
        open_source("manifest", uri)
    assert str(caught.value).startswith(f"{web.url}/pool/scenes.jsonl:3: images[0].uri must not")
    web.put("/twice.jsonl", b'{"scene_id": "a", "cost": 1}\n' * 2)
    with pytest.raises(SourceError) as caught:
        open_source("manifest", f"{web.url}/twice.jsonl")
    place = f"{web.url}/twice.jsonl"
    assert str(caught.value) == f"{place}:2: scene_id 'a' is already used at {place}:1"


def test_a_packed_manifest_is_read_from_afar(web: Web) -> None:
    """Both endings tell its form; notes and errors call it by its own name."""
    content = gzip.compress(b"scene_id;cost;floor\na;1;2\n")
    pool = open_source(None, web.put("/pool/Rooms.CSV.gz?v=1", content))
    assert [(scene.scene_id, scene.meta) for scene in pool.scenes] == [("a", {"floor": "2"})]
    assert pool.notes == (
        "The columns of Rooms.CSV.gz are parted by semicolons.",
        "1 column of Rooms.CSV.gz is kept as meta ('floor').",
    )
    with pytest.raises(SourceError) as caught:
        open_source(None, web.put("/pool/cut.csv.gz", content[:-1]))
    assert caught.value.place == f"{web.url}/pool/cut.csv.gz"
    assert caught.value.rule.startswith("is packed by gzip, but damaged or not whole")


def test_a_manifest_that_cannot_be_had_is_an_error_of_the_source(web: Web) -> None:
    """A missing manifest, and a kind that is a folder, are one sentence each."""
    for kind in (None, "manifest"):
        with pytest.raises(SourceError, match=r"none\.jsonl: it does not exist there \(404\)"):
            open_source(kind, f"{web.url}/none.jsonl?secret", SourceOptions())
    with pytest.raises(SourceError, match=r"its name, which must end in \.jsonl"):
        open_source(None, f"{web.url}/scenes.txt")
    with pytest.raises(SourceError, match="only a local path or a file:// URI"):
        open_source("images", f"{web.url}/pool")


def test_a_copy_is_gone_afterwards(web: Web) -> None:
    """A copy has the file's content and ending, and lives as long as the block."""
    uri = web.put("/Pool.CSV?version=2", b"a,b\n")
    with local_copy(uri) as path:
        assert (path.read_bytes(), path.suffix) == (b"a,b\n", ".csv")
    assert not path.parent.exists()
    with (
        pytest.raises(StorageError, match="more than the 3 bytes"),
        local_copy(uri, Limits(max_bytes=3)),
    ):
        pass
