# SPDX-License-Identifier: Apache-2.0
"""Whether two programs found the same.

Simile's result is that of double precision, rounded once, with ties to the lower row. Peers report what single precision gave
them, so near ties may fall otherwise; such a difference is told from a wrong answer by the scores in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

# The scores of two rows of length 1 in single precision differ from the true ones by less, however they are summed, for any
# number of dimensions here (1,024 * 2^-24 = 6.1e-5); in practice by far less.
ROUNDING = 1e-5


@dataclass(frozen=True)
class Agreement:
    """How far a peer agrees: the share that is the same, and how many differences rounding does not explain."""

    share: float
    unexplained: int


@dataclass(frozen=True)
class Neighbors:
    """The rows found for each query."""

    rows: np.ndarray

    @staticmethod
    def without_self(rows: np.ndarray, k: int) -> Neighbors:
        """Leaves out each row's own number, then keeps the first k."""
        # Stable: what is not the row itself moves to the front and keeps its order.
        own = rows == np.arange(len(rows))[:, None]
        order = np.argsort(own, axis=1, kind="stable")[:, :k]
        return Neighbors(np.take_along_axis(rows, order, axis=1))

    def agreement(self, exact: Neighbors, queries: np.ndarray, corpus: np.ndarray) -> Agreement:
        """Compares sets, query by query."""
        if self.rows.shape != exact.rows.shape:
            return Agreement(0, exact.rows.size)
        same = unexplained = 0
        for i, (found, true) in enumerate(zip(self.rows, exact.rows, strict=True)):
            odd = np.setdiff1d(found, true)
            # A row that is found twice is one row.
            same += len(np.intersect1d(found, true))
            if len(odd) == 0 and len(np.unique(found)) == len(true):
                continue
            query = queries[i].astype(np.float64)
            worst = (corpus[true].astype(np.float64) @ query).min()
            unexplained += int(np.sum(corpus[odd].astype(np.float64) @ query < worst - ROUNDING))
            unexplained += len(found) - len(np.unique(found))
        return Agreement(same / max(1, exact.rows.size), unexplained)


@dataclass(frozen=True)
class Pairs:
    """The pairs found, each as a * 2^32 + b with a < b, ascending."""

    keys: np.ndarray

    @staticmethod
    def of(a: np.ndarray, b: np.ndarray) -> Pairs:
        """Pairs in any order and direction, each once or twice; a row with itself is left out."""
        a, b = a.astype(np.int64), b.astype(np.int64)
        low, high = np.minimum(a, b), np.maximum(a, b)
        return Pairs(np.unique((low << 32 | high)[low != high]))

    def agreement(self, exact: Pairs, rows: np.ndarray, threshold: float) -> Agreement:
        """Compares sets; a pair that only one side has is explained if its score is at the threshold."""
        odd = np.setxor1d(self.keys, exact.keys)
        left, right = rows[odd >> 32].astype(np.float64), rows[odd & 0xFFFF_FFFF].astype(np.float64)
        off = np.abs(np.einsum("ij,ij->i", left, right) - threshold) > ROUNDING
        together = len(np.union1d(self.keys, exact.keys))
        return Agreement(1 - len(odd) / max(1, together), int(off.sum()))


def agreement(
    found: Neighbors | Pairs, exact: Neighbors | Pairs, queries: np.ndarray, corpus: np.ndarray, threshold: float
) -> Agreement:
    """Compares what a peer found with what is right."""
    if isinstance(found, Pairs) and isinstance(exact, Pairs):
        return found.agreement(exact, corpus, threshold)
    assert isinstance(found, Neighbors) and isinstance(exact, Neighbors)
    return found.agreement(exact, queries, corpus)


def read_neighbors(path: Path, query_count: int) -> tuple[Neighbors, str]:
    """Neighbors that `simile search --output r.npy` wrote, and their digest."""
    rows = np.load(path.with_suffix(".rows.npy"))
    scores = np.load(path.with_suffix(".scores.npy"))
    rows, scores = rows.reshape(query_count, -1), scores.reshape(query_count, -1)
    counts = np.full(query_count, rows.shape[1], dtype=np.uint64)
    return Neighbors(rows), digest(counts, rows, scores.view(np.uint32))


def read_pairs(path: Path) -> tuple[Pairs, str]:
    """Pairs that `simile join --output r.npy` wrote, and their digest."""
    pairs = np.load(path.with_suffix(".pairs.npy"))
    scores = np.load(path.with_suffix(".scores.npy"))
    return Pairs.of(pairs[:, 0], pairs[:, 1]), digest(pairs, scores.view(np.uint32))


def digest(*parts: np.ndarray) -> str:
    """The digest that `simile bench` prints: the sum of mix(word ^ mix(place)) over all words of a result."""

    def mixed(z: np.ndarray) -> np.ndarray:
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58_476D_1CE4_E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D0_49BB_1331_11EB)
        return z ^ z >> np.uint64(31)

    words = np.concatenate([part.astype(np.uint64).ravel() for part in parts])
    places = np.arange(len(words), dtype=np.uint64)
    return f"{int(np.sum(mixed(words ^ mixed(places)), dtype=np.uint64)):016x}"
