# SPDX-License-Identifier: Apache-2.0
"""What was measured, and its file: raw times of every round, so that tables can be written again without measuring."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

# Raised when the file is to be read differently.
VERSION = 1


@dataclass
class Entry:
    """One contender of a job."""

    name: str
    version: str = ""
    # The kernels that its OpenBLAS chose, where it says so.
    core: str = ""
    # Of each round, in order; rounds alternate between contenders, so equal places were measured one after another.
    seconds: list[float] = field(default_factory=list)
    # Simile only: what preparing the corpus took, outside the clock.
    prepare_seconds: list[float] = field(default_factory=list)
    # Simile only: the engine that ran, and its counters.
    engine: str = ""
    counters: dict[str, int] = field(default_factory=dict)
    # How far the result is Simile's.
    share: float | None = None
    unexplained: int = 0
    # Why there is no time, or what is special about it.
    note: str = ""


@dataclass
class Measured:
    """One job as it was measured."""

    key: str
    # Extents: what was asked of what.
    queries: int
    rows: int
    dimension: int
    when: str
    commit: str
    load: float
    # Whether all rounds that its time allowed are there.
    complete: bool = False
    entries: list[Entry] = field(default_factory=list)

    def entry(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.name == name), None)

    def ratio(self, name: str, over: str) -> float | None:
        """How many times longer `name` takes than `over`: the median over rounds of the ratio within a round."""
        slow, fast = self.entry(name), self.entry(over)
        if slow is None or fast is None or not slow.seconds or not fast.seconds:
            return None
        if len(slow.seconds) != len(fast.seconds):
            return median(slow.seconds) / median(fast.seconds)
        return median(a / b for a, b in zip(slow.seconds, fast.seconds, strict=True))


@dataclass
class Results:
    """All jobs measured on one machine with one choice of sizes and threads."""

    machine: dict[str, Any]
    threads: int
    quick: bool
    jobs: list[Measured] = field(default_factory=list)

    def job(self, key: str) -> Measured | None:
        return next((job for job in self.jobs if job.key == key), None)

    def replace(self, job: Measured) -> None:
        """Puts a job in the place of its earlier measurement."""
        self.jobs = [old for old in self.jobs if old.key != job.key] + [job]

    @property
    def file_name(self) -> str:
        """The name of the file of this machine."""
        words = re.findall("[a-z0-9]+", str(self.machine["cpu"]).lower())
        return "-".join(words) + ".json"

    def save(self, path: Path) -> None:
        """Writes all of the file or nothing."""
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps({"version": VERSION, **asdict(self)}, indent=1) + "\n")
        os.replace(part, path)

    @staticmethod
    def load(path: Path) -> Results:
        """Reads a file of this version; raises ValueError for anything else."""
        try:
            fields = json.loads(path.read_text())
            if fields.pop("version") != VERSION:
                raise ValueError("of another version")
            jobs = [
                Measured(**{**job, "entries": [Entry(**entry) for entry in job["entries"]]}) for job in fields["jobs"]
            ]
            return Results(**{**fields, "jobs": jobs})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name} is not a file of results: {error}") from error
