"""One request to somebody else's server, over in time whatever that server does."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx2

from app.callbacks.egress import Target

TIMEOUT_S: Final = 15.0
"""From the connection to the beginning of the answer's body, all in all."""

_READ: Final = 4096


class NoAnswerError(Exception):
    """The server did not answer; the message says in a word or two what happened instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is read of an answer.

    Parameters
    ----------
    status
        HTTP's.
    retry_after
        The header as it was sent; empty where it was not.
    """

    status: int
    retry_after: str


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    *,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Send a body to an address that was checked; redirects are not followed.

    Parameters
    ----------
    target
        Where to, see `app.callbacks.egress`.
    body, headers
        What is sent; ``Host`` is added.
    tls
        Says which certificates are trusted.
    timeout_s
        The end of patience: a server that sends a byte now and then gains nothing by it.

    Raises
    ------
    NoAnswerError
        It cannot be reached, its certificate is not for the target's name, or it is too slow.
    """
    try:
        return asyncio.run(_post(target, body, headers, tls, timeout_s))
    except TimeoutError as error:
        message = f"not within {timeout_s:g} s"
        raise NoAnswerError(message) from error
    except httpx2.HTTPError as error:
        raise NoAnswerError(type(error).__name__) from error


async def _post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    timeout_s: float,
) -> Answer:
    # A client of its own for each request: connections are kept under the address, so another
    # name's request would use one whose certificate was never compared with that name.
    # Proxies of the environment are not asked: they would resolve names themselves.
    client = httpx2.AsyncClient(verify=tls, trust_env=False, timeout=None, follow_redirects=False)
    async with (
        asyncio.timeout(timeout_s),
        client,
        client.stream(
            "POST",
            target.url,
            content=body,
            headers={"Host": target.host, **headers},
            extensions={"sni_hostname": target.name},
        ) as response,
    ):
        await anext(response.aiter_raw(_READ), b"")  # no more of it is of interest
        return Answer(response.status_code, response.headers.get("Retry-After", ""))
