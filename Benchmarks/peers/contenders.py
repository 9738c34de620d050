# SPDX-License-Identifier: Apache-2.0
"""The peers, each made ready outside the clock and then called as its documentation says.

A contender is made by a function that takes the job's arrays and the number of threads, and gives the call to be timed and a
function that brings what the call returned into the form of a Simile result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import jobs
from agreement import Neighbors, Pairs
from jobs import Job

# Chosen so that a tile of scores (256 x 116,635 floats) stays below 128 MiB.
NUMPY_BATCH = 256


@dataclass(frozen=True)
class Contender:
    """A peer that is ready to run."""

    version: str
    call: Callable[[], Any]
    result: Callable[[Any], Neighbors | Pairs]
    # The package whose OpenBLAS it multiplies with.
    package: str = "numpy"


def ready(name: str, job: Job, queries: np.ndarray, corpus: np.ndarray, threads: int) -> Contender:
    """Makes a peer ready for a job; the queries of a set against itself are the set.

    Raises ImportError if the peer's package is not installed.
    """
    return _MAKERS[name](job, queries, corpus, threads)


def _faiss(job: Job, queries: np.ndarray, corpus: np.ndarray, threads: int) -> Contender:
    import faiss

    faiss.omp_set_num_threads(threads)
    return _flat(faiss, job, queries, corpus, faiss.IndexFlatIP(corpus.shape[1]))


def _panorama(job: Job, queries: np.ndarray, corpus: np.ndarray, threads: int) -> Contender:
    import faiss

    faiss.omp_set_num_threads(threads)
    # Its levels are runs of dimensions, so the ones with most energy come first. A rotation changes no inner product.
    _, axes = np.linalg.eigh(corpus.T.astype(np.float64) @ corpus)
    axes = np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)
    index = faiss.IndexFlatIPPanorama(corpus.shape[1], 16)
    return _flat(faiss, job, queries @ axes, corpus @ axes, index)


def _flat(faiss: Any, job: Job, queries: np.ndarray, corpus: np.ndarray, index: Any) -> Contender:
    index.add(corpus)
    version = f"faiss-cpu {faiss.__version__}"
    if job.kind == "self-search":
        return Contender(
            version,
            lambda: index.search(corpus, job.k + 1),
            lambda found: Neighbors.without_self(found[1], job.k),
            "faiss",
        )
    if job.kind == "single":
        singles = [queries[i : i + 1] for i in range(len(queries))]
        return Contender(
            version,
            lambda: [index.search(query, job.k)[1] for query in singles],
            lambda found: Neighbors(np.concatenate(found)),
            "faiss",
        )
    return Contender(version, lambda: index.search(queries, job.k), lambda found: Neighbors(found[1]), "faiss")


def _faiss_range(job: Job, queries: np.ndarray, corpus: np.ndarray, threads: int) -> Contender:
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(corpus.shape[1])
    index.add(corpus)

    def result(found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Pairs:
        limits, _, columns = found
        rows = np.repeat(np.arange(len(corpus)), np.diff(limits).astype(np.int64))
        return Pairs.of(rows, columns)

    return Contender(f"faiss-cpu {faiss.__version__}", lambda: index.range_search(corpus, job.threshold), result, "faiss")


def _numpy(job: Job, queries: np.ndarray, corpus: np.ndarray, threads: int) -> Contender:
    def call() -> np.ndarray:
        found = []
        for start in range(0, len(queries), NUMPY_BATCH):
            scores = queries[start : start + NUMPY_BATCH] @ corpus.T
            best = np.argpartition(scores, -job.k, axis=1)[:, -job.k :]
            order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
            found.append(np.take_along_axis(best, order, axis=1))
        return np.concatenate(found)

    return Contender(f"numpy {np.__version__}", call, Neighbors)


def _sklearn(job: Job, queries: np.ndarray, corpus: np.ndarray, threads: int) -> Contender:
    import sklearn
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=job.k, algorithm="brute", metric="cosine", n_jobs=threads).fit(corpus)
    return Contender(
        f"scikit-learn {sklearn.__version__}",
        lambda: model.kneighbors(queries, return_distance=True),
        lambda found: Neighbors(found[1]),
    )


def _usearch(job: Job, queries: np.ndarray, corpus: np.ndarray, threads: int) -> Contender:
    import usearch
    from usearch.index import MetricKind, search

    return Contender(
        f"usearch {usearch.__version__}",
        lambda: search(corpus, queries, job.k, MetricKind.IP, exact=True, threads=threads),
        lambda found: Neighbors(found.keys.astype(np.int64)),
    )


def _mining(job: Job, queries: np.ndarray, corpus: np.ndarray, threads: int) -> Contender:
    import sentence_transformers
    import torch
    from sentence_transformers.util import paraphrase_mining_embeddings

    torch.set_num_threads(threads)
    embeddings = torch.from_numpy(corpus)

    def result(found: list[list[float]]) -> Pairs:
        kept = [(a, b) for score, a, b in found if score >= job.threshold]
        rows = np.array(kept, dtype=np.int64).reshape(-1, 2)
        return Pairs.of(rows[:, 0], rows[:, 1])

    return Contender(
        f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__}",
        lambda: paraphrase_mining_embeddings(embeddings),
        result,
    )


_MAKERS: dict[str, Callable[[Job, np.ndarray, np.ndarray, int], Contender]] = {
    jobs.FAISS: _faiss,
    jobs.PANORAMA: _panorama,
    "FAISS range_search": _faiss_range,
    "NumPy matmul and argpartition": _numpy,
    "scikit-learn NearestNeighbors(brute)": _sklearn,
    "usearch exact": _usearch,
    jobs.MINING: _mining,
}
