import re
from contextlib import nullcontext
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ImageError, StorageError, redacted
from features.limits import MAX_URI_BYTES
from features.storage.uris import (
    Uri,
    folder_of,
    is_remote,
    normalised,
    parse,
    prefix,
    resolve,
    to_path,
)

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\x7f", min_codepoint=32), min_size=1
).filter(lambda name: not {".", ".."} & {unquote(name), unquote(unquote(name)), name})


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://bucket/a b?c#d%20.png", Uri("s3", "bucket", "a b?c#d%20.png")),
        ("HTTPS://Host:8443/a%20b?c=d#e", Uri("https", "Host:8443", "a%20b", "?c=d")),
        ("http://host?x", Uri("http", "host", "", "?x")),
        ("http://[::1]:80/a", Uri("http", "[::1]:80", "a")),
        (
            "abfss://box@acc.core.net/a",
            Uri("abfss", "box@acc.core.net", "a"),
        ),
        ("memory://a/b.png", Uri("memory", "a", "b.png")),
        ("memory:///a/b.png", Uri("memory", "", "a/b.png")),
    ],
)
def test_a_uri_has_parts(uri: str, parts: Uri) -> None:
    """Keys are taken as they are; queries and fragments are http's."""
    assert parse(uri) == parts


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("a/b.png", "is no URI"),
        ("s3:///a.png", "must name a bucket or host"),
        ("https:///a.png", "must name a bucket or host"),
        ("https://h\u00f6st/a.png", "must name a bucket or host"),
        ("https://a b/c.png", "must name a bucket or host"),
        ("s3://bucket\n/a.png", "control characters"),
        ("s3://bucket/\ud800", "lone surrogates"),
        ("https://me:secret@host/a.png", "user or password"),
        ("sftp://me@host/a.png", "user or password"),
        ("abfs://box:secret@account/a.png", "user or password"),
        ("abfs://me@box@account/a.png", "user or password"),
        ("https://host/a\\b.png", "backslash"),
        ("s3://bucket/./a.png", ". or .."),
        ("s3://bucket/..", ". or .."),
        ("https://host/a/%2E%2e/b.png", ". or .."),
        ("https://host/a/%252e%25252e/b.png", ". or .."),
        ("memory://a/../b.png", ". or .."),
        ("https://host/pool/..;/b.png", ". or .."),
        ("https://host/pool/..;x=1;y/b.png", ". or .."),
        ("https://host/pool/%2e%2e%3b/b.png", ". or .."),
        ("https://host/pool/.;/b.png", ". or .."),
    ],
)
def test_a_malformed_uri_is_refused(uri: str, reason: str) -> None:
    """The rule is named, and no password is shown."""
    with pytest.raises(StorageError) as caught:
        parse(uri)
    assert reason in caught.value.reason
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "base", "expected"),
    [
        ("a.png", Path("/pool"), "/pool/a.png"),
        ("../a%20.png", Path("/pool"), "/pool/../a%20.png"),
        ("/a.png", "s3://b/pool/", "/a.png"),
        ("file:///a%20b.png", "s3://b/pool/", "/a b.png"),
        ("gs://c/a.png", "s3://b/pool/", "gs://c/a.png"),
        ("gs://c/a.png", Path("/pool"), "gs://c/a.png"),
        ("x/./a b%.png", "s3://b/pool/", "s3://b/pool/x/a b%.png"),
        ("../../a.png", "s3://b/p/q/", "s3://b/a.png"),
        ("x/a b%#?.png", "https://h/p%20q/", "https://h/p%20q/x/a%20b%25%23%3F.png"),
        ("a.png", "memory://pool/", "memory://pool/a.png"),
        ("a.png", "memory:///pool/", "memory:///pool/a.png"),
    ],
)
def test_relative_names_start_from_their_base(name: str, base: Path | str, expected: str) -> None:
    """A relative name is a path everywhere, an absolute one and a URI stay what they are."""
    assert resolve(name, base) == expected


@pytest.mark.parametrize("base", ["s3://b/pool/", "https://h/pool/"])
def test_nothing_climbs_out_of_a_bucket(base: str) -> None:
    """More dots than folders are an error, not another bucket."""
    with pytest.raises(StorageError, match="leads out of the bucket"):
        resolve("../../a.png", base)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_path_means_the_same_beside_every_kind_of_manifest(names: list[str]) -> None:
    """Undone once, the escapes of a URL give the very path that was written."""
    path = "/".join(names)
    expected = str(PurePosixPath("pool", path))
    assert parse(resolve(path, "s3://b/pool/")).path == expected
    assert unquote(parse(resolve(path, "http://h/pool/")).path) == expected


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("s3://b/pool/scenes.jsonl", "s3://b/pool/"),
        ("s3://b/scenes.jsonl", "s3://b/"),
        ("https://h/p%20q/s.jsonl?signature=x/y", "https://h/p%20q/"),
        ("memory://scenes.jsonl", "memory://scenes.jsonl/"),
    ],
)
def test_a_file_has_a_folder(uri: str, folder: str) -> None:
    """What lies beside a file shares its prefix, and not its query."""
    assert folder_of(uri) == folder


@given(st.lists(NAMES, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
def test_what_starts_at_a_prefix_lies_under_it(folders: list[str], names: list[str]) -> None:
    """Whatever is resolved against a prefix lies under it, and never under a longer name."""
    root = "/".join(["s3://Bucket", *folders])
    uri = resolve("/".join(names), f"{root}/")
    assert normalised(uri).startswith(prefix(root))
    assert not normalised(f"{root}x/a").startswith(prefix(root))


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://h/a.png?X-Amz-Signature=abc#d", "https://h/a.png"),
        ("https://me:pw@h/a.png", "https://h/a.png"),
        ("https://h?token", "https://h"),
        ("az://box/a.png?sig=abc", "az://box/a.png"),
        ("abfs://box@account/a.png", "abfs://box@account/a.png"),
        ("abfs://box:pw@account/a.png", "abfs://account/a.png"),
        ("/a?b@c.png", "/a?b@c.png"),
        ("file:///a?b.png", "file:///a?b.png"),
        ("FILE:///a?b.png", "FILE:///a?b.png"),
    ],
)
def test_secrets_are_not_shown(uri: str, shown: str) -> None:
    """Errors show a URI without user, password, query and fragment; a path as it is."""
    assert redacted(uri) == shown
    for error in (StorageError(uri, "reason"), ImageError(uri, "reason")):
        assert (error.uri, str(error)) == (shown, f"{shown}: reason")


def test_remote_is_what_is_not_on_this_machine() -> None:
    """Paths and file:// URIs are local, whatever else they look like."""
    assert [is_remote(name) for name in ("s3://b", "a", "C:/a", "file:///a", "a/s3://b")] == [
        True,
        False,
        False,
        False,
        False,
    ]


def _undone(path: str) -> str:
    """Undo escapes until nothing changes, whatever it takes."""
    previous = None
    while path != previous:
        previous, path = path, unquote(path, errors="surrogateescape")
    return path


@given(st.lists(st.sampled_from(["%", "2", "5", "e", "E", "f", "3", ".", "/", "a", "\\"])))
def test_escapes_of_escapes_are_looked_through(letters: list[str]) -> None:
    """One pass sees the dots that undoing escapes until nothing changes would bring out."""
    path = "".join(letters)
    leaves = not {".", ".."}.isdisjoint(re.split(r"[/\\]", _undone(path)))
    with pytest.raises(StorageError, match=r"\. or \.\.") if leaves else nullcontext():
        parse(f"s3://bucket/{path}")


@pytest.mark.parametrize("name", ["s3://bucket/", "/data/", "file:///data/"])
def test_a_name_has_a_longest_length(name: str) -> None:
    """Bytes are counted, a long name is refused with a sentence that is short itself."""
    whole = f"{name}{'é' * MAX_URI_BYTES}".encode()[: MAX_URI_BYTES - 1].decode(errors="ignore")
    assert resolve(whole, Path("/"))
    with pytest.raises(StorageError, match="at most 8,192 bytes") as refusal:
        (parse if name.startswith("s3") else to_path)(f"{whole}éé")
    assert len(str(refusal.value)) < 250


def test_the_sentence_of_a_name_is_one_line() -> None:
    """Line ends and lengths of what a file holds do not get into an error's text."""
    with pytest.raises(StorageError) as refusal:
        parse("s3://bucket/" + "a\n\u2028" * 2000)
    assert len(str(refusal.value).splitlines()) == 1
    assert len(str(refusal.value)) < 1200


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("s3://bucket/a.png", "only a local path or a file:// URI can be read here"),
        ("file://", "an absolute path on this machine"),
        ("file://localhost", "an absolute path on this machine"),
        ("file://example.org/a.png", "an absolute path on this machine"),
        ("file://example.org", "an absolute path on this machine"),
        ("", "must not be empty or contain a NUL character"),
        ("a\0b", "must not be empty or contain a NUL character"),
        ("file:///a%00b", "must not be empty or contain a NUL character"),
        ("a\ud800", "must not contain lone surrogates"),
    ],
)
def test_a_name_that_is_no_local_path_is_refused(name: str, reason: str) -> None:
    """Other schemes, other hosts, and what no file can be called."""
    with pytest.raises(StorageError, match=reason):
        to_path(name)


@pytest.mark.parametrize(
    "name", ["file:///a%20b", "file://localhost/a%20b", "FILE://LOCALHOST/a b"]
)
def test_a_file_uri_names_a_path(name: str) -> None:
    """With or without this machine's name, its escapes undone."""
    assert to_path(name) == Path("/a b")


@pytest.mark.parametrize(
    "uri", ["https://example.org/a?b=c", "s3+x://", "/a/b", "file:///a", "https://h?q"]
)
def test_what_is_no_prefix_is_refused(uri: str) -> None:
    """A query, no bucket, and what is on this machine."""
    with pytest.raises(StorageError):
        prefix(uri)


@pytest.mark.parametrize("path", ["a/%2e%2e/b", "a/%2E./b", "a/%252e%252e/b", "%2e", "a/..;x/b"])
def test_dots_are_found_behind_escapes(path: str) -> None:
    """Also where two different digits, or two equal ones, make the escape."""
    with pytest.raises(StorageError, match="as a part of its path"):
        parse(f"s3://bucket/{path}")
    assert parse("s3://bucket/%22/%4").path == "%22/%4"


def test_a_remote_name_is_looked_at_where_it_is_resolved() -> None:
    """Whether it stands alone, or is put together from a base."""
    with pytest.raises(StorageError, match="as a part of its path"):
        resolve("s3://bucket/../a", "/pool")
    with pytest.raises(StorageError, match="control characters"):
        resolve("a\nb", "s3://bucket/pool/")


def test_a_name_of_exactly_the_longest_length_is_read() -> None:
    """In bytes: letters that take several count for as many."""
    assert to_path("a" * MAX_URI_BYTES)
    assert to_path("\u00e9" * (MAX_URI_BYTES // 2))
    for name in ("a" * (MAX_URI_BYTES + 1), "\u00e9" * (MAX_URI_BYTES // 2 + 1)):
        with pytest.raises(StorageError, match="bytes"):
            to_path(name)
