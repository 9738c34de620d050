# SPDX-License-Identifier: Apache-2.0
"""Compares Simile with its peers on the same files and writes RESULTS.md; scripts/bench calls it.

Every round is saved at once, so an interrupted or failed run keeps what it has, and --jobs renews single jobs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import report
from jobs import Job, chosen
from results import Measured, Results

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simile", type=Path, help="the binary, built for release")
    parser.add_argument("--data", type=Path, help="the folder that scripts/bench-data filled")
    parser.add_argument(
        "--output", type=Path, default=HERE.parent, help="folder of results, RESULTS.md and charts"
    )
    parser.add_argument("--jobs", help="numbers or keys, e.g. 1,3,self-join-0.9 (default: all)")
    parser.add_argument("--rounds", type=int, default=None, help="how often each contender runs (default: 5, quick: 2)")
    parser.add_argument("--threads", type=int, default=None, help="for every contender (default: all there are)")
    parser.add_argument("--budget", type=float, default=100, help="seconds that the rounds of a job may take (default: 100)")
    parser.add_argument("--resume", action="store_true", help="leave out jobs that have been measured at this commit")
    parser.add_argument("--sentence-transformers", action="store_true", help="job 6 too; its package must be installed")
    parser.add_argument("--quick", action="store_true", help="small sets, to test the machinery")
    parser.add_argument(
        "--render-only", action="store_true", help="write RESULTS.md from what is there, measure nothing"
    )
    options = parser.parse_args()
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.threads is not None and options.threads < 1:
        parser.error("--threads must be at least 1")
    if not options.render_only and (options.simile is None or options.data is None):
        parser.error("--simile and --data are needed, unless --render-only")
    try:
        options.chosen = chosen(options.jobs)
    except ValueError as error:
        parser.error(str(error))
    if not options.sentence_transformers and not (options.jobs and "6" in options.jobs.split(",")):
        options.chosen = [job for job in options.chosen if job.key != "mining"]
    return options


def limit_threads(count: int) -> None:
    """Before any of the packages is imported: their pools are made then."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[name] = str(count)


def say(text: str) -> None:
    print(f"compare: {text}", flush=True)


def earlier(path: Path, fresh: Results) -> Results:
    """The results of this machine and these sizes, if there are any; their jobs are kept until measured again."""
    try:
        old = Results.load(path)
    except FileNotFoundError:
        return fresh
    except ValueError as error:
        say(f"{error}; it will be replaced")
        return fresh
    if (old.threads, old.quick) != (fresh.threads, fresh.quick):
        say("earlier results are of other sizes; they will be replaced")
        return fresh
    fresh.jobs = old.jobs
    return fresh


def rendered(folder: Path) -> None:
    """Writes RESULTS.md from the files of all machines, those measured first first."""
    machines = [Results.load(path) for path in sorted((folder / "results").glob("*.json"))]
    if not machines:
        raise ValueError(f"no file in {folder / 'results'}")
    machines.sort(key=lambda results: min((job.when for job in results.jobs), default=""))
    report.write(machines, folder)


def is_done(job: Job, results: Results, commit: str) -> bool:
    """Whether a job has been measured at this commit, or as far as its time allowed."""
    found = results.job(job.key)
    return found is not None and found.commit == commit and not commit.endswith("+") and found.complete


def is_ready(job: Job, data: Path) -> bool:
    missing = [name for name in (job.queries, job.corpus) if name and not (data / name).exists()]
    if missing:
        say(f"job {job.number} ({job.key}) is left out: {', '.join(missing)} is not there")
    return not missing


def measure_all(options: argparse.Namespace) -> int:
    threads = options.threads or len(os.sched_getaffinity(0))
    limit_threads(threads)
    # Not before: numpy makes its pool of threads when it is imported.
    import cores
    import machine
    from measuring import Disagreement, Settings, measure
    from program import Failure, Program
    from threadpoolctl import threadpool_limits

    program = Program(options.simile.resolve(), options.data.resolve(), threads)
    about = machine.described()
    version = program.version()
    blas = f"{version['blas']} (core {version['core']})" if version["blas"] else "no BLAS"
    about["simile"] = f"{version['version']}, {blas}, level {version['isa']}"
    fresh = Results(about, threads, options.quick)
    path = options.output / "results" / fresh.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    results = earlier(path, fresh)
    if (load := os.getloadavg()[0]) > 0.5:
        say(f"the load average is {load:.2f}: others use this machine, times will vary")

    def keep(measured: Measured) -> None:
        results.replace(measured)
        results.save(path)
        rendered(options.output)

    failures = 0
    with tempfile.TemporaryDirectory(prefix="simile-bench-") as work, threadpool_limits(threads):
        rounds = options.rounds or (2 if options.quick else 5)
        commit = machine.commit(ROOT)
        # NumPy's and FAISS's own choice of kernels is not always the processor's.
        found = {name: cores.fastest(name, threads, about["flags"]) for name in cores.PROBES}
        faster = {name: core for name, core in found.items() if core}
        say(f"cores that are faster than the installed ones: {faster or 'none'}")
        settings = Settings(program, Path(work), rounds, options.budget, faster, commit, say)
        # Last the one that brings torch into the process, with threads of its own.
        for job in sorted(options.chosen, key=lambda job: job.key == "mining"):
            if not is_ready(job, options.data):
                failures += 1
                continue
            if options.resume and is_done(job, results, commit):
                say(f"job {job.number}: measured before")
                continue
            say(f"job {job.number}: {job.title}")
            try:
                measure(job, settings, keep)
            except KeyboardInterrupt:
                say("interrupted; the rounds that were done are kept")
                return 130
            except (Disagreement, Failure) as error:
                say(f"job {job.number} failed: {error}")
                failures += 1
    say(f"{len(options.chosen) - failures} jobs measured, {failures} failed; see {options.output / 'RESULTS.md'}")
    return 1 if failures else 0


def main() -> int:
    options = parsed()
    if not options.render_only:
        return measure_all(options)
    try:
        rendered(options.output)
    except (OSError, ValueError) as error:
        say(f"nothing to write from: {error}")
        return 1
    say(f"written: {options.output / 'RESULTS.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
