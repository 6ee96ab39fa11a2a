"""Pages say in a header, too, where the next one is (RFC 8288)."""

from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Request, Response


class Page(Protocol):
    """A part of a list."""

    @property
    def next_page_token(self) -> str:
        """Where the next part begins; empty on the last one."""
        ...


AnyPage = TypeVar("AnyPage", bound=Page)


class Link:
    """Writes the `Link` header of pages.

    Parameters
    ----------
    request
        What was asked for.
    response
        What is answered.
    """

    def __init__(self, request: Request, response: Response) -> None:
        self._url = request.url
        self._headers = response.headers

    def __call__(self, page: AnyPage) -> AnyPage:
        """Return the page."""
        if page.next_page_token:
            following = self._url.include_query_params(page_token=page.next_page_token)
            self._headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        return page


LinkOf = Annotated[Link, Depends(Link)]
