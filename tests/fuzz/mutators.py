"""Change a file so that a reader's first check does not end the matter."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

Mutate = Callable[[bytes, int], bytes]
"""libFuzzer's own: bytes and the longest length in, other bytes out."""

_TOKENS = [
    *(b"1e308", b"-1", b"0", b"1e-400", b"9007199254740993", b"9" * 5000, b"NaN", b"Infinity"),
    *(b"1_000", b"\x1e5", b"null", b"true", b"[]", b"{}", b'""', b'"\\ud800"', b"\x00", b"\r"),
    *(
        b"[" * 2000,
        b'{"a":' * 500,
        b"%25" * 50 + b"2e",
        b"..",
        b"../",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ),
    *(b",", b";", b"\t", b"\n" * 100, b'"', b"10,5", b"s0", b"element vertex 999999999999999999"),
    *(b"property list uchar int v", b"nan", b"1" * 300 + b".5", b"\xe2\x80\xa8", b"{" * 100),
]
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1)


def mutated(form: str, data: bytes, longest: int, draw: random.Random, plain: Mutate) -> bytes:
    """Return a mutation of a file of some form."""
    if draw.random() < 0.25:
        return plain(data, longest)
    try:
        return _MUTATORS[form](data, longest, draw, plain)[:longest]
    except Exception:  # noqa: BLE001  the file is no longer of its form
        return plain(data, longest)


def _bytes(data: bytes, longest: int, draw: random.Random, plain: Mutate) -> bytes:
    """Put numbers that matter where there may be one, some times over."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        if not changed:
            break
        place, width = draw.randrange(len(changed)), draw.choice((1, 2, 4, 8))
        value = draw.choice((*_INTERESTING, draw.getrandbits(8 * width)))
        order = draw.choice(("little", "big"))
        number = (value & (256**width - 1)).to_bytes(width, order)
        changed[place : place + width] = number[: len(changed) - place]
    return plain(bytes(changed), longest) if draw.random() < 0.3 else bytes(changed)


def _text(data: bytes, longest: int, draw: random.Random, plain: Mutate) -> bytes:
    """Replace, double or drop a piece between marks, or put a token there."""
    places = [0, *(k for k, byte in enumerate(data) if byte in b',:;\t\n "[]{}/%'), len(data)]
    first, last = sorted(draw.choices(places, k=2))
    if last - first > 200:
        last = first
    piece = draw.choice((draw.choice(_TOKENS), data[first:last] * 2, b""))
    changed = data[:first] + piece + data[last:]
    return plain(changed, longest) if draw.random() < 0.2 else changed


def _footer(data: bytes, longest: int, draw: random.Random, plain: Mutate) -> bytes:
    """Change the metadata of Parquet, which lies at the end, and keep its length true."""
    length = struct.unpack("<I", data[-8:-4])[0]
    body, footer = data[: -8 - length], data[-8 - length : -8]
    if draw.random() < 0.3:
        body = _bytes(body, longest, draw, plain)
    else:
        footer = _bytes(footer, longest, draw, plain)
    return body + footer + struct.pack("<I", len(footer)) + data[-4:]


def _header(data: bytes, longest: int, draw: random.Random, plain: Mutate) -> bytes:
    """Change the JSON header of safetensors, and keep its length true."""
    length = int.from_bytes(data[:8], "little")
    header = _text(data[8 : 8 + length], longest, draw, plain)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def _zip(data: bytes, longest: int, draw: random.Random, plain: Mutate) -> bytes:
    """Change a member of an archive and pack it anew, so that checksums hold; or its entries."""
    if draw.random() < 0.4:
        return _bytes(data, longest, draw, plain)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(entry, archive.read(entry)) for entry in archive.infolist()]
    chosen = draw.randrange(len(members))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for place, (entry, content) in enumerate(members):
            if place == chosen:
                content = draw.choice((_bytes, _text))(content, longest, draw, plain)  # noqa: PLW2901
            archive.writestr(entry.filename, content, draw.choice((0, 8, entry.compress_type)))
    return stream.getvalue()


def _png(data: bytes, longest: int, draw: random.Random, plain: Mutate) -> bytes:
    """Change a chunk, and make its checksum true."""
    chunks, place = [], 8
    while place + 12 <= len(data):
        size = struct.unpack(">I", data[place : place + 4])[0]
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += 12 + size
    chosen = draw.randrange(len(chunks))
    kind, content = chunks[chosen]
    if kind == b"IDAT" and draw.random() < 0.5:
        content = zlib.compress(_bytes(zlib.decompress(content), longest, draw, plain))
    else:
        content = _bytes(content, longest, draw, plain)
    chunks[chosen] = (kind, content)
    if draw.random() < 0.1:
        chunks.insert(chosen, chunks[draw.randrange(len(chunks))])
    packed = [
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    ]
    return data[:8] + b"".join(packed)


_MUTATORS: Mapping[str, Callable[[bytes, int, random.Random, Mutate], bytes]] = {
    "bytes": _bytes,
    "text": _text,
    "footer": _footer,
    "header": _header,
    "zip": _zip,
    "png": _png,
}
