import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import features.guarded.process
from features.backbones.protocol import to_pixels
from features.errors import ImageError
from features.images.decoding import Decoder
from features.images.pixels import load_rgb
from features.sources.scenes import PoolScene

MakeScene = Callable[[str, int], PoolScene]


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    """Return a decoder of two processes."""
    decoder = Decoder(2, timeout_s=20)
    yield decoder
    decoder.close()


def reason(decoded: Future[NDArray[np.uint8]]) -> str:
    """Return why an image could not be decoded."""
    with pytest.raises(ImageError) as error:
        decoded.result()
    return error.value.reason


def test_pixels_are_those_of_this_process(decoder: Decoder, make_scene: MakeScene) -> None:
    """An image decoded elsewhere is the same, bit by bit, whichever process did it."""
    uris = [image.uri for image in make_scene("a", 9).images]
    for uri, decoded in [(uri, decoder.decode(uri)) for uri in uris]:
        np.testing.assert_array_equal(decoded.result(), to_pixels(load_rgb(uri)))


def test_a_broken_image_costs_no_other(
    decoder: Decoder, make_scene: MakeScene, tmp_path: Path
) -> None:
    """Each unreadable image has its own reason, whatever its name, and the next one is decoded."""
    odd = tmp_path / 'quote " newline \n \udcff.png'
    odd.write_bytes(b"")
    decoded = [decoder.decode(uri) for uri in (str(tmp_path), str(odd), str(tmp_path / "gone"))]
    assert [reason(one) for one in decoded] == [
        "a folder, not a file",
        "the file is empty",
        "the file does not exist",
    ]
    assert decoder.decode(make_scene("a", 1).images[0].uri).result().shape == (224, 224, 3)


def test_an_image_that_kills_its_decoder_is_named(
    decoder: Decoder, make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a process dies on an image, that image is at fault, and a new process goes on."""
    uri = make_scene("a", 1).images[0].uri
    decoder.decode(uri).result()
    fill = features.guarded.process._fill

    def kill_then_fill(pipe: object, part: memoryview, deadline: float) -> None:
        for process in decoder._started:
            os.kill(process._process.pid, signal.SIGKILL)
        fill(pipe, part, deadline)  # type: ignore[arg-type]  # a pipe it is

    monkeypatch.setattr(features.guarded.process, "_fill", kill_then_fill)
    assert reason(decoder.decode(uri)) == "the decoder crashed on it"
    monkeypatch.setattr(features.guarded.process, "_fill", fill)
    assert decoder.decode(uri).result().shape == (224, 224, 3)


def test_an_image_that_never_ends_is_given_up(make_scene: MakeScene) -> None:
    """A decoder that does not answer in time is ended, and the image reported."""
    decoder = Decoder(1, timeout_s=0.0)
    try:
        uri = make_scene("a", 1).images[0].uri
        assert reason(decoder.decode(uri)) == "it took longer than 0 s to read"
    finally:
        decoder.close()


def test_nothing_is_left_running(make_scene: MakeScene) -> None:
    """Closing ends the processes, and drops what had not begun."""
    decoder = Decoder(2)
    uri = make_scene("a", 1).images[0].uri
    decoder.decode(uri).result()
    waiting = [decoder.decode(uri) for _ in range(200)]
    decoder.close()
    assert any(one.cancelled() for one in waiting)
    assert all(process.ended for process in decoder._started)


def test_a_decoder_ends_with_its_parent() -> None:
    """A process whose parent is gone, even by kill -9, ends by itself."""
    process = features.guarded.process.GuardedProcess()
    requests = process._process.stdin
    assert requests is not None
    requests.close()
    deadline = time.monotonic() + 20
    while not process.ended and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.ended
    process.kill()


def test_nothing_is_imported_from_where_a_run_happens(
    make_scene: MakeScene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of images may hold a numpy.py of somebody's: a decoder there does not run it."""
    uri = make_scene("a", 1).images[0].uri
    for name in ("numpy.py", "PIL.py", "features.py"):
        (tmp_path / name).write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    decoder = Decoder(1)
    try:
        assert decoder.decode(uri).result().shape == (224, 224, 3)
    finally:
        decoder.close()
