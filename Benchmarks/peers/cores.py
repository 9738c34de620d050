# SPDX-License-Identifier: Apache-2.0
"""Which kernels an OpenBLAS inside a package takes by itself, and which are fastest on this machine.

An OpenBLAS that is older than the processor takes it for an older one, and is then several times slower than it could be. Rivals are
measured as they are installed and, where that makes a difference, with the core that suits the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

# Cores by what the processor must have; all versions that the packages bring know them.
CANDIDATES = (("avx2", "Haswell"), ("avx512f", "SkylakeX"), ("avx512_bf16", "Cooperlake"), ("amx_int8", "SapphireRapids"))

PROBES = {
    "faiss": """
import faiss
faiss.omp_set_num_threads(THREADS)
index = faiss.IndexFlatIP(384)
index.add(rows)
call = lambda: index.search(rows[:512], 10)
""",
    "numpy": "call = lambda: rows[:512] @ rows.T\n",
}

PROBE = """
import json, sys, time
import numpy as np
sys.path.insert(0, FOLDER)
from peer import core_of
rows = np.random.default_rng(1).standard_normal((20000, 384), dtype=np.float32)
BODY
call()
times = []
for _ in range(3):
    start = time.perf_counter()
    call()
    times.append(time.perf_counter() - start)
print(json.dumps([core_of(PACKAGE), min(times)]))
"""


def fastest(package: str, threads: int, flags: list[str]) -> str | None:
    """The core that makes a package at least 5 % faster than it is as installed, or None."""
    installed = _probe(package, threads, None)
    if installed is None:
        return None
    tried = {core: _probe(package, threads, core) for flag, core in CANDIDATES if flag in flags}
    best = min((core for core, found in tried.items() if found), key=lambda core: tried[core][1], default=None)
    if best is None or tried[best][0] == installed[0] or tried[best][1] > 0.95 * installed[1]:
        return None
    return best


def _probe(package: str, threads: int, core: str | None) -> tuple[str, float] | None:
    environment = dict(os.environ)
    environment.pop("OPENBLAS_CORETYPE", None)
    if core is not None:
        environment["OPENBLAS_CORETYPE"] = core
    folder = os.path.dirname(os.path.abspath(__file__))
    text = (
        PROBE.replace("BODY", PROBES[package])
        .replace("THREADS", str(threads))
        .replace("FOLDER", repr(folder))
        .replace("PACKAGE", repr(package))
    )
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=environment, check=False)
    if run.returncode != 0:
        return None
    name, seconds = json.loads(run.stdout.splitlines()[-1])
    return name, seconds
