"""Callbacks go to the public internet, or to what was allowed by name, and nowhere else."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.callbacks.egress import TargetRefusedError, require_callable, resolve_target
from app.callbacks.wire import CallbackRequest
from app.errors import InvalidRequestError
from app.settings import Settings

PUBLIC = "93.184.216.34"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 the example of the API's documents


def _resolves_to(*addresses: str):  # noqa: ANN202 a resolver
    return lambda _host, _port: list(addresses)


def test_the_address_that_was_checked_is_the_one_that_is_called() -> None:
    """The URL holds the address; the name stays in the Host header and for the certificate."""
    target = resolve_target(
        "https://example.org:8443/a%20b?c=d", resolve=_resolves_to(PUBLIC, "2606:4700::1111")
    )
    assert target.url == f"https://{PUBLIC}:8443/a%20b?c=d"
    assert (target.host, target.name) == ("example.org:8443", "example.org")
    plain = resolve_target("http://example.org", resolve=_resolves_to("2606:4700::1111"))
    assert (plain.url, plain.host) == ("http://[2606:4700::1111]:80/", "example.org")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",  # noqa: S104
        "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "fc00::1", "fd12::1", "fe80::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1%eth0", "fec0::1",
        "64:ff9b:1::7f00:1", "::127.0.0.1", "::ffff:0:127.0.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(address: str) -> None:
    """Also where a public one comes first, and in every disguise."""
    for addresses in ((address,), (PUBLIC, address)):
        with pytest.raises(TargetRefusedError, match="not of the public internet"):
            resolve_target("https://example.org/", resolve=_resolves_to(*addresses))


def _nat64(address: IPv4Address) -> str:
    return str(IPv6Address(int(IPv6Address("64:ff9b::")) | int(address)))


def _mapped(address: IPv4Address) -> str:
    return f"::ffff:{address}"


def _six_to_four(address: IPv4Address) -> str:
    return str(IPv6Address((0x2002 << 112) | (int(address) << 80)))


def _verdict(address: str) -> bool:
    try:
        resolve_target("https://example.org/", resolve=_resolves_to(address))
    except TargetRefusedError:
        return False
    return True


_EDGES = [
    "8.8.8.8", "1.1.1.1", PUBLIC, "10.0.0.0", "10.255.255.255", "11.0.0.0", "100.63.255.255",
    "100.64.0.0", "100.127.255.255", "100.128.0.0", "127.0.0.1", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "169.254.169.254", "169.255.0.0", "172.15.255.255", "172.16.0.0",
    "172.31.255.255", "172.32.0.0", "192.167.255.255", "192.168.0.0", "192.169.0.0",
    "223.255.255.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "0.0.0.0",  # noqa: S104
]  # fmt: skip
"""Addresses at the ends of private networks, on both sides."""


@pytest.mark.parametrize("wrap", [_nat64, _mapped, _six_to_four])
@given(address=st.ip_addresses(v=4) | st.sampled_from(_EDGES).map(IPv4Address))
def test_an_ipv4_address_in_an_ipv6_one_counts_as_itself(
    wrap: Callable[[IPv4Address], str], address: IPv4Address
) -> None:
    """NAT64 (RFC 6052), mapped and 6to4 addresses are called where the inner one would be."""
    assert _verdict(wrap(address)) is _verdict(str(address))


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::808:808", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::", "2606:4700::1111"],
)
def test_public_addresses_are_called(address: str) -> None:
    """On a network without IPv4, DNS64 gives public receivers NAT64 addresses: they are called."""
    assert _verdict(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
        "http://127.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://localhost:8000/",
        "http://0/",
    ],
)  # fmt: skip
@pytest.mark.enable_socket
def test_every_spelling_of_loopback_is_refused(url: str) -> None:
    """What the system's resolver takes for an address is checked like one."""
    with pytest.raises(TargetRefusedError):
        resolve_target(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/passwd", "https://", "https://user:pw@example.org/",
        "https://user@example.org/", "https://example.org/#x", "https://example.org:22/",
        "https://example.org:99999/", "https://exa mple.org/", "https://example.org/\r\nX: y",
        "https://example.org:1023/", "https://example.org:81/", "https://example.org/\t",
        "https://:pw@example.org/", "https://@example.org/", "https://example.org:x/",
        "https://ex\u00e4mple.org/", "https://example.org\\@127.0.0.1/", "gopher://x", "", "x",
    ],
)  # fmt: skip
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    """Other schemes, credentials, fragments, odd ports and odd characters are refused."""
    with pytest.raises(TargetRefusedError):
        resolve_target(url, resolve=_resolves_to(PUBLIC))


def test_what_is_allowed_may_be_private() -> None:
    """Hosts by name and networks by CIDR; nothing beside them."""
    private = _resolves_to("10.1.2.3")
    assert resolve_target("http://hooks:8080/", ["hooks"], private).url == "http://10.1.2.3:8080/"
    assert resolve_target("http://other/", ["10.1.0.0/16"], private).host == "other"
    assert resolve_target("http://other/", ["10.1.9.9/16"], private).host == "other"
    for allowed in (["hooks2"], ["10.2.0.0/16"], ["fc00::/7"], []):
        with pytest.raises(TargetRefusedError):
            resolve_target("http://hooks/", allowed, private)


def test_other_networks_of_the_same_size_are_not_allowed() -> None:
    """A network of IPv4 allows no address of IPv6, and a name among networks is passed over."""
    six = _resolves_to("fd00::1")
    entries = ["hooks", "10.0.0.0/8", "fd00::/16"]
    assert resolve_target("http://other/", entries, six).url == "http://[fd00::1]:80/"
    with pytest.raises(TargetRefusedError, match="not of the public internet"):
        resolve_target("http://other/", ["0.0.0.0/0"], six)
    with pytest.raises(TargetRefusedError, match="not of the public internet"):
        resolve_target("http://other/", entries, _resolves_to("10.1.2.3", "192.168.0.1"))


@pytest.mark.parametrize(
    ("url", "host", "called"),
    [
        ("http://example.org:443/", "example.org:443", f"http://{PUBLIC}:443/"),
        ("https://example.org:443/", "example.org", f"https://{PUBLIC}:443/"),
        ("https://example.org:80/?a=b", "example.org:80", f"https://{PUBLIC}:80/?a=b"),
        ("http://example.org:1024", "example.org:1024", f"http://{PUBLIC}:1024/"),
        ("http://[2606:4700::1]/a", "[2606:4700::1]", f"http://{PUBLIC}:80/a"),
    ],
)
def test_the_host_is_named_as_the_url_names_it(url: str, host: str, called: str) -> None:
    """The scheme's own port is left out; addresses of IPv6 stand in brackets."""
    target = resolve_target(url, resolve=_resolves_to(PUBLIC))
    assert (target.host, target.url) == (host, called)


@pytest.mark.enable_socket
def test_a_callback_that_would_be_refused_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    """In a sentence that names it; none, and one that is allowed, pass."""
    settings = Settings(data_dir=tmp_path, callback_allow=("127.0.0.1",))
    require_callable(None, settings)
    require_callable(CallbackRequest(url="http://127.0.0.1:8080/", secret=SECRET), settings)
    refused = CallbackRequest(url="http://127.0.0.2:8080/", secret=SECRET)
    with pytest.raises(InvalidRequestError, match=r"callback: .* not of the public") as caught:
        require_callable(refused, settings)
    assert caught.value.pointer == "#/callback/url"


def test_a_name_that_cannot_be_resolved_is_refused() -> None:
    """Whether the resolver fails or finds nothing."""

    def fails(_host: str, _port: int) -> list[str]:
        raise OSError

    for resolve in (fails, _resolves_to()):
        with pytest.raises(TargetRefusedError, match="cannot be resolved"):
            resolve_target("https://example.org/", resolve=resolve)


@given(st.text())
def test_nothing_else_is_raised(url: str) -> None:
    """Whatever the text, it is a target or it is refused."""
    try:
        resolve_target(url, resolve=_resolves_to(PUBLIC))
    except TargetRefusedError as error:
        assert str(error)  # noqa: PT017 both outcomes are right
