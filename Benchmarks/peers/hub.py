"""Measures the Model Hub client of `simile` against the official Python client, on a server on loopback that answers at once.

    scripts/bench-hub [--texts 50000] [--rounds 5] [--quick]

Both send batches of 96 and get base64. The Python client is used as its users do: one thread, the default encoding, a list of
floats a text (which is what it gives). `simile embed` is timed as a whole process, with reading the file and writing the
vectors. Rounds alternate; medians are printed, with the smallest and the largest.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy
import openai

HERE = Path(__file__).resolve().parent
BATCH = 96
DIMENSION = 1024


class Server:
    """A server process of one configuration."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "hub_server.py"), "--dimension", str(DIMENSION), *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = f"http://127.0.0.1:{int(self.process.stdout.readline())}/v1"

    def counts(self):
        with urllib.request.urlopen(f"{self.address}/counts") as answer:
            return json.load(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = Path(folder)
        self.simile = options.simile
        self.environment = {
            **os.environ,
            "IONOS_API_TOKEN": "bench",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "http_proxy": "",
        }

    def texts(self, count):
        path = self.folder / f"texts-{count}.jsonl"
        if not path.exists():
            with path.open("w") as file:
                for i in range(count):
                    text = f"text number {i}: " + "a sentence of ordinary length, about a hundred characters, with its number"
                    file.write(json.dumps({"text": f"{text} {i * 7919 % 104729}"}) + "\n")
        return path

    def embed(self, server, count, *options):
        """One run of the command; seconds and peak memory in MiB."""
        start = time.perf_counter()
        process = subprocess.Popen(
            [
                self.simile, "embed", "--input", str(self.texts(count)), "--output", str(self.folder / "v.npy"),
                "--model", "hub:bench", "--hub-url", server.address, "--hub-batch", str(BATCH), "--quiet", *options,
            ],
            env=self.environment,
        )
        # Not the kernel's own figure for ended processes: that one includes the Python that started them.
        peak = 0
        while process.poll() is None:
            peak = max(peak, self.anonymous(process.pid))
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            sys.exit(f"bench-hub: simile ended with status {process.returncode}")
        return seconds, peak / 1024

    @staticmethod
    def anonymous(pid):
        """Memory of a process now without the mapped input file, in KiB."""
        try:
            with open(f"/proc/{pid}/status") as status:
                return next((int(line.split()[1]) for line in status if line.startswith("RssAnon")), 0)
        except OSError:
            return 0

    def official(self, server, count):
        """The same texts with the official client; seconds."""
        with self.texts(count).open() as file:
            texts = [json.loads(line)["text"] for line in file]
        client = openai.OpenAI(api_key="bench", base_url=server.address)
        start = time.perf_counter()
        vectors = []
        for first in range(0, len(texts), BATCH):
            answer = client.embeddings.create(model="bench", input=texts[first : first + BATCH])
            vectors += [item.embedding for item in answer.data]
        seconds = time.perf_counter() - start
        assert len(vectors) == len(texts) and len(vectors[-1]) == DIMENSION
        return seconds

    def clear(self):
        shutil.rmtree(self.folder / "cache", ignore_errors=True)


def show(name, values, unit=""):
    median = statistics.median(values)
    print(f"{name:58} {median:10.2f} {unit:9} ({min(values):.2f} to {max(values):.2f})", flush=True)
    return median


def speed(bench):
    count, rounds = bench.options.texts, bench.options.rounds
    ours, theirs, ratios = [], [], []
    with Server() as server:
        for _ in range(rounds):
            seconds, _ = bench.embed(server, count, "--hub-rate", "0", "--no-hub-cache")
            other = bench.official(server, count)
            ours.append(count / seconds)
            theirs.append(count / other)
            ratios.append(other / seconds)
        show("simile embed, no cache", [v / 1000 for v in ours], "k texts/s")
        show("  decoded floats", [v * DIMENSION * 4 / 1e6 for v in ours], "MB/s")
        show("openai client, one thread", [v / 1000 for v in theirs], "k texts/s")
        show("  times as fast", ratios, "x")
        kept, full = [], []
        for _ in range(rounds):
            bench.clear()
            kept.append(count / bench.embed(server, count, "--hub-rate", "0")[0])
            full.append(bench.embed(server, count, "--hub-rate", "0")[0])
        show("simile embed, filling the cache", [v / 1000 for v in kept], "k texts/s")
        show(f"simile embed, {count} texts from a full cache", full, "s")
        bench.clear()


def pacing(bench):
    requests = 40 if bench.options.quick else 200
    for delay in (0, 2):
        with Server("--delay", str(delay)) as server:
            seconds, _ = bench.embed(server, requests * BATCH, "--no-hub-cache")
            assert server.counts()["requests"] == requests
            # Ten at once, then five a second; the last answer comes after its delay.
            best = (requests - 10) / 5 + delay
            show(f"default pacing, answers after {delay} s: share of 5 x {BATCH} texts/s", [100 * best / seconds], "%")


def memory(bench):
    with Server() as server:
        for count in (bench.options.texts // 5, bench.options.texts, bench.options.texts * 4):
            _, peak = bench.embed(server, count, "--hub-rate", "0", "--no-hub-cache")
            show(f"peak memory, {count} texts ({count * DIMENSION * 4 >> 20} MiB of vectors)", [peak], "MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small sizes, to test the machinery")
    parser.add_argument("--simile", required=True)
    options = parser.parse_args()
    if options.quick:
        options.texts, options.rounds = 2_000, 2
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, openai {openai.__version__}, "
          f"numpy {numpy.__version__}; {options.texts} texts, {options.rounds} rounds; median (smallest to largest)")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        speed(bench)
        memory(bench)
        pacing(bench)


if __name__ == "__main__":
    main()
