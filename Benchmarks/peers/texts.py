# SPDX-License-Identifier: Apache-2.0
"""Texts to vectors, and Parquet, beside the libraries of Python; see scripts/bench-texts.

Contenders take turns; a time is the median of the rounds and a ratio the median of the ratios within rounds. Simile is its command line, process and output
file included; of the peers the call alone is timed, in a process that has loaded them and done some of the work once.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "true"
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
from tokenizers import Tokenizer

from onnx_bert import ONNXEncoder

MODEL = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "simile/models/all-MiniLM-L6-v2"


INTEGERS = "--precision int8"


def rounds(contenders, count):
    """The times of each contender, round by round."""
    times = {name: [] for name in contenders}
    for _ in range(count):
        for name, call in contenders.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


class Bench:
    def __init__(self, options):
        self.simile, self.data, self.quick = options.simile, pathlib.Path(options.data), options.quick
        self.rows = []

    def run(self, *arguments):
        done = subprocess.run([self.simile, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench-texts: simile {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def file(self, name, texts):
        path = self.data / name
        path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
        return path

    def job(self, title, contenders, count, others=()):
        """A row for Simile, and one for each other way of its own: its time, and how many times longer each peer takes."""
        times = rounds(contenders, 1 if self.quick else count)
        ways = {title: times.pop("simile")} | {f"{title}, {way}": times.pop(way) for way in others}
        for name, own in ways.items():
            cells = [f"{peer} {statistics.median(t):.2f} s: {statistics.median(a / b for a, b in zip(t, own)):.2f}x" for peer, t in times.items()]
            self.rows.append((name, f"{statistics.median(own):.2f} s", "; ".join(cells)))
            print(*self.rows[-1], sep=" | ", flush=True)


def encoders(bench, glosses):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(2)
    reference, onnx = SentenceTransformer(str(MODEL), device="cpu"), ONNXEncoder(MODEL, threads=2)
    size = 200 if bench.quick else 5000
    long = [" ".join(glosses[i * 13 : i * 13 + 13]) for i in range(20 if bench.quick else 1000)]
    for title, texts, count in [(f"{size:,} glosses, all-MiniLM-L6-v2", glosses[:size], 5), (f"{len(long):,} texts of about 200 tokens", long, 3)]:
        path, output = bench.file("texts.txt", texts), bench.data / "vectors.npy"
        embed = ["embed", "--input", path, "--model", "all-MiniLM-L6-v2", "--output"]
        for model in (reference, onnx):
            model.encode(texts[:64])
        bench.job(
            title,
            {
                "simile": lambda: bench.run(*embed, output),
                INTEGERS: lambda: bench.run(*embed, bench.data / "integers.npy", *INTEGERS.split()),
                "sentence-transformers": lambda: reference.encode(texts, batch_size=64, normalize_embeddings=True),
                "onnxruntime": lambda: onnx.encode(texts),
            },
            count,
            others=[INTEGERS],
        )
        expected = reference.encode(texts, batch_size=64, normalize_embeddings=True)
        for way in (output, bench.data / "integers.npy"):
            cosines = (np.load(way) * expected).sum(1)
            print(f"    {way.name}: cosine to the reference at least {cosines.min():.8f}, on average {cosines.mean():.8f}")


def static_models(bench, glosses):
    import wordllama
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from wordllama.inference import WordLlamaInference

    texts = glosses[: 2000 if bench.quick else 100000]
    path, output = bench.file("texts.txt", texts), bench.data / "vectors.npy"
    folder = pathlib.Path(bench.simile).parent / "simile_CStaticModel.resources/static"
    model = StaticModel.from_pretrained(str(folder))
    home = pathlib.Path(wordllama.__file__).parent
    weights = next(iter(load_file(home / "weights/l2_supercat_256.safetensors").values()))
    llama = WordLlamaInference(weights, Tokenizer.from_file(str(home / "tokenizers/l2_supercat_tokenizer_config.json")))
    bench.job(
        f"{len(texts):,} glosses, static model",
        {
            "simile": lambda: bench.run("embed", "--input", path, "--output", output, "--model", "static"),
            "model2vec, the same model": lambda: model.encode(texts),
            "wordllama": lambda: llama.embed(texts, norm=True),
        },
        5,
    )
    print(f"    largest difference to model2vec {np.abs(np.load(output) - model.encode(texts)).max():.1e}")
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def tokenize():
        # One thread: the pool of the library is made once, so each text by itself.
        for text in texts:
            tokenizer.encode(text, add_special_tokens=False)

    bench.job(
        f"{len(texts):,} glosses tokenized, one thread (Simile: and averaged and written)",
        {
            "simile": lambda: bench.run("embed", "--input", path, "--output", output, "--model", "static", "--threads", 1),
            "tokenizers": tokenize,
        },
        5,
    )
    queries, corpus = ((bench.data / name).read_text(encoding="utf-8").splitlines() for name in ("queries.txt", "corpus.txt"))
    for name, side in (("llama-queries.npy", queries), ("llama-corpus.npy", corpus)):
        np.save(bench.data / name, llama.embed(side))


def quality(bench):
    sides = ["--queries", bench.data / "queries.txt", "--corpus", bench.data / "corpus.txt", "--model"]
    models = {
        "all-MiniLM-L6-v2": [*sides, "all-MiniLM-L6-v2"],
        f"the same, {INTEGERS}": [*sides, "all-MiniLM-L6-v2", *INTEGERS.split()],
        "static": [*sides, "static"],
        "wordllama 256": ["--queries", bench.data / "llama-queries.npy", "--corpus", bench.data / "llama-corpus.npy"],
    }
    return {name: json.loads(bench.run("evaluate", *arguments)) for name, arguments in models.items()}


def parquet(bench):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(2)
    rows, width = (2000 if bench.quick else 300000), 384
    values = np.random.default_rng(0).standard_normal((rows, width)).astype(np.float32)
    table = pa.table({"embedding": pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), width)})
    for title, settings in [("as pyarrow writes it", {}), ("plain, uncompressed", {"compression": "none", "use_dictionary": False})]:
        path = bench.data / "vectors.parquet"
        pq.write_table(table, path, **settings)
        read = lambda: pq.read_table(path)["embedding"].combine_chunks().values.to_numpy(zero_copy_only=False)
        bench.job(
            f"a column of {rows:,} x {width} floats, {title} (Simile: and all rows looked at)",
            {"simile": lambda: bench.run("info", path), "pyarrow": read},
            5,
        )


def report(bench, scores):
    lines = [
        "# Texts and Parquet beside the libraries of Python",
        "",
        "Written by `scripts/bench-texts`. " + " ".join(__doc__.split("\n\n")[1].split()),
        "",
        f"Two threads for every contender. {machine(bench)}.",
        "",
        "| job | Simile | peers, and how many times longer they take |",
        "|---|--:|---|",
        *(f"| {title} | {own} | {peers} |" for title, own, peers in bench.rows),
        "",
        "How good the vectors are: 5,000 example sentences of WordNet, each searching for its gloss (`scripts/wordnet-evaluation`, `simile evaluate`). The static",
        "model has learned from other glosses and examples.",
        "",
        "| model | area under the curve | recall at 10 | reciprocal rank |",
        "|---|--:|--:|--:|",
        *(
            f"| {name} | {s['areaUnderCurve']:.4f} | {s['recall']:.4f} | {s['reciprocalRank']:.4f} |"
            for name, s in scores.items()
        ),
        "",
    ]
    return "\n".join(lines)


def machine(bench):
    from importlib.metadata import version

    facts = json.loads(bench.run("info", "--format", "json"))
    cpu = {}
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        key, _, value = line.partition(":")
        cpu.setdefault(key.strip(), value.strip())
    names = ["sentence-transformers", "torch", "onnxruntime", "model2vec", "wordllama", "tokenizers", "pyarrow"]
    return (
        f"{cpu['model name']} (family {cpu['cpu family']}, model {cpu['model']}), {os.cpu_count()} cores, {facts['blas']} (core {facts['core']}), products by "
        f"{facts['gemm']}, level {facts['isa']}; Python {platform.python_version()}, " + ", ".join(f"{n} {version(n)}" for n in names)
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--simile", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bench = Bench(options)
    glosses = [json.loads(line)["text"] for line in open(bench.data / "glosses.jsonl", encoding="utf-8")]
    encoders(bench, glosses)
    static_models(bench, glosses)
    parquet(bench)
    text = report(bench, quality(bench))
    if options.quick:
        print(text)
    else:
        (pathlib.Path(__file__).parent.parent / "TEXTS.md").write_text(text, encoding="utf-8")


main()
