"""How quickly a slider is answered if certificates are made on request, or after each answer.

``python benchmarks/bench_slider.py``: two solve processes, drawn pools of 204 and 1,000 scenes, a
new budget every 100 ms or as soon as the last one is answered (ADR 21).
"""

import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.choosing.certificates import Claim, Proof
from app.choosing.seeding import SeedAnswer
from app.choosing.tasks import CertificateTask, SeedTask, StoredQuestion
from app.processes.pool import SolvePool
from features.signatures.model import Signatures
from solver.model.options import SolverOptions

_BUDGETS = 60
_PACE_S = 0.1
_D = 384


class Slider:
    """Asks one budget after the other.

    Parameters
    ----------
    folder
        Where the pool is written.
    n
        Its scenes.
    """

    def __init__(self, folder: Path, n: int) -> None:
        rng = np.random.default_rng(n)
        centres = rng.normal(size=(12, _D))
        vectors = centres[rng.integers(0, 12, n)] + 1.2 * rng.normal(size=(n, _D))
        vectors *= 0.9 / np.linalg.norm(vectors, axis=1, keepdims=True)
        self._path, self._pool = folder / f"{n}.npz", SolvePool(2, patience_s=60, room=500)
        ids, sizes = tuple(f"s{k}" for k in range(n)), np.full(n, 3, dtype=np.int64)
        Signatures(ids, rng.uniform(0.2, 0.9, n), vectors, sizes).save(self._path)
        self._costs = rng.integers(10_000, 90_000, n).astype(float)
        self._proofs: list[Proof] = []

    def question(self, part: float) -> StoredQuestion:
        """Return the question about a part of the costs."""
        return StoredQuestion(
            path=self._path,
            costs=self._costs,
            budget=float(self._costs.sum() * part),
            options=SolverOptions(gap=0.01, time_limit_s=20),
        )

    def answer(self, question: StoredQuestion) -> SeedAnswer:
        """Return its answer."""
        answer: SeedAnswer = self._pool.answer(SeedTask(question=question))
        return answer

    def prove(self, question: StoredQuestion, answer: SeedAnswer) -> None:
        """Make the certificate of an answer."""
        claim = Claim(
            budget=question.budget,
            selected=tuple(scene.scene_id for scene in answer.scenes),
            upper_bound=answer.result.upper_bound,
        )
        self._proofs.append(self._pool.answer(CertificateTask(question=question, claim=claim)))

    def drag(self, *, proving: bool) -> str:
        """Ask all budgets, and return what that took."""
        for _ in range(4):
            self.answer(self.question(0.05))
        seconds, threads = [], []
        for step in range(_BUDGETS):
            started, question = time.perf_counter(), self.question(0.02 + 0.002 * step)
            answer = self.answer(question)
            seconds.append(time.perf_counter() - started)
            if proving or step % 10 == 0:
                threads.append(threading.Thread(target=self.prove, args=(question, answer)))
            if proving:
                threads[-1].start()
            time.sleep(max(0.0, _PACE_S - seconds[-1]))
        for thread in threads:
            if not proving:
                thread.start()
            thread.join()
        self._pool.close()
        seconds.sort()
        return (
            f"p50 {1e3 * statistics.median(seconds):.0f} ms, "
            f"p95 {1e3 * seconds[int(0.95 * _BUDGETS) - 1]:.0f} ms; certificates: "
            f"{1e3 * statistics.median(proof.seconds for proof in self._proofs):.0f} ms, "
            f"{statistics.median(proof.size for proof in self._proofs) / 1e3:.0f} kB"
        )


def main() -> None:
    """Print a line for each pool and way."""
    for n in (204, 1_000):
        for proving in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                row = Slider(Path(folder), n).drag(proving=proving)
            print(f"{n:6,} scenes, {'after each answer' if proving else 'on request':17s} {row}")


if __name__ == "__main__":
    main()
