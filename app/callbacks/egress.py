"""Where this service may send requests to: nowhere that only its own network can reach.

A callback's address comes from a caller. Its name is resolved once, every address must be one of
the public internet (or be allowed by name), and the connection goes to the very address that was
checked. So a name that resolves differently a moment later gains nothing. A callback that would be
refused later is refused when it is asked for.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import structlog

from app.callbacks.wire import CallbackRequest
from app.errors import InvalidRequestError
from app.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Iterable[str]]

_PORTS: Final = {"http": 80, "https": 443}
_FIRST_FREE_PORT: Final = 1024
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


_log = structlog.get_logger(__name__)


class TargetRefusedError(Exception):
    """A target may not be called; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address to connect to, and how to call it.

    Parameters
    ----------
    url
        With the address in place of the name.
    host
        The ``Host`` header.
    name
        What a certificate must be for.
    """

    url: str
    host: str
    name: str


def _lookup(host: str, port: int) -> Iterable[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def resolve_target(url: str, allowed: Iterable[str] = (), resolve: Resolve = _lookup) -> Target:
    """Return where a URL leads, if it may be called.

    Parameters
    ----------
    url
        As a caller gave it.
    allowed
        Host names (in lower case) and networks (CIDR) that may be called although they are private.
    resolve
        Turns a name and a port into addresses.

    Raises
    ------
    TargetRefusedError
        It is no plain http or https URL, cannot be resolved, or leads to a private address.
    """
    scheme, name, port = _parts(url)
    try:
        addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(name, port)]
    except (OSError, UnicodeError, ValueError) as error:
        rule = f"{name} cannot be resolved"
        raise TargetRefusedError(rule) from error
    entries = tuple(allowed)
    if name not in entries:
        for address in addresses:
            if not _is_public(address) and not _is_allowed(address, entries):
                # Where it leads is for the log alone: callers learn no names of this network.
                _log.info("target refused", name=name, address=str(address))
                rule = f"{name} leads to an address that is not of the public internet"
                raise TargetRefusedError(rule)
    if not addresses:
        rule = f"{name} cannot be resolved"
        raise TargetRefusedError(rule)
    address = addresses[0]
    literal = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 IPv6
    split = urlsplit(url)
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    host = f"[{name}]" if ":" in name else name
    return Target(
        url=f"{scheme}://{literal}:{port}{path}",
        host=host if port == _PORTS[scheme] else f"{host}:{port}",
        name=name,
    )


def _parts(url: str) -> tuple[str, str, int]:
    rule = None
    try:
        split = urlsplit(url)
        port = split.port or _PORTS.get(split.scheme, 0)
    except ValueError as error:
        rule = f"{url[:200]!r} is no URL"
        raise TargetRefusedError(rule) from error
    if split.scheme not in _PORTS or not split.hostname:
        rule = "a target is an http or https URL"
    elif split.username is not None or split.password is not None or split.fragment:
        rule = "a target has neither credentials nor a fragment"
    elif not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        rule = "a target is printable ASCII without spaces"
    elif port not in _PORTS.values() and port < _FIRST_FREE_PORT:
        rule = f"port {port} is not one that is called: 80, 443, or from {_FIRST_FREE_PORT} on"
    if rule is not None:
        raise TargetRefusedError(rule)
    return split.scheme, str(split.hostname), port


def _is_public(address: Address) -> bool:
    """Tell whether an address, or the IPv4 one inside, is one of the public internet."""
    inner: Address | None = None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.is_site_local:  # Teredo's addresses are not global, site-local ones are
            return False
    if inner is not None:
        return _is_public(inner)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _is_allowed(address: Address, allowed: Iterable[str]) -> bool:
    for entry in allowed:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue  # a host name
        if address.version == network.version and address in network:
            return True
    return False


def require_callable(callback: CallbackRequest | None, settings: Settings) -> None:
    """Refuse a callback that would be refused later, too.

    Raises
    ------
    InvalidRequestError
        Its URL is none, cannot be resolved, or leads into a private network.
    """
    if callback is None:
        return
    try:
        resolve_target(callback.url, settings.callback_allow)
    except TargetRefusedError as error:
        rule = f"callback: {error}."
        raise InvalidRequestError(rule, "#/callback/url") from error
