# SPDX-License-Identifier: Apache-2.0
"""Measures a job: every contender once a round, one after another, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from agreement import Neighbors, Pairs, agreement
from jobs import AUTO, BLAS, BOUNDED, FAISS, PANORAMA, SIMD, Job
from peer import SETTLE
from program import Failure, Program
from results import Entry, Measured

ENGINES = {AUTO: "auto", BOUNDED: "bounded", BLAS: "blas", SIMD: "simd"}
# Peers that multiply with an OpenBLAS of their own, by the package that brings it.
PACKAGES = {
    FAISS: "faiss",
    PANORAMA: "faiss",
    "FAISS range_search": "faiss",
    "NumPy matmul and argpartition": "numpy",
}


class Disagreement(Exception):
    """Simile found something else in a timed run than its result files say."""


@dataclass(frozen=True)
class Settings:
    """How it is measured."""

    program: Program
    work: Path
    rounds: int
    # Seconds that a job may take; a peer that takes more than a tenth of it is measured once.
    budget: float
    # For a package, the core that its OpenBLAS should take and does not.
    cores: dict[str, str]
    commit: str
    say: Callable[[str], None]


class Peer:
    """A process that is ready to run a peer's call; see peer.py."""

    def __init__(self, name: str, core: str | None, job: Job, settings: Settings, output: Path) -> None:
        environment = dict(os.environ)
        environment.pop("OPENBLAS_CORETYPE", None)
        if core is not None:
            environment["OPENBLAS_CORETYPE"] = core
        script = Path(__file__).with_name("peer.py")
        words = [name, job.key, str(settings.program.data), str(settings.program.threads), str(output)]
        self.process = subprocess.Popen(
            [sys.executable, str(script), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"note": "failed: it ended without an answer"}

    def run(self) -> float:
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return float(self.answer()["seconds"])

    def end(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def measure(job: Job, settings: Settings, keep: Callable[[Measured], None]) -> None:
    """Measures a job, and hands what it has to `keep` after every round, so that an interrupted run has whole rounds."""
    began = time.monotonic()
    data, say = settings.program.data, settings.say
    corpus = np.load(data / job.corpus)
    queries = corpus if job.queries is None else np.load(data / job.queries)
    measured = Measured(
        key=job.key,
        queries=len(queries),
        rows=len(corpus),
        dimension=corpus.shape[1],
        when=datetime.date.today().isoformat(),
        commit=settings.commit,
        load=round(os.getloadavg()[0], 2),
    )
    # Not the engine in question: an answer of `bounded` is held to that of another engine.
    has_blas = settings.program.version()["blas"] is not None
    exact, digest = settings.program.find(job, "blas" if has_blas else "simd", measured.queries, settings.work)
    peers: list[tuple[Entry, Peer]] = []
    try:
        for name in job.peers:
            for core in dict.fromkeys((None, settings.cores.get(PACKAGES.get(name, "")))):
                entry = Entry(name if core is None else f"{name}, OPENBLAS_CORETYPE={core}")
                measured.entries.append(entry)
                peer = Peer(name, core, job, settings, settings.work / "found.npy")
                if _first_run(entry, peer, job, queries, corpus, exact, settings):
                    peers.append((entry, peer))
                else:
                    peer.end()
        own = [Entry(name) for name in ENGINES if has_blas or name != BLAS]
        measured.entries += own
        runs: list[Callable[[], None]] = [partial(_run_peer, entry, peer) for entry, peer in peers]
        runs += [partial(_run_simile, entry, job, digest, settings.program) for entry in own]
        longest = 0.0
        for number in range(settings.rounds):
            start = time.monotonic()
            if number > 0 and start - began + longest > settings.budget:
                say(f"{number} rounds in the {settings.budget:.0f} s that a job may take")
                break
            # Each begins a round in turn: nobody always follows the same one, with the machine as that one has left it.
            first = number % len(runs)
            for run in runs[first:] + runs[:first]:
                run()
            longest = max(longest, time.monotonic() - start)
            keep(measured)
            say(f"round {number + 1} of {settings.rounds}: " + _line(measured))
        measured.complete = True
        keep(measured)
    finally:
        for _, peer in peers:
            peer.end()


def _first_run(
    entry: Entry,
    peer: Peer,
    job: Job,
    queries: np.ndarray,
    corpus: np.ndarray,
    exact: Neighbors | Pairs,
    settings: Settings,
) -> bool:
    """Takes a peer's first, uncounted run and compares what it found; false if it is not to be measured further."""
    first = peer.answer()
    if "note" in first:
        entry.note = first["note"]
    else:
        entry.version, entry.core = first["version"], first["core"]
        found = np.load(settings.work / "found.npy")
        result = Pairs(found) if isinstance(exact, Pairs) else Neighbors(found)
        compared = agreement(result, exact, queries, corpus, job.threshold)
        entry.share, entry.unexplained = compared.share, compared.unexplained
        if first["seconds"] <= settings.budget / 10:
            return True
        entry.seconds, entry.note = [first["seconds"]], "measured once"
    settings.say(f"{entry.name}: {entry.note}")
    return False


def _run_peer(entry: Entry, peer: Peer) -> None:
    entry.seconds.append(peer.run())


def _run_simile(entry: Entry, job: Job, digest: str, program: Program) -> None:
    if entry.note:
        return
    # Nothing is prepared for the floats: they multiply the rows as they are.
    is_prepared = job.prepared and entry.name not in (BLAS, SIMD)
    time.sleep(SETTLE)
    try:
        object = program.measure(job, ENGINES[entry.name], is_prepared)
    except Failure as failure:
        entry.note = str(failure)
        return
    if object["digest"] != digest:
        raise Disagreement(f"{job.key}, {entry.name}: the timed run has digest {object['digest']}, its result {digest}")
    entry.seconds.append(object["median"]["seconds"])
    if "prepareSeconds" in object:
        entry.prepare_seconds.append(object["prepareSeconds"])
    counters: dict[str, Any] = object["counters"]
    entry.engine = counters["engine"]
    entry.counters = {name: value for name, value in counters.items() if isinstance(value, int)}
    # Simile's own result is the measure of the others, and the digests say that it is this one.
    entry.share = 1.0


def _line(measured: Measured) -> str:
    return ", ".join(f"{entry.name} {entry.seconds[-1]:.4g} s" for entry in measured.entries if entry.seconds)
