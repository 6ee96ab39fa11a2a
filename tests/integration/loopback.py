"""A real HTTP server on loopback that misbehaves on request."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Handler = BaseHTTPRequestHandler


@dataclass
class Web:
    """What the server serves, and what it was asked.

    Parameters
    ----------
    url
        Where it answers, without a last slash.
    pages
        Path, with its query, to what answers GET (and HEAD, unless `no_head` is set).
    seen, headers
        Method and path of every request, and its headers.
    """

    url: str
    pages: dict[str, Callable[[Handler], None]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    no_head: bool = False

    def put(self, path: str, body: bytes, etag: str | None = '"1"', **headers: str) -> str:
        """Serve a file; return its URL."""
        if etag is not None:
            headers["ETag"] = etag
        self.pages[path] = lambda handler: reply(handler, 200, body, headers)
        return self.url + path

    def answer(self, path: str, status: int, **headers: str) -> str:
        """Answer with a status; return the URL."""
        body = b"a secret of the server"
        self.pages[path] = lambda handler: reply(handler, status, body, headers)
        return self.url + path

    def requests(self, method: str) -> int:
        """Return how many requests of a method there were."""
        return sum(seen == method for seen, _ in self.seen)


def reply(handler: Handler, status: int, body: bytes, headers: dict[str, str]) -> None:
    """Send a whole answer; headers override the true length."""
    handler.send_response(status)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in {"Content-Length": str(len(body)), **named}.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(body)


@contextmanager
def serving(tls: ssl.SSLContext | None = None, *, keep_alive: bool = False) -> Iterator[Web]:
    """Serve within the context; over TLS where its context is given."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keep_alive else "HTTP/1.0"

        def do_GET(self) -> None:
            web.seen.append((self.command, self.path))
            web.headers.append(dict(self.headers))
            if self.command == "HEAD" and web.no_head:
                reply(self, 405, b"", {})
                return
            page = web.pages.get(self.path)
            if page is None:
                reply(self, 404, b"", {})
                return
            try:
                page(self)
            except OSError:  # the reader has gone
                self.close_connection = True

        do_HEAD = do_POST = do_GET  # noqa: N815  the names are http.server's

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        web = Web(f"{scheme}://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
