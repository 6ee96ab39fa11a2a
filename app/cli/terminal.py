"""Talking to a person at a terminal: results on stdout, everything else on stderr."""

import json
import logging
import sys
import time

# Between two lines of progress where stderr is a file: often enough to see that it is alive.
_QUIET_SECONDS = 10.0


class _Messages:
    """What a person wants to read besides the result."""

    quiet = False


def set_messages(*, quiet: bool, verbose: bool) -> None:
    """Choose what is shown besides the result, until the next call.

    Parameters
    ----------
    quiet
        Neither progress nor notes; only why a command fails.
    verbose
        The log, too.
    """
    _Messages.quiet = quiet
    if verbose:
        logging.basicConfig(
            level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", force=True
        )


def complain(sentence: str) -> None:
    """Print why a command fails."""
    print(f"seedal: {sentence}", file=sys.stderr)  # noqa: T201 - this is the command line


def say(sentence: str) -> None:
    """Print a sentence for the person who watches, unless that person wants none."""
    if not _Messages.quiet:
        complain(sentence)


def answer(text: str) -> None:
    """Print a result."""
    print(text)  # noqa: T201 - this is the command line


def answer_json(content: object) -> None:
    """Print a result for a machine: one JSON document, no NaN."""
    answer(json.dumps(content, ensure_ascii=False, allow_nan=False))


class ImageProgress:
    """Show how many images are done, how fast, and for how long it will go on.

    The clock starts with the first images: what is stored, and loading a network, say nothing of
    the pace.
    """

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None
        self._last = 0
        self._shown = 0.0
        self._live = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Show the state; on a terminal in place, in a log as a line now and then."""
        if _Messages.quiet:
            return
        now = time.perf_counter()
        if self._began is None or done < self._last:  # another run of another pool
            self._began = (now, done)
        self._last = done
        finished = done >= total
        if not (self._live or finished or now - self._shown >= _QUIET_SECONDS):
            return
        self._shown = now
        end = "\r" if self._live and not finished else "\n"
        line = f"features: {done}/{total} images{self._pace(now, done, total)}"
        print(f"seedal: {line}   ", end=end, file=sys.stderr, flush=True)  # noqa: T201 - see above

    def _pace(self, now: float, done: int, total: int) -> str:
        since, before = self._began or (now, done)
        if done <= before or now <= since:
            return ""
        rate = (done - before) / (now - since)
        return f", {rate:.1f}/s, {(total - done) / rate:.0f} s left"
