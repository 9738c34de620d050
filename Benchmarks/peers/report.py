# SPDX-License-Identifier: Apache-2.0
"""Writes RESULTS.md and its charts from what was measured. Needs nothing but Python."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import charts
from jobs import AUTO, JOBS, MINING, Job, Target
from results import Entry, Measured, Results

HEAD = """\
# Results

Written by `scripts/bench` from [`results.json`](results.json); `scripts/bench --render-only` writes it again.

Every contender does the same job on the same files, in rounds: each of them once, one after another, then the next round. Times are
those of the call within its process, without loading files and after one uncounted run; a time is the median of its rounds, with
their range. **A ratio is the median over the rounds of the ratio within a round**, so a disturbance of a busy machine meets both
sides. `simile` is the default, `--engine auto`, without settings for any row; forced engines stand below it. For a *prepared*
corpus the preparation is outside the clock and reported; otherwise it is part of the time. FAISS's `add` and the fitting of the other
peers are always outside.

*Same* is the share of Simile's neighbors (or pairs) that a peer found too. Simile's are those of double precision, ties to the
lower row; a digest of every timed run is compared with its result file. Peers compute in single precision, so near ties fall
otherwise; differences that rounding does not explain are counted and printed.
"""


def write(results: Results, folder: Path) -> None:
    """Writes `RESULTS.md` and `charts/*.svg`, and removes charts of jobs that are no longer there."""
    drawn = folder / "charts"
    drawn.mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    parts = [HEAD]
    if results.quick:
        parts.append("> **Small sizes, to test the machinery. These times mean nothing.**\n")
    parts += [_machine(results), _summary(results)]
    if any(ratio is not None for _, _, ratio in _targets(results)):
        parts.append("![Ratios and targets](charts/speedups.svg)\n")
        files["speedups.svg"] = _speedups(results)
    for job in JOBS:
        measured = results.job(job.key)
        if measured is not None:
            parts.append(_section(job, measured))
            if any(entry.seconds for entry in measured.entries):
                parts.append(f"![Times of job {job.number}](charts/{job.key}.svg)\n")
                files[f"{job.key}.svg"] = _times(job, measured)
    for stale in drawn.glob("*.svg"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (drawn / name).write_text(text)
    (folder / "RESULTS.md").write_text("\n".join(parts))


def seconds(value: float) -> str:
    """Three digits and a unit."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 0.9995 or unit == "µs":
            scaled = value * factor
            digits = 0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2
            return f"{scaled:.{digits}f} {unit}"
    raise AssertionError


def _machine(results: Results) -> str:
    machine = results.machine
    kind = "a virtual machine, " if machine.get("virtual") else ""
    versions = sorted({entry.version for job in results.jobs for entry in job.entries if entry.version})
    rounds = sorted({max((len(entry.seconds) for entry in job.entries), default=0) for job in results.jobs})
    dates = sorted({job.when for job in results.jobs})
    lines = [
        f"- **Machine**: {machine['cpu']}, {kind}{machine['cores']} cores, {', '.join(machine['instructions'])}; "
        f"{machine['caches']}; {machine['memoryGiB']} GiB; {machine['system']}",
        f"- **Threads**: {results.threads} for every contender",
        f"- **Simile**: {machine.get('simile', '')}, commit {', '.join(sorted({job.commit for job in results.jobs}))}",
        f"- **Peers**: Python {machine['python']}; {'; '.join(versions) if versions else 'none'}",
        f"- **Rounds**: {_span(rounds)}, measured {_span(dates)}; load average before a job "
        f"{_span(sorted({job.load for job in results.jobs}))}",
    ]
    return "\n".join(lines) + "\n"


def _span(values: list) -> str:
    if not values:
        return "none"
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"


def _summary(results: Results) -> str:
    lines = [
        "## What was wanted, and what was measured\n",
        "| | job | against | ratio | at least | hope | |",
        "|--:|---|---|--:|--:|--:|---|",
    ]
    for job, target, ratio in _targets(results):
        found = "" if ratio is None else f"**{ratio:.3g}x**"
        lines.append(
            f"| {job.number} | {job.title} | {target.against} | {found} | {target.at_least:g}x | {target.hope:g}x "
            f"| {'' if results.quick else _verdict(target, ratio, results.job(job.key))} |"
        )
    return "\n".join(lines) + "\n"


def _targets(results: Results) -> list[tuple[Job, Target, float | None]]:
    rows = []
    for job in JOBS:
        measured = results.job(job.key)
        for target in job.targets:
            rows.append((job, target, measured.ratio(target.against, AUTO) if measured else None))
    return rows


def _verdict(target: Target, ratio: float | None, measured: Measured | None) -> str:
    if ratio is None:
        if target.against == MINING and measured is None:
            return "not measured (`--sentence-transformers`)"
        return "not measured"
    if ratio >= target.hope:
        return "as hoped"
    return "met" if ratio >= target.at_least else "**missed**"


def _section(job: Job, measured: Measured) -> str:
    sides = f"{measured.queries:,} queries x {measured.rows:,} rows"
    if job.kind.startswith("self"):
        sides = f"{measured.rows:,} rows"
    wanted = f"k = {job.k}" if job.kind != "self-join" else f"threshold {job.threshold}"
    lines = [
        f"## {job.number}. {job.title}\n",
        f"{job.about} {sides}, d = {measured.dimension}, {wanted}.\n",
        "| | time | range | over `simile` | same | pairs | filtered | verdicts |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [_row(entry, measured) for entry in measured.entries]
    remarks = [remark for entry in measured.entries if (remark := _remark(job, entry, measured))]
    return "\n".join(lines) + "\n" + ("\n" + "\n".join(remarks) + "\n" if remarks else "")


def _row(entry: Entry, measured: Measured) -> str:
    ratio = measured.ratio(entry.name, AUTO)
    cells = [
        entry.name + (f" ({entry.engine})" if entry.name == AUTO and entry.engine else ""),
        seconds(median(entry.seconds)) if entry.seconds else "",
        f"{seconds(min(entry.seconds))} to {seconds(max(entry.seconds))}" if len(entry.seconds) > 1 else "",
        "" if ratio is None or entry.name == AUTO else f"{ratio:.3g}x",
        "" if entry.share is None else _percent(entry.share),
        f"{entry.counters['pairs']:,}" if entry.counters else "",
        _percent(entry.counters["filtered"] / max(1, entry.counters["pairs"])) if entry.counters else "",
        f"{entry.counters['verdicts']:,}" if entry.counters else "",
    ]
    return "| " + " | ".join(cells) + " |"


def _percent(share: float) -> str:
    """Never 100 % unless it is all."""
    for digits in (1, 2, 3, 4, 5):
        text = f"{100 * share:.{digits}f} %"
        if share == 1 or not text.startswith("100"):
            return "100 %" if share == 1 else text
    return "all but a few"


def _remark(job: Job, entry: Entry, measured: Measured) -> str:
    said = []
    if entry.note:
        said.append(entry.note)
    if entry.seconds and job.kind == "single":
        said.append(f"{seconds(median(entry.seconds) / measured.queries)} a query")
    if entry.prepare_seconds:
        said.append(f"prepared in {seconds(median(entry.prepare_seconds))}")
    if entry.unexplained:
        said.append(f"**{entry.unexplained:,} differences that rounding does not explain**")
    return f"- {entry.name}: {'; '.join(said)}" if said else ""


def _speedups(results: Results) -> str:
    rows = [
        charts.Speedup(f"{job.key}, {_short(target.against)}", ratio, target.at_least, target.hope)
        for job, target, ratio in _targets(results)
        if ratio is not None
    ]
    return charts.speedups(
        "How many times faster than its rival",
        "simile, engine auto; median ratio within rounds; marks: wanted at least (solid), hoped for (dashed)",
        rows,
    )


def _times(job: Job, measured: Measured) -> str:
    bars = [
        charts.Bar(
            _short(entry.name),
            median(entry.seconds),
            min(entry.seconds),
            max(entry.seconds),
            seconds(median(entry.seconds)),
            entry.name == AUTO,
        )
        for entry in measured.entries
        if entry.seconds
    ]
    return charts.times(job.title, "time of the call, median and range of the rounds; shorter is better", bars)


def _short(name: str) -> str:
    return name.removeprefix("sentence-transformers ").removesuffix("_embeddings").replace("(d, 16)", "")
