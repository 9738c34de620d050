# SPDX-License-Identifier: Apache-2.0
"""Measures a job: every contender once a round, one after another, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

import datetime
import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import contenders
from agreement import Neighbors, Pairs, agreement
from contenders import Contender
from jobs import AUTO, BLAS, BOUNDED, Job
from program import Failure, Program
from results import Entry, Measured

# Seconds before each time is taken: threads of the contender before spin for a moment when their work is done.
SETTLE = 0.2
ENGINES = {AUTO: "auto", BOUNDED: "bounded", BLAS: "blas"}


class Disagreement(Exception):
    """Simile found something else in a timed run than its result files say."""


@dataclass(frozen=True)
class Settings:
    """How it is measured."""

    program: Program
    work: Path
    rounds: int
    # A peer that takes longer than this, in seconds, is measured once.
    patience: float
    commit: str
    say: Callable[[str], None]


def measure(job: Job, settings: Settings, keep: Callable[[Measured], None]) -> None:
    """Measures a job, and hands what it has to `keep` after every round, so that an interrupted run has whole rounds."""
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
    engine = "simd" if settings.program.version()["blas"] is None else "blas"
    exact, digest = settings.program.find(job, engine, measured.queries, settings.work)
    peers: list[tuple[Entry, Contender]] = []
    for name in job.peers:
        entry = Entry(name)
        measured.entries.append(entry)
        peer = _first_run(entry, job, queries, corpus, exact, settings)
        if peer is not None:
            peers.append((entry, peer))
    own = [Entry(name) for name in ENGINES]
    measured.entries += own
    runs: list[Callable[[], None]] = [partial(_run_peer, entry, peer, job) for entry, peer in peers]
    runs += [partial(_run_simile, entry, job, digest, settings.program) for entry in own]
    for number in range(settings.rounds):
        # Each begins a round in turn: nobody always follows the same one, with the machine as that one has left it.
        first = number % len(runs)
        for run in runs[first:] + runs[:first]:
            run()
        keep(measured)
        say(f"round {number + 1} of {settings.rounds}: " + _line(measured))


def _first_run(
    entry: Entry,
    job: Job,
    queries: np.ndarray,
    corpus: np.ndarray,
    exact: Neighbors | Pairs,
    settings: Settings,
) -> Contender | None:
    """Makes a peer ready and runs it once, uncounted, to compare what it finds; None if it is not to be measured further."""
    try:
        peer = contenders.ready(entry.name, job, queries, corpus, settings.program.threads)
        entry.version = peer.version
        start = time.perf_counter()
        found = peer.call()
        seconds = time.perf_counter() - start
        result = peer.result(found)
    except ImportError as error:
        entry.note = f"not installed: {error}"
    except Exception as error:  # A peer that fails is reported and left out; the others go on.
        entry.note = f"failed: {type(error).__name__}: {error}".splitlines()[0]
    else:
        compared = agreement(result, exact, queries, corpus, job.threshold)
        entry.share, entry.unexplained = compared.share, compared.unexplained
        if seconds <= settings.patience:
            return peer
        entry.seconds, entry.note = [seconds], f"measured once: longer than {settings.patience:.0f} s"
    settings.say(f"{entry.name}: {entry.note}")
    return None


def _run_peer(entry: Entry, peer: Contender, job: Job) -> None:
    entry.seconds.append(_time(peer.call, job.repeats))


def _run_simile(entry: Entry, job: Job, digest: str, program: Program) -> None:
    if entry.note:
        return
    # Nothing is prepared for `blas`: it multiplies the rows as they are.
    is_prepared = job.prepared and entry.name != BLAS
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


def _time(call: Callable[[], Any], repeats: int) -> float:
    gc.collect()
    time.sleep(SETTLE)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = call()
        times.append(time.perf_counter() - start)
        del found
    return median(times)


def _line(measured: Measured) -> str:
    return ", ".join(f"{entry.name} {entry.seconds[-1]:.4g} s" for entry in measured.entries if entry.seconds)
