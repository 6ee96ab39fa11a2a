"""Passes over many vectors in torch: the same three passes as the solver's own, on a GPU.

The solver takes any object with these methods, so it needs no torch. The vectors are copied to the
device once, as exact as they are stored; products are widened to float64 block by block, so the
solver's statement about rounding holds here too.
"""

import numpy as np
import torch
from numpy.typing import NDArray

BLOCK = 65_536
"""Rows that are widened at a time: 192 MiB of float64 at 384 dimensions."""


class TorchPasses:
    """Passes over vectors that lie on a torch device.

    Parameters
    ----------
    vectors
        Shape (n, d), float16, float32 or float64, also memory-mapped.
    device
        Such as ``cuda`` or ``cpu``.
    block
        Rows in a block.
    """

    def __init__(
        self, vectors: NDArray[np.floating], *, device: str = "cuda", block: int = BLOCK
    ) -> None:
        n, d = vectors.shape
        self._block = block
        kind = torch.from_numpy(np.zeros(1, dtype=vectors.dtype)).dtype
        self._vectors = torch.empty((n, d), dtype=kind, device=device)
        for start in range(0, n, block):
            # A copy of one block: a read-only or memory-mapped array cannot be shared with torch.
            part = torch.from_numpy(np.array(vectors[start : start + block]))
            self._vectors[start : start + block] = part

    def _wide(self, start: int) -> torch.Tensor:
        return self._vectors[start : start + self._block].double()

    def combine(self, items: NDArray[np.intp], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``sum_k amounts_k m_items_k``, shape (d,), block by block in the order given."""
        device = self._vectors.device
        places = torch.from_numpy(np.ascontiguousarray(items)).to(device)
        shares = torch.from_numpy(np.ascontiguousarray(amounts)).to(device)
        total = torch.zeros(self._vectors.shape[1], dtype=torch.float64, device=device)
        for start in range(0, len(places), self._block):
            rows = self._vectors[places[start : start + self._block]].double()
            total += shares[start : start + self._block] @ rows
        return np.asarray(total.cpu().numpy())

    def project(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``m_i . direction`` for every item, shape (n,)."""
        u = torch.from_numpy(np.array(direction)).to(self._vectors.device)
        n = self._vectors.shape[0]
        out = torch.empty(n, dtype=torch.float64, device=u.device)
        for start in range(0, n, self._block):
            out[start : start + self._block] = self._wide(start) @ u
        return np.asarray(out.cpu().numpy())

    def squares(self) -> NDArray[np.float64]:
        """Return ``|m_i|^2`` for every item, shape (n,)."""
        n = self._vectors.shape[0]
        out = torch.empty(n, dtype=torch.float64, device=self._vectors.device)
        for start in range(0, n, self._block):
            out[start : start + self._block] = self._wide(start).square().sum(dim=1)
        return np.asarray(out.cpu().numpy())

    def rows(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return a copy of some rows, shape (k, d), in float64."""
        places = torch.from_numpy(np.ascontiguousarray(items)).to(self._vectors.device)
        return np.asarray(self._vectors[places].double().cpu().numpy())
