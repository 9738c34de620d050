# SPDX-License-Identifier: Apache-2.0
"""One peer in a process of its own: makes itself ready, writes what it finds, then times its call whenever it is told to.

A process of its own, because an OpenBLAS chooses its kernels once, when it is loaded, and pools of threads stay. Answers are lines of
JSON: one when it is ready, one for each line that is read.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

# Seconds before each time is taken: threads of the contender before spin for a moment when their work is done.
SETTLE = 0.2


def answer(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def core_of(package: str) -> str:
    """The kernels that the OpenBLAS of a package has chosen, where it says so."""
    from threadpoolctl import threadpool_info

    for library in threadpool_info():
        if library.get("internal_api") == "openblas" and package.split(".")[0] in library.get("filepath", ""):
            return str(library.get("architecture", ""))
    return ""


def timed(call: Callable[[], Any], repeats: int) -> float:
    gc.collect()
    time.sleep(SETTLE)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = call()
        times.append(time.perf_counter() - start)
        del found
    return median(times)


def main() -> None:
    import contenders
    from agreement import Pairs
    from jobs import JOBS

    name, key, data, threads, output = sys.argv[1:]
    job = next(job for job in JOBS if job.key == key)
    corpus = np.load(Path(data) / job.corpus)
    queries = corpus if job.queries is None else np.load(Path(data) / job.queries)
    try:
        peer = contenders.ready(name, job, queries, corpus, int(threads))
        start = time.perf_counter()
        found = peer.call()
        seconds = time.perf_counter() - start
        result = peer.result(found)
        del found
    except ImportError as error:
        return answer(note=f"not installed: {error}")
    except Exception as error:  # A peer that fails is reported and left out; the others go on.
        return answer(note=f"failed: {type(error).__name__}: {error}".splitlines()[0])
    np.save(output, result.keys if isinstance(result, Pairs) else result.rows)
    answer(version=peer.version, core=core_of(peer.package), seconds=seconds)
    for _ in sys.stdin:
        answer(seconds=timed(peer.call, job.repeats))


if __name__ == "__main__":
    main()
