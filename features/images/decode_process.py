"""What runs inside a decoding process: names of images come in, their pixels go out.

A request is a line of JSON, the URI, on standard input. The answer on standard output is the length
of a reason (:data:`HEADER`), and the reason in UTF-8; or 0, and the pixels. The process ends with
its input, so it never outlives its parent.
"""

import json
import os
import signal
import struct
import sys
from contextlib import suppress
from typing import BinaryIO, Final

from features.backbones.protocol import to_pixels
from features.errors import ImageError
from features.images.pixels import load_rgb

HEADER: Final = struct.Struct(">I")

_NICE: Final = 10
"""Decoding fills the gaps that the network leaves; it must not slow the network's own threads."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests one after the other until there are no more."""
    for line in requests:
        try:
            content = to_pixels(load_rgb(json.loads(line))).tobytes()
        except ImageError as error:
            content = error.reason.encode(errors="backslashreplace")
            answers.write(HEADER.pack(len(content)))
        else:
            answers.write(HEADER.pack(0))
        answers.write(content)
        answers.flush()


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; its end ends this
    if hasattr(os, "nice"):
        os.nice(_NICE)
    with suppress(BrokenPipeError):  # the parent is gone in the middle of an answer
        serve(sys.stdin.buffer, sys.stdout.buffer)
    os._exit(0)  # no farewell to a parent that is gone


if __name__ == "__main__":
    _main()
