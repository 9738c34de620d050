# SPDX-License-Identifier: Apache-2.0
"""The jobs that are measured: what is done, on which sets and by whom. Nothing runs here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FAISS = "FAISS IndexFlatIP"
PANORAMA = "FAISS IndexFlatIPPanorama(d, 16)"
MINING = "sentence-transformers paraphrase_mining_embeddings"
AUTO, BOUNDED = "simile", "simile --engine bounded"
BLAS, SIMD = "simile --engine blas", "simile --engine simd"

# How a job is called: one call for all queries, one call a query, a set against itself, all pairs above a threshold.
Kind = Literal["batch", "single", "self-search", "self-join"]


@dataclass(frozen=True)
class Job:
    """One comparison: the same work on the same files by several programs."""

    number: int
    key: str
    title: str
    kind: Kind
    # None for a set against itself.
    queries: str | None
    corpus: str
    peers: tuple[str, ...]
    # Of a search; a join has a threshold.
    k: int = 10
    threshold: float = 0
    # Whether Simile's preparation of the corpus is outside the clock. It is reported beside the time.
    prepared: bool = False
    # Runs within a round, whose median is the round's time: more than one for jobs that are over in no time.
    repeats: int = 1
    about: str = ""


JOBS: tuple[Job, ...] = (
    Job(
        1,
        "batch",
        "Batch of 1,024 queries, prepared corpus",
        "batch",
        "batch-queries.npy",
        "batch-corpus.npy",
        (FAISS, "NumPy matmul and argpartition", "scikit-learn NearestNeighbors(brute)", "usearch exact"),
        prepared=True,
        about="Glosses of WordNet under all-MiniLM-L6-v2: the 10 nearest of each query among all the others.",
    ),
    Job(
        2,
        "large-batch",
        "Batch of 10,000 queries, preparation included",
        "batch",
        "large-queries.npy",
        "large-corpus.npy",
        (FAISS,),
        about="The same with other draws. FAISS has nothing to train; filling its index is left out of its time.",
    ),
    Job(
        3,
        "single",
        "One query at a time, prepared corpus",
        "single",
        "single-queries.npy",
        "batch-corpus.npy",
        (FAISS, PANORAMA),
        prepared=True,
        about="The first 200 queries of job 1, each a call of its own; times are those of all calls. Panorama gets "
        "corpus and queries rotated to their principal axes, outside its time.",
    ),
    Job(
        4,
        "self-search",
        "Self-search of 30,000 rows, preparation included",
        "self-search",
        None,
        "self-rows.npy",
        (FAISS,),
        about="The 10 nearest other rows of each row. FAISS is asked for 11, one of them the row itself.",
    ),
    Job(
        5,
        "self-join-0.9",
        "Self-join of 30,000 rows at 0.9, preparation included",
        "self-join",
        None,
        "self-rows.npy",
        ("FAISS range_search",),
        threshold=0.9,
        about="All pairs with a cosine of at least 0.9. FAISS finds each pair twice, and each row itself.",
    ),
    Job(
        5,
        "self-join-0.8",
        "Self-join of 30,000 rows at 0.8, preparation included",
        "self-join",
        None,
        "self-rows.npy",
        ("FAISS range_search",),
        threshold=0.8,
        about="The same at 0.8.",
    ),
    Job(
        6,
        "mining",
        "Self-join of 30,000 rows at 0.9 against paraphrase mining",
        "self-join",
        None,
        "self-rows.npy",
        (MINING,),
        threshold=0.9,
        about="Paraphrase mining has no threshold: it takes the 100 nearest of each row, then the best pairs of all. Pairs "
        "below 0.9 are dropped outside its time.",
    ),
    Job(
        7,
        "clustered",
        "Clustered, 768 dimensions, 50,000 rows, batch of 1,024, prepared corpus",
        "batch",
        "clustered-queries.npy",
        "clustered-corpus.npy",
        (FAISS,),
        prepared=True,
        about="Made: 500 clusters, spread over the directions as sentence embeddings are.",
    ),
    Job(
        8,
        "gaussian",
        "Gaussian, 1,024 dimensions, 50,000 rows, batch of 1,024, prepared corpus",
        "batch",
        "gaussian-queries.npy",
        "gaussian-corpus.npy",
        (FAISS,),
        prepared=True,
        about="Made: no direction has more energy than another and no row has near neighbors, so no prefix prunes.",
    ),
    Job(
        9,
        "small",
        "Small corpus: 100 queries, 1,000 rows",
        "batch",
        "small-queries.npy",
        "small-corpus.npy",
        (FAISS,),
        repeats=25,
        about="Nothing to gain here: the whole work takes milliseconds. Each time is a median of 25 calls.",
    ),
    Job(
        10,
        "random",
        "Random, 384 dimensions, 50,000 rows, batch of 1,024, preparation included",
        "batch",
        "random-queries.npy",
        "random-corpus.npy",
        (FAISS,),
        about="Made: directions without any order, so that nothing can be left out of a code.",
    ),
)


def chosen(selection: str | None) -> list[Job]:
    """Jobs by number or key, separated by commas; all without a selection."""
    if selection is None:
        return list(JOBS)
    wanted = [word.strip() for word in selection.split(",") if word.strip()]
    for word in wanted:
        if not any(word in (str(job.number), job.key) for job in JOBS):
            known = ", ".join(f"{job.number} ({job.key})" for job in JOBS)
            raise ValueError(f"--jobs: no job {word!r}; there are {known}")
    return [job for job in JOBS if str(job.number) in wanted or job.key in wanted]
