# SPDX-License-Identifier: Apache-2.0
"""Writes RESULTS.md and its chart from what was measured, a column a machine. Needs nothing but Python."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import charts
from jobs import AUTO, JOBS, Job
from results import Entry, Measured, Results

HEAD = """\
# Results

Written by `scripts/bench` from the files of [`results`](results), one for each machine; `scripts/bench --render-only` writes it again.

Texts to vectors, and Parquet, beside the libraries of Python: [TEXTS.md](TEXTS.md), by `scripts/bench-texts`.

Every contender does the same job on the same files, in rounds: each of them once, one after another, then the next round. Times are
those of the call within its process, without loading files and after one uncounted run; a time is the median of its rounds.
**A ratio is the median over the rounds of the ratio within a round**, so a disturbance of a busy machine meets both sides.
`simile` is the default, `--engine auto`, without settings for any row; forced engines stand below it. For a *prepared* corpus the
preparation is outside the clock and reported; otherwise it is part of the time. FAISS's `add` and the fitting of the other peers are
always outside.

FAISS and NumPy bring an OpenBLAS each, which chooses its kernels by the processor. Where one of its other choices (`OPENBLAS_CORETYPE`) is at
least 5 % faster on a machine, the peer is measured both as it is installed and with that one. Nothing is set for Simile.

Simile's results are those of double precision, ties to the lower row, and a digest of every timed run is compared with its result
file. Peers compute in single precision, so near ties fall otherwise; where a peer found other rows or pairs, the share that is the
same is given, and differences that rounding does not explain are counted.
"""


def write(machines: list[Results], folder: Path) -> None:
    """Writes `RESULTS.md` and `charts/speedups.svg`."""
    drawn = folder / "charts"
    drawn.mkdir(parents=True, exist_ok=True)
    parts = [HEAD]
    if any(results.quick for results in machines):
        parts.append("> **Small sizes, to test the machinery. These times mean nothing.**\n")
    parts += ["## Machines\n", *(_machine(results) for results in machines), _summary(machines)]
    bars = _speedups(machines)
    (drawn / "speedups.svg").unlink(missing_ok=True)
    if bars:
        (drawn / "speedups.svg").write_text(
            charts.speedups(
                "How many times longer the rival takes",
                "simile with its defaults; the rival as fast as it can be made; median ratio within rounds",
                bars,
            )
        )
        parts.append("![How many times longer the rival takes](charts/speedups.svg)\n")
    parts += [_section(job, machines) for job in JOBS if any(results.job(job.key) for results in machines)]
    # Machines that were measured by hand.
    parts += [path.read_text() for path in sorted((folder / "results").glob("*.md"))]
    (folder / "RESULTS.md").write_text("\n".join(parts))


def seconds(value: float) -> str:
    """Three digits and a unit."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 0.9995 or unit == "µs":
            scaled = value * factor
            digits = 0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2
            return f"{scaled:.{digits}f} {unit}"
    raise AssertionError


def _name(results: Results) -> str:
    return str(results.machine.get("name") or results.machine["cpu"])


def _machine(results: Results) -> str:
    machine = results.machine
    kind = "a virtual machine, " if machine.get("virtual") else ""
    versions = sorted({_version(entry) for job in results.jobs for entry in job.entries if entry.version})
    rounds = sorted({max((len(entry.seconds) for entry in job.entries), default=0) for job in results.jobs})
    dates = sorted({job.when for job in results.jobs})
    lines = [
        f"- **{_name(results)}**: {machine['cpu']}, {kind}{machine['cores']} cores, {', '.join(machine['instructions'])}; "
        f"{machine['caches']}; {machine['memoryGiB']} GiB; {machine['system']}",
        f"  - {results.threads} threads for every contender, {_span(rounds)} rounds, measured {_span(dates)}; load average before a "
        f"job {_span(sorted({job.load for job in results.jobs}))}",
        f"  - Simile {machine.get('simile', '')}, commit {', '.join(sorted({job.commit for job in results.jobs}))}",
        f"  - Python {machine['python']}; {'; '.join(versions) if versions else 'no peers'}",
    ]
    return "\n".join(lines) + "\n"


def _version(entry: Entry) -> str:
    return entry.version + (f" (OpenBLAS core {entry.core})" if entry.core else "")


def _span(values: list) -> str:
    if not values:
        return "none"
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"


def _fastest(measured: Measured, peer: str) -> Entry | None:
    """A peer as fast as it can be made: as installed, or with the core that suits the machine."""
    found = [entry for entry in measured.entries if entry.name.split(", OPENBLAS")[0] == peer and entry.seconds]
    return min(found, key=lambda entry: median(entry.seconds), default=None)


def _ratio(measured: Measured | None, peer: str) -> float | None:
    entry = _fastest(measured, peer) if measured else None
    return measured.ratio(entry.name, AUTO) if measured and entry else None


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|---|" + "--:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def _summary(machines: list[Results]) -> str:
    rows = []
    for job in JOBS:
        for peer in job.peers:
            ratios = [_ratio(results.job(job.key), peer) for results in machines]
            if any(ratio is not None for ratio in ratios):
                cells = ["" if ratio is None else f"{ratio:.3g}x" for ratio in ratios]
                rows.append([f"{job.number}. {job.title}: {peer}", *cells])
    head = "## How many times longer each peer takes, as fast as it can be made\n\n"
    return head + _table(["job and peer", *map(_name, machines)], rows)


def _section(job: Job, machines: list[Results]) -> str:
    found = [results.job(job.key) for results in machines]
    one = next(measured for measured in found if measured is not None)
    sides = f"{one.queries:,} queries x {one.rows:,} rows"
    if job.kind.startswith("self"):
        sides = f"{one.rows:,} rows"
    wanted = f"k = {job.k}" if job.kind != "self-join" else f"threshold {job.threshold}"
    names = list(dict.fromkeys(entry.name for measured in found if measured for entry in measured.entries))
    # Peers first, whichever machine has them.
    names.sort(key=lambda name: name.startswith("simile"))
    rows = [[name, *(_cell(measured, name) for measured in found)] for name in names]
    lines = [
        f"## {job.number}. {job.title}\n",
        f"{job.about} {sides}, d = {one.dimension}, {wanted}.\n",
        _table(["", *map(_name, machines)], rows),
    ]
    for results, measured in zip(machines, found):
        for entry in measured.entries if measured else []:
            if remark := _remark(job, entry, measured):
                lines.append(f"- {_name(results)}, {entry.name}: {remark}")
    return "\n".join(lines) + "\n"


def _cell(measured: Measured | None, name: str) -> str:
    entry = measured.entry(name) if measured else None
    if measured is None or entry is None:
        return ""
    if not entry.seconds:
        return entry.note
    ratio = measured.ratio(name, AUTO)
    engine = f" ({entry.engine})" if name == AUTO and entry.engine else ""
    times = f", {ratio:.3g}x" if ratio is not None and name != AUTO else ""
    return seconds(median(entry.seconds)) + engine + times


def _percent(share: float) -> str:
    """Never 100 % unless it is all."""
    for digits in (1, 2, 3, 4, 5):
        text = f"{100 * share:.{digits}f} %"
        if share == 1 or not text.startswith("100"):
            return "100 %" if share == 1 else text
    return "all but a few"


def _remark(job: Job, entry: Entry, measured: Measured) -> str:
    said = []
    if entry.note and entry.seconds:
        said.append(entry.note)
    if entry.name == AUTO and len(entry.seconds) > 1:
        said.append(f"{seconds(min(entry.seconds))} to {seconds(max(entry.seconds))}")
    if entry.name == AUTO and entry.counters:
        said.append(f"{_percent(entry.counters['filtered'] / max(1, entry.counters['pairs']))} of the pairs filtered")
        said.append(f"{entry.counters['verdicts']:,} verdicts")
    if entry.name == AUTO and entry.seconds and job.kind == "single":
        said.append(f"{seconds(median(entry.seconds) / measured.queries)} a query")
    if entry.name == AUTO and entry.prepare_seconds:
        said.append(f"prepared in {seconds(median(entry.prepare_seconds))}")
    if entry.share is not None and entry.share < 1:
        said.append(f"{_percent(entry.share)} the same")
    if entry.unexplained:
        said.append(f"**{entry.unexplained:,} differences that rounding does not explain**")
    return "; ".join(said)


def _speedups(machines: list[Results]) -> list[charts.Speedup]:
    bars = []
    for job in JOBS:
        for results in machines:
            ratio = _ratio(results.job(job.key), job.peers[0])
            if ratio is not None:
                bars.append(charts.Speedup(f"{job.key}, {_short(job.peers[0])}, {_name(results)}", ratio))
    return bars


def _short(name: str) -> str:
    return name.removeprefix("sentence-transformers ").removesuffix("_embeddings").removesuffix(" IndexFlatIP")
