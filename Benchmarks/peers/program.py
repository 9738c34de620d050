# SPDX-License-Identifier: Apache-2.0
"""Runs `simile` as a process: `simile bench` for times, `simile search` and `join` for what is found."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agreement import Neighbors, Pairs, read_neighbors, read_pairs
from jobs import Job


class Failure(Exception):
    """What `simile` said when it did not do what it was asked."""


@dataclass(frozen=True)
class Program:
    """The binary, where the data is, and how many threads it may use."""

    binary: Path
    data: Path
    threads: int

    def measure(self, job: Job, engine: str, is_prepared: bool) -> dict[str, Any]:
        """One round: an uncounted run, then the counted ones, in one process; the call without loading."""
        words = ["bench", *self._work(job, "bench"), "--engine", engine, "--runs", str(job.repeats), "--warmup", "1"]
        if job.kind == "single":
            words += ["--one-by-one"]
        if job.kind != "self-join":
            words += ["--no-bare"]
        if is_prepared:
            words += ["--prepared"]
        return json.loads(self._run(words + ["--format", "json"]))

    def find(self, job: Job, engine: str, query_count: int, work: Path) -> tuple[Neighbors | Pairs, str]:
        """What the job finds, with its digest, through result files."""
        output = work / f"{job.key}.npy"
        self._run([*self._work(job, "find"), "--engine", engine, "--output", str(output), "--quiet"])
        if job.kind == "self-join":
            return read_pairs(output)
        return read_neighbors(output, query_count)

    def version(self) -> dict[str, Any]:
        """What the program says of itself and its BLAS."""
        return json.loads(self._run(["info", "--format", "json"]))

    def _work(self, job: Job, purpose: str) -> list[str]:
        corpus = str(self.data / job.corpus)
        threads = ["--threads", str(self.threads)]
        if job.kind == "self-join":
            return ["join", "--left", corpus, "--threshold", str(job.threshold), *threads]
        words = ["search", "--corpus", corpus, "-k", str(job.k), *threads]
        if job.kind != "self-search":
            return words + ["--queries", str(self.data / str(job.queries))]
        return words + (["--self"] if purpose == "bench" else ["--queries", corpus, "--exclude-self"])

    def _run(self, words: list[str]) -> str:
        run = subprocess.run([self.binary, *words], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            lines = [line for line in run.stderr.splitlines() if line.strip()]
            said = lines[0] if lines else f"exit code {run.returncode}"
            raise Failure(said.removeprefix("simile: ").removeprefix("Error: ").replace(str(self.data), "DATA"))
        return run.stdout
