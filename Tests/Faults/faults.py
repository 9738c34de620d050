# SPDX-License-Identifier: Apache-2.0
"""Jobs and other results in a world that fails: see scripts/test-faults.

A round plans a job of eight parts, by several planners at once, runs its parts by several processes at once, which are killed, meet full and read-only disks, locks
that are none and a clock that jumps, until it has been enough; then what is left is done and merged, and has the bytes of the plain command.
"""
import argparse
import array
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SIMILE, FAULTS = "", ""
KINDS = ["full", "failing", "readonly", "nolocks", "falselocks", "nolinks", "interrupted", "clock", "clock,full,interrupted", "falselocks,clock", ""]
REQUESTS = [
    "search --queries x.npy --corpus x.npy -k 7 --exclude-self", "search --queries y.npy --corpus x.npy -k 5 --metric euclidean",
    "join --left x.npy --threshold 0.35", "join --left y.npy --right x.npy --threshold 0.3 --metric dot",
]


class Fault(Exception):
    pass


def save(path, draw, count, width):
    """A .npy file of float32 rows, a fifth of them near another one."""
    rows = []
    for i in range(count):
        base = draw.choice(rows) if rows and draw.random() < 0.2 else [0.0] * width
        rows.append([b + draw.gauss(0, 0.05 if any(base) else 0.1) for b in base])
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, {width}), }}"
    header += " " * ((64 - (len(header) + 11) % 64) % 64) + "\n"
    values = array.array("f", [v for row in rows for v in row])
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + values.tobytes())


def start(folder, line, kinds="", rate=20, seed=0, level=None):
    environment = os.environ | {"SWIFT_BACKTRACE": "enable=no"}
    if kinds:
        environment |= {"LD_PRELOAD": FAULTS, "FAULTS_KINDS": kinds, "FAULTS_RATE": str(rate), "FAULTS_SEED": str(seed)}
    if level:
        environment["SIMILE_INSTRUCTION_SET"] = level
    # Messages go to a pipe that is read at the end: they are a few lines.
    return subprocess.Popen([SIMILE, *line.split()], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ended(process, line, allowed):
    try:
        _, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Fault(f"{line}\nhangs") from None
    if process.returncode not in allowed:
        raise Fault(f"{line}\nends with {process.returncode}: {errors}")
    if process.returncode > 0 and "simile: " not in errors:
        raise Fault(f"{line}\nfails with {process.returncode} and no message: {errors!r}")
    return process.returncode


def run(folder, line, allowed=(0,), **how):
    return ended(start(folder, line, **how), f"{line} {how}", allowed)


def age(draw, folder):
    """A clock that jumps leaves files of any time behind."""
    for path in folder.rglob("*"):
        if draw.random() < 0.3:
            try:
                os.utime(path, (draw.randrange(2**31), draw.randrange(2**31)))
            except FileNotFoundError:
                pass


class Job:
    """One round of a job."""

    def __init__(self, draw, folder, ending, plain):
        self.draw, self.folder, self.ending, self.plain = draw, folder, ending, plain

    def wave(self, number):
        """Some runners at once, of parts that may be the same; each of them in a world of its own."""
        draw = self.draw
        runners = []
        for _ in range(draw.randint(2, 4)):
            part = draw.choice(["", f" --part {draw.randrange(8)}/8", f" --part {draw.randrange(8)}/8", f" --part {draw.randrange(3)}/3"])
            line = f"run --job J{part} --threads {draw.choice([1, 2])} --engine {draw.choice(['auto', 'simd', 'bounded', 'blas', 'reference'])} --quiet"
            how = {"kinds": draw.choice(KINDS), "rate": draw.choice([3, 20, 200]), "seed": draw.randrange(10**9), "level": draw.choice([None, None, "baseline"])}
            runners.append((start(self.folder, line, **how), f"wave {number}: {line} {how}"))
        if draw.random() < 0.7:
            time.sleep(draw.random() * 0.15)
            for process, _ in runners:
                if draw.random() < 0.7:
                    process.send_signal(draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        if draw.random() < 0.3:
            age(draw, self.folder)
        for process, line in runners:
            ended(process, line, (0, 1, 3, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT))

    def round(self, request):
        draw, folder = self.draw, self.folder
        line = f"plan {request} --output r.{self.ending} --job J --parts 8 --group-rows {draw.choice([30, 60])} {draw.choice(['', '--prepare', '--no-prepare'])}".strip()
        other = f"plan join --left x.npy --threshold 0.9 --output other.csv --job J"
        kinds = draw.choice(KINDS)
        # A planner that fails leaves nothing that is in the way; of two that ask for different things one wins.
        planners = [start(folder, line, kinds=kinds, rate=5, seed=draw.randrange(10**9)), start(folder, line)]
        for process in planners:
            ended(process, f"{line} {kinds}", (0, 1, 3))
        run(folder, line)
        run(folder, other, allowed=(2,))
        for number in range(draw.randint(1, 4)):
            self.wave(number)
        for _ in range(draw.randint(0, 2)):
            how = {"kinds": draw.choice(KINDS), "rate": draw.choice([3, 20]), "seed": draw.randrange(10**9)}
            run(folder, "merge --job J --quiet", allowed=(0, 1, 3), **how)
        run(folder, "run --job J --quiet")
        run(folder, "status --job J")
        run(folder, "verify --job J --recompute 5 --quiet")
        run(folder, "merge --job J --quiet")
        expect_same(folder, "r", self.plain)


def results(folder, stem):
    return {p.name[len(stem):]: p.read_bytes() for p in folder.glob(stem + ".*") if p.is_file() and not p.name.endswith(".run.json")}


def expect_same(folder, stem, plain):
    found = results(folder, stem)
    if found != plain:
        raise Fault(f"{stem}: {[(k, len(v)) for k, v in found.items()]} is not what the plain command gives, {[(k, len(v)) for k, v in plain.items()]}")


def checkpoint(draw, folder, request, ending, plain):
    """A command with --resume, stopped and failing any number of times, gives the bytes of the plain one, and nothing else is left."""
    line = f"{request} --output r.{ending} --resume --quiet"
    for _ in range(draw.randint(1, 5)):
        how = {"kinds": draw.choice(KINDS), "rate": draw.choice([3, 20, 200]), "seed": draw.randrange(10**9)}
        process = start(folder, line + draw.choice(["", " --engine reference --threads 1"]), **how)
        if draw.random() < 0.6:
            time.sleep(draw.random() * 0.1)
            process.send_signal(draw.choice([signal.SIGKILL, signal.SIGTERM]))
        ended(process, f"{line} {how}", (0, 1, 3, 130, 143, -signal.SIGKILL, -signal.SIGTERM))
        if draw.random() < 0.3:
            age(draw, folder)
    run(folder, line)
    expect_same(folder, "r", plain)
    if (folder / f"r.{ending}.job").exists():
        raise Fault(f"{line}\nleaves its checkpoint")


def output(draw, folder):
    """A result that fails half-way is not there, or the older one still is; what is there is whole."""
    line, files = draw.choice([
        ("search --queries y.npy --corpus x.npy -k 3 --output o.csv", ["o.csv"]), ("join --left x.npy --threshold 0.35 --output o.parquet", ["o.parquet"]),
        ("prepare --corpus x.npy --embed-source --output o.simile", ["o.simile"]), ("convert --input x.npy --output o.safetensors", ["o.safetensors"]),
        ("dedup --input x.npy --threshold 0.5 --output o.npy --report o.jsonl", ["o.npy", "o.jsonl"]),
        ("quantize --input x.npy --to int8 --output o.i8bin", ["o.i8bin"]), ("cluster --input x.npy -k 5 --output o.jsonl", ["o.jsonl"]),
        ("matrix --input y.npy --output o.svg", ["o.svg"]), ("reduce --input x.npy --dims 8 --output o.fbin", ["o.fbin"]),
        ("embed --input t.txt --model static --output o.npy", ["o.npy"]), ("map --input y.npy --output o.html", ["o.html"]),
    ])
    run(folder, line)
    whole = {name: (folder / name).read_bytes() for name in files}
    replaces = draw.random() < 0.5
    before = {name: b"older" for name in files} if replaces else {}
    for name in files:
        (folder / name).unlink()
        if replaces:
            (folder / name).write_bytes(b"older")
    how = {"kinds": draw.choice(["full", "failing", "readonly", "interrupted", "clock", "nolocks"]), "rate": draw.choice([2, 5, 20]), "seed": draw.randrange(10**9)}
    process = start(folder, line, **how)
    if draw.random() < 0.2:
        time.sleep(draw.random() * 0.05)
        process.kill()
    status = ended(process, f"{line} {how}", (0, 1, 3, -signal.SIGKILL))
    now = {name: (folder / name).read_bytes() for name in files if (folder / name).exists()}
    for name in files:
        if now.get(name) != whole[name] and (status == 0 or now.get(name) != before.get(name)):
            raise Fault(f"{line} {how}\nends with {status}, and {name} has {len(now.get(name) or b'')} bytes, neither the {len(whole[name])} of the result nor what was there")
    left = [p.name for p in folder.iterdir() if p.name.endswith(".tmp")]
    if left and status >= 0 and "failing" not in how["kinds"] and how["kinds"] != "readonly":
        raise Fault(f"{line} {how}\nends with {status} and leaves {left}")


def tmpfs(draw, folder, plain):
    """A real disk that is full, and then grows; only where mounting is allowed."""
    small = folder / "small"
    small.mkdir()
    size = draw.choice([16, 40, 80, 160])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", small], check=True)
    try:
        line = f"plan {REQUESTS[2]} --output r.csv --job small/J --group-rows 60 --prepare"
        if run(folder, line, allowed=(0, 1)) == 0:
            run(folder, "run --job small/J --quiet", allowed=(0, 1))
        subprocess.run(["mount", "-o", "remount,ro", small], check=True)
        run(folder, "run --job small/J --quiet", allowed=(0, 1, 3))
        subprocess.run(["mount", "-o", "remount,rw,size=64m", small], check=True)
        run(folder, line)
        run(folder, "run --job small/J --quiet")
        run(folder, "merge --job small/J --quiet")
        expect_same(folder, "r", plain)
    finally:
        subprocess.run(["umount", small], check=True)


def main():
    global SIMILE, FAULTS
    parser = argparse.ArgumentParser()
    parser.add_argument("--simile", required=True)
    parser.add_argument("--faults", required=True)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    SIMILE, FAULTS = (str(pathlib.Path(p).resolve()) for p in (options.simile, options.faults))
    source = pathlib.Path(tempfile.mkdtemp(prefix="faults-"))
    save(source / "x.npy", random.Random(1), 700, 48)
    save(source / "y.npy", random.Random(2), 240, 48)
    (source / "t.txt").write_text("".join(f"text number {i}\n" for i in range(300)))
    plain = {}
    for i, request in enumerate(REQUESTS):
        for ending in ("csv", "npy", "jsonl", "parquet"):
            run(source, f"{request} --output plain{i}.{ending}")
            plain[i, ending] = results(source, f"plain{i}")
            for path in source.glob(f"plain{i}.*"):
                path.unlink()
    may_mount = os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
    counts = {}
    for seed in range(options.seed, options.seed + options.rounds):
        draw = random.Random(seed)
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"faults-{seed}-"))
        for path in source.iterdir():
            shutil.copy2(path, folder)
        number, ending = draw.randrange(len(REQUESTS)), draw.choice(["csv", "npy", "jsonl", "parquet"])
        # Two of four rounds are jobs; the numbers go by turns, so that each kind has its share.
        kind = ["job", "output", "job", "checkpoint"][seed % 4] if seed % 20 or not may_mount else "tmpfs"
        try:
            if kind == "job":
                Job(draw, folder, ending, plain[number, ending]).round(REQUESTS[number])
            elif kind == "checkpoint":
                checkpoint(draw, folder, REQUESTS[number], ending, plain[number, ending])
            elif kind == "tmpfs":
                tmpfs(draw, folder, plain[2, "csv"])
            else:
                output(draw, folder)
        except Fault as fault:
            sys.exit(f"test-faults: seed {seed}, {kind} of {REQUESTS[number]} ({ending}), in {folder}:\n{fault}")
        shutil.rmtree(folder)
        counts[kind] = counts.get(kind, 0) + 1
    shutil.rmtree(source)
    print(f"{options.rounds} rounds from seed {options.seed}: {', '.join(f'{n} {name}' for name, n in sorted(counts.items()))}; every result is the plain command's, nothing is lost"
          + ("" if may_mount else "; no real full disk, since mounting is not allowed here"))


main()
