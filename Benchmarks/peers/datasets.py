# SPDX-License-Identifier: Apache-2.0
"""Makes the vectors that the comparison runs on, all with fixed seeds; scripts/bench-data calls it.

Every set is float32 rows of length 1, so that the inner product, which FAISS computes, is the cosine, which Simile
computes. WordNet sets are rows of `glosses.npy`, which must be in the folder:

    batch       1,024 rows drawn at random; the rest is the corpus
    single      the first 200 queries of `batch`, against the same corpus
    large       10,000 rows drawn at random; the rest is the corpus
    self        30,000 rows drawn at random
    small       100 queries and a corpus of 1,000 rows drawn at random

Made sets have 1,024 queries and 50,000 rows:

    clustered   768 dimensions, see `clustered` below
    gaussian    1,024 dimensions, independent normal components: no direction has more energy than another
    random      the same in 384 dimensions

A set is skipped if it is there, was made by the same recipe and is newer than its source; it is written to another name and
renamed, so that an interrupted run leaves no half of one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

# Raised when a set is to be made differently.
RECIPE = 1


@dataclass(frozen=True)
class Sizes:
    """How large the sets are."""

    batch: int = 1024
    single: int = 200
    large: int = 10_000
    self_rows: int = 30_000
    small_queries: int = 100
    small_rows: int = 1_000
    made_rows: int = 50_000
    clustered_dimension: int = 768
    clusters: int = 500
    gaussian_dimension: int = 1024
    random_dimension: int = 384


FULL = Sizes()
# For tests of the machinery: times mean nothing.
QUICK = Sizes(64, 20, 500, 1_000, 20, 300, 2_000, 96, 20, 128, 48)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows brought to length 1, in double precision, as float32."""
    rows = rows.astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def gaussian(count: int, dimension: int, seed: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32))


def clustered(count: int, dimension: int, clusters: int, seed: int) -> np.ndarray:
    """Rows that look like sentence embeddings: clusters, and few directions that hold most of the energy.

    A row is a centre plus noise of half its energy (cosine of two rows of one cluster: about 0.67), brought to length 1.
    Centres and noise are normal with standard deviation exp(-2 i/d) along direction i of d, in one random orthogonal
    basis: the first sixth of the directions holds 60 % of the energy and the first half 93 %. The glosses of WordNet under
    all-MiniLM-L6-v2 have 61 % and 91 %.
    """
    generator = np.random.default_rng(seed)
    spread = np.exp(-2 * np.arange(dimension) / dimension)
    basis, _ = np.linalg.qr(generator.standard_normal((dimension, dimension)))

    def drawn(rows: int) -> np.ndarray:
        return generator.standard_normal((rows, dimension)) * spread

    centres = unit(drawn(clusters))
    noise = drawn(count) * np.sqrt(0.5 / np.sum(spread**2))
    return unit((centres[generator.integers(clusters, size=count)] + noise) @ basis.T)


def save(path: Path, rows: np.ndarray) -> None:
    """Writes all of a file or nothing."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            np.save(file, np.ascontiguousarray(rows, dtype=np.float32))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    print(f"bench-data: {path.name}: {rows.shape[0]:,} x {rows.shape[1]}")


def drawn_rows(total: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of rows drawn without repetition, and of the others, both in ascending order."""
    if count >= total:
        sys.exit(f"bench-data: glosses.npy has {total:,} rows; more than {count:,} are needed")
    order = np.random.default_rng(seed).permutation(total)
    return np.sort(order[:count]), np.sort(order[count:])


def wordnet_sets(glosses: np.ndarray, sizes: Sizes) -> dict[str, Callable[[], np.ndarray]]:
    """The rows of each file that comes from the glosses."""
    total = len(glosses)
    batch, batch_rest = drawn_rows(total, sizes.batch, seed=7)
    large, large_rest = drawn_rows(total, sizes.large, seed=8)
    own, _ = drawn_rows(total, sizes.self_rows, seed=9)
    few, few_rest = drawn_rows(total, sizes.small_queries, seed=10)
    return {
        "batch-queries.npy": lambda: glosses[batch],
        "batch-corpus.npy": lambda: glosses[batch_rest],
        "single-queries.npy": lambda: glosses[batch[: sizes.single]],
        "large-queries.npy": lambda: glosses[large],
        "large-corpus.npy": lambda: glosses[large_rest],
        "self-rows.npy": lambda: glosses[own],
        "small-queries.npy": lambda: glosses[few],
        "small-corpus.npy": lambda: glosses[few_rest[:: len(few_rest) // sizes.small_rows][: sizes.small_rows]],
    }


def made_sets(sizes: Sizes) -> dict[str, Callable[[], np.ndarray]]:
    """The rows of each file that comes from a generator; queries and corpus are drawn together, then parted."""
    total = sizes.batch + sizes.made_rows

    def parted(name: str, make: Callable[[], np.ndarray]) -> dict[str, Callable[[], np.ndarray]]:
        return {
            f"{name}-queries.npy": lambda: make()[: sizes.batch],
            f"{name}-corpus.npy": lambda: make()[sizes.batch :],
        }

    return (
        parted("clustered", lambda: clustered(total, sizes.clustered_dimension, sizes.clusters, seed=1))
        | parted("gaussian", lambda: gaussian(total, sizes.gaussian_dimension, seed=2))
        | parted("random", lambda: gaussian(total, sizes.random_dimension, seed=3))
    )


def make(folder: Path, sizes: Sizes) -> None:
    """Makes what is missing or was made by another recipe."""
    recipe = json.dumps({"recipe": RECIPE, **asdict(sizes)}, sort_keys=True)
    note = folder / "recipe.json"
    is_same = note.exists() and note.read_text() == recipe
    if not is_same:
        note.unlink(missing_ok=True)

    def missing(name: str, source: Path | None = None) -> bool:
        path = folder / name
        if not is_same or not path.exists():
            return True
        return source is not None and source.stat().st_mtime > path.stat().st_mtime

    source = folder / "glosses.npy"
    if source.exists():
        for name, rows in wordnet_sets(np.load(source, mmap_mode="r"), sizes).items():
            if missing(name, source):
                save(folder / name, rows())
    else:
        print("bench-data: glosses.npy is not there; jobs on WordNet will be left out", file=sys.stderr)
    for name, rows in made_sets(sizes).items():
        if missing(name):
            save(folder / name, rows())
    note.write_text(recipe)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the sets are kept")
    parser.add_argument("--quick", action="store_true", help="small sets, for tests of the machinery")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    make(options.folder, QUICK if options.quick else FULL)
