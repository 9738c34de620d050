# SPDX-License-Identifier: Apache-2.0
"""Draws data, files, options and operations, and compares what simile writes, bit by bit, with what NumPy finds; see scripts/test-differential.

Every round is a seed: what failed is said with its seed and its command, and its folder is kept.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import files
import numpy as np
import oracle

SIMILE, LEVELS = "", []


class Difference(Exception):
    pass


def values(draw, noise, count, dimension):
    """Rows of one kind, some of them repeated, moved by a hair, zero, of another length or invalid."""
    kind = draw.choice(["normal", "whole", "few", "signs", "halves", "steps", "ties", "lengths", "decaying", "bytes", "sparse"])
    shape = (count, dimension)
    if kind in ("normal", "sparse"):
        rows = noise.normal(size=shape)
        if kind == "sparse":
            rows *= noise.random(shape) < 0.2
    elif kind == "whole":
        rows = noise.integers(-3, 4, shape)
    elif kind == "few":
        rows = noise.normal(size=(4, dimension))[noise.integers(0, 4, count)]
    elif kind == "signs":
        rows = noise.choice([-1.0, 1.0], shape)
    elif kind == "halves":
        rows = noise.normal(size=shape).astype("f2")
    elif kind == "steps":
        # A hair off half a step of a code, beside one large component.
        rows = noise.choice([-1, 1], shape) * (0.5 + (noise.random(shape) - 0.5) * 2**-10) / 127
        rows[:, draw.randrange(dimension)] = 1
    elif kind == "ties":
        rows = np.nextafter(np.tile(noise.normal(size=dimension), (count, 1)).astype("f4"), noise.choice([-9, 9], shape).astype("f4"))
    elif kind == "lengths":
        rows = noise.normal(size=(4, dimension))[noise.integers(0, 4, count)] * 2.0 ** noise.integers(-30, 30, (count, 1)) * (1 + noise.normal(size=shape) * 1e-6)
    elif kind == "decaying":
        rows = noise.normal(size=shape) * (1 - 3 / (dimension + 3)) ** np.arange(dimension)
    else:
        rows = noise.integers(0, 128, shape)
    rows = np.asarray(rows, "f4").copy()
    oddities = draw.choice([0, 0, 0.05, 0.3])
    for i in range(count):
        if draw.random() >= oddities:
            continue
        other = draw.randrange(count)
        what = draw.choice(["repeat", "hair", "zero", "tiny", "long", "opposite", "subnormal"])
        with np.errstate(all="ignore"):
            rows[i] = {
                "repeat": rows[other], "hair": np.nextafter(rows[other], np.float32(9e9)), "zero": 0 * rows[i], "tiny": rows[i] * np.float32(1e-25),
                "long": rows[i] * np.float32(1e15), "opposite": -rows[other], "subnormal": np.float32(7e-45) * np.sign(rows[i])}[what]
    if draw.random() < 0.15:
        for _ in range(draw.randint(1, 3)):
            rows[draw.randrange(count), draw.randrange(dimension)] = draw.choice([np.nan, np.inf, -np.inf, 2e19, 3e38])
    return rows, kind


def run(folder, arguments, level, expected=0):
    environment = os.environ | {"SWIFT_BACKTRACE": "enable=no", "SIMILE_INSTRUCTION_SET": level}
    words = [SIMILE, *map(str, arguments)]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode != expected:
        raise Difference(f"{said(words, level)}\nends with {done.returncode}: {done.stderr}")
    return done.stdout


def said(words, level):
    return f"SIMILE_INSTRUCTION_SET={level} " + " ".join(map(str, words))


def same(found, wanted, command):
    """Compares rows and the bits of scores."""
    def bits(entries):
        return [tuple(np.float32(v).tobytes().hex() if isinstance(v, (float, np.floating)) else v for v in entry) for entry in entries]

    if bits(found) != bits(wanted):
        at = next((i for i, (a, b) in enumerate(zip(bits(found), bits(wanted))) if a != b), min(len(found), len(wanted)))
        raise Difference(f"{command}\n{len(found)} entries, NumPy has {len(wanted)}; entry {at}: {found[at : at + 1]}, NumPy has {wanted[at : at + 1]}")


class Round:
    def __init__(self, seed, folder):
        self.draw = draw = random.Random(seed)
        noise = np.random.default_rng(seed)
        self.folder = folder
        large = draw.random() < 0.03
        dimension = draw.choice([1, 2, 3, 7, 8, 9, 16, 31, 64, 65, 100, 130]) if not large else draw.choice([96, 384, 520])
        count = draw.choice([1, 2, 5, 17, 64, 130, 300]) if not large else draw.choice([1500, 3000])
        corpus, kind = values(draw, noise, count, dimension)
        queries, other = values(draw, noise, draw.choice([1, 3, 20, 70]), dimension)
        shared = draw.randint(0, min(3, count))
        # Some queries are rows of the corpus: ties, scores of one, distances of zero.
        self.queries = np.concatenate([queries, corpus[:shared]])
        self.corpus = corpus
        self.metric = draw.choice(["cosine", "dot", "euclidean"])
        self.level = draw.choice(LEVELS)
        self.options = ["--threads", draw.choice([1, 2, 2]), "--engine", draw.choice(["auto", "blas", "bounded", "bounded", "simd"] + ([] if large else ["reference"])), "--quiet", "--skip-invalid"]
        self.what = f"{len(self.queries)} {other} queries, {count} {kind} rows of {dimension}, {self.metric}"

    def input(self, stem, rows, **how):
        path, ids = files.write(self.draw, self.folder, stem, rows, **how)
        return path.relative_to(self.folder), ids

    def prepared(self, stem, rows):
        """A corpus, perhaps a prepared one."""
        path, ids = self.input(stem, rows)
        if self.draw.random() < 0.3 and self.is_usable(rows):
            into = f"{stem}.simile"
            inside = ["--embed-source"] if self.draw.random() < 0.4 else []
            run(self.folder, ["prepare", "--corpus", path, "--output", into, "--metric", self.metric, "--quiet", "--skip-invalid", *inside], self.level)
            return pathlib.Path(into), ids
        return path, ids

    def is_usable(self, rows):
        return len(rows) > 0

    def search(self):
        draw = self.draw
        itself = draw.random() < 0.25
        queries = self.corpus if itself else self.queries
        matrix = oracle.scores(queries, self.corpus, self.metric)
        k = draw.choice([1, 1, 2, 5, 10, len(self.corpus), len(self.corpus) + 5])
        excluding = itself and draw.random() < 0.7
        wanted = [[(row, oracle.reported(score, self.metric)) for row, score in found] for found in oracle.nearest(matrix, k, excluding)]
        corpus, corpus_ids = self.prepared("corpus", self.corpus)
        query_path, query_ids = (corpus, corpus_ids) if itself else self.input("queries", queries)
        output = self.folder / ("r" + draw.choice([".jsonl", ".csv", ".parquet", ".npy"]))
        command = ["search", "--queries", query_path, "--corpus", corpus, "-k", k, "--metric", self.metric, "--output", output.name, *self.options]
        if excluding:
            command.append("--exclude-self")
        run(self.folder, command, self.level)
        found, queries_named, rows_named = files.search_result(output, len(queries), self.metric)
        for query in range(len(queries)):
            same(found[query], wanted[query], f"{said(command, self.level)}\nquery {query}")
        for ids, named in ((query_ids, queries_named), (corpus_ids, rows_named)):
            if any(str(ids[row]) != str(name) for row, name in named.items()) if ids else any(named.values()):
                raise Difference(f"{said(command, self.level)}\nids {named}, expected {ids}")

    def cut(self, matrix):
        """A threshold as it is reported, often the very score of a pair; nil where no pair has one."""
        known = matrix[np.isfinite(matrix)]
        if not len(known):
            return None
        at = np.sort(known)[::-1][self.draw.randrange(min(len(known), self.draw.choice([1, 10, 100, 2000])))]
        return oracle.reported(np.float32(self.draw.choice([at, at, np.nextafter(at, np.float32(9e9))])), self.metric)

    def pairs(self, matrix, cut, is_self):
        return oracle.join(matrix, float(oracle.reported(cut, self.metric)), is_self)

    def join(self):
        draw = self.draw
        itself = draw.random() < 0.5
        left = self.corpus if itself else self.queries
        matrix = oracle.scores(left, self.corpus, self.metric)
        cut = self.cut(matrix)
        if cut is None or self.metric == "euclidean" and cut < 0:
            return
        wanted = [(a, b, oracle.reported(s, self.metric)) for a, b, s in self.pairs(matrix, cut, itself)]
        output = self.folder / ("j" + draw.choice([".jsonl", ".csv", ".parquet", ".npy"]))
        corpus, _ = self.prepared("corpus", self.corpus)
        sides = ["--left", corpus] if itself else ["--left", self.input("left", left)[0], "--right", corpus]
        command = ["join", *sides, f"--threshold={cut!s}", "--metric", self.metric, "--output", output.name, *self.options]
        run(self.folder, command, self.level)
        same(files.join_result(output, self.metric), wanted, said(command, self.level))

    def job(self):
        """A job of several parts, run in any order and partly twice, gives the bytes of the plain command."""
        draw = self.draw
        rows = self.corpus[oracle.is_valid(self.corpus)]
        queries = self.queries[oracle.is_valid(self.queries)]
        if not len(rows) or not len(queries):
            return
        corpus, _ = self.input("corpus", rows, may_be_text=False, may_be_compressed=False)
        other, _ = self.input("queries", queries, may_be_text=False, may_be_compressed=False)
        ending = draw.choice(["jsonl", "csv", "npy", "parquet"])
        cut = self.cut(oracle.scores(queries, rows, self.metric))
        if draw.random() < 0.5:
            itself = draw.random() < 0.4
            words = ["search", "--queries", corpus if itself else other, "--corpus", corpus, "-k", draw.choice([1, 4, 40]), *(["--exclude-self"] if itself else [])]
        elif cut is None or self.metric == "euclidean" and cut < 0:
            return
        else:
            words = ["join", "--left", *draw.choice([[corpus], [other, "--right", corpus]]), f"--threshold={cut!s}"]
        words += ["--metric", self.metric]
        run(self.folder, [*words, "--output", f"plain.{ending}", "--quiet"], self.level)
        extra = ["--group-rows", draw.choice([1, 7, 50])] if len(rows) < 400 else []
        run(self.folder, ["plan", *words, "--output", f"merged.{ending}", "--job", "J", *extra, *draw.choice([[], ["--no-prepare"]]), "--quiet"], self.level)
        count = draw.choice([1, 2, 5])
        parts = [f"{i}/{count}" for i in range(count)] + [f"{draw.randrange(count)}/{count}"]
        draw.shuffle(parts)
        for part in parts:
            run(self.folder, ["run", "--job", "J", "--part", part, "--threads", draw.choice([1, 2]), "--engine", draw.choice(["auto", "blas", "bounded", "simd"]), "--quiet"], draw.choice(LEVELS))
        run(self.folder, ["verify", "--job", "J", "--recompute", "5", "--quiet"], self.level)
        run(self.folder, ["merge", "--job", "J", "--quiet"], self.level)
        plain = [path for path in sorted(self.folder.glob("plain.*")) if not path.name.endswith(".run.json")]
        for path in plain:
            merged = path.with_name(path.name.replace("plain", "merged"))
            if path.read_bytes() != merged.read_bytes():
                raise Difference(f"{said(words, self.level)}\n{merged.name} of the job has other bytes than {path.name}")

    def dedup(self):
        draw = self.draw
        matrix = oracle.scores(self.corpus, self.corpus, self.metric)
        cut = self.cut(matrix)
        if cut is None or self.metric == "euclidean" and cut < 0:
            return
        linkage, keep = draw.choice(["kept", "single"]), draw.choice(["first", "central"])
        path, _ = self.input("corpus", self.corpus)
        how = []
        if draw.random() < 0.3:
            # A report of a looser threshold holds all that a stricter one needs.
            step = np.float32(draw.choice([0, 0.1, 1])) * np.abs(cut)
            loose = cut + step if self.metric == "euclidean" else cut - step
            if np.isfinite(loose):
                run(self.folder, ["dedup", "--input", path, f"--threshold={loose!s}", "--metric", self.metric, "--report", "loose.jsonl", *self.options], self.level)
                how = ["--from", "loose.jsonl"]
        pairs = self.pairs(matrix, cut, True)
        kept_for = oracle.deduplicated(pairs, len(self.corpus), linkage, keep)
        near = oracle.neighbors(pairs, len(self.corpus))
        wanted = [(row, kept, oracle.reported(near[row][kept], self.metric) if kept in near[row] else None) for row, kept in enumerate(kept_for) if kept != row]
        command = ["dedup", "--input", path, f"--threshold={cut!s}", "--linkage", linkage, "--keep", keep, *(how or ["--metric", self.metric])]
        self.expect_removal(command, wanted)

    def dedup_against(self):
        matrix = oracle.scores(self.corpus, self.queries, self.metric)
        cut = self.cut(matrix)
        if cut is None or self.metric == "euclidean" and cut < 0:
            return
        near = [found[0] if found else None for found in oracle.nearest(matrix, 1)]
        lowest = oracle.reported(cut, self.metric)
        wanted = [(row, best[0], oracle.reported(best[1], self.metric)) for row, best in enumerate(near) if best and best[1] >= lowest]
        sides = ["--input", self.input("corpus", self.corpus)[0], "--against", self.input("other", self.queries)[0]]
        self.expect_removal(["dedup", *sides, f"--threshold={cut!s}", "--metric", self.metric], wanted)

    def expect_removal(self, command, wanted):
        """Runs dedup; it must drop these rows for those, by these scores, and keep all other valid ones."""
        writes_vectors = "--from" not in command
        command = [*command, *(["--output-vectors", "kept.npy"] if writes_vectors else []), "--report", "r.jsonl", *self.options]
        run(self.folder, command, self.level)
        name = "distance" if self.metric == "euclidean" else "score"
        lines = files.records(self.folder / "r.jsonl")
        found = [(r["dropped"], r["kept"], None if r.get(name) is None else files.number(r[name])) for r in lines]
        same(found, wanted, said(command, self.level))
        dropped = {row for row, _, _ in wanted}
        stay = [row for row, valid in enumerate(oracle.is_valid(self.corpus)) if valid and row not in dropped]
        if writes_vectors and np.load(self.folder / "kept.npy").tobytes() != self.corpus[stay].tobytes():
            raise Difference(f"{said(command, self.level)}\nkept.npy has other rows than those that stay")

    def communities(self):
        matrix = oracle.scores(self.corpus, self.corpus, self.metric)
        cut = self.cut(matrix)
        if cut is None or self.metric == "euclidean" and cut < 0:
            return
        least = self.draw.choice([1, 2, 3, 10])
        wanted = oracle.communities(self.pairs(matrix, cut, True), len(self.corpus), least)
        path, _ = self.input("corpus", self.corpus)
        command = ["communities", "--input", path, f"--threshold={cut!s}", "--metric", self.metric, "--min-size", least, "--output", "c.jsonl", *self.options]
        run(self.folder, command, self.level)
        lines = files.records(self.folder / "c.jsonl")
        name = "distance" if self.metric == "euclidean" else "score"
        valid = oracle.is_valid(self.corpus)
        wanted = [c for c in wanted if valid[c[0]]]
        if [r["center"] for r in lines] != [c[0] for c in wanted]:
            raise Difference(f"{said(command, self.level)}\ncenters {[r['center'] for r in lines]}, NumPy has {[c[0] for c in wanted]}")
        for record, (center, holds, members) in zip(lines, wanted):
            expected = ([(center, None)] if holds else []) + [(row, oracle.reported(score, self.metric)) for row, score in members]
            same([(m["row"], None if m[name] is None else files.number(m[name])) for m in record["members"]], expected, said(command, self.level))

    def mine(self):
        draw = self.draw
        matrix = oracle.scores(self.queries, self.corpus, self.metric)
        positives = [sorted(draw.sample(range(len(self.corpus)), min(len(self.corpus), draw.choice([0, 1, 1, 2])))) for _ in self.queries]
        known = oracle.reported(matrix[np.isfinite(matrix)], self.metric)
        if not len(known) or not any(positives):
            return
        bound = lambda: np.float32(draw.choice(list(known))) if draw.random() < 0.3 else None
        least, most = bound(), bound()
        margin = np.float32(draw.choice([0, 0.1, 1])) if draw.random() < 0.3 else None
        share = np.float32(draw.choice([0, 0.05, 0.5])) if draw.random() < 0.3 else None
        count, ranks = draw.choice([1, 3]), (draw.choice([0, 0, 2]), draw.choice([5, 100]))
        wanted = [(q, p, [n[0] for n in negatives], score, *(n[1] for n in negatives))
                  for q, p, score, negatives in oracle.mined(matrix, self.corpus, positives, self.metric, count, ranks, least, most, margin, share)]
        with open(self.folder / "p.jsonl", "w") as file:
            for query, rows in enumerate(positives):
                if rows:
                    file.write(json.dumps({"query": query, "positives": rows}) + "\n")
        sides = ["--queries", self.input("queries", self.queries, may_be_text=False)[0], "--corpus", self.input("corpus", self.corpus, may_be_text=False)[0]]
        command = ["mine", *sides, "--positives", "p.jsonl", "--negatives", count, "--range-min", ranks[0], "--range-max", ranks[1], "--metric", self.metric, "--form", "n-tuple", "--output", "m.jsonl", *self.options]
        for name, value in (("min-score", least), ("max-score", most), ("margin", margin), ("relative-margin", share)):
            command += [] if value is None else [f"--{name}={value!s}"]
        run(self.folder, command, self.level)
        name = "distances" if self.metric == "euclidean" else "scores"
        lines = files.records(self.folder / "m.jsonl")
        same([(r["query"], r["positive"], r["negatives"], *(files.number(v) for v in r[name])) for r in lines], wanted, said(command, self.level))

    def convert(self):
        """Vectors through several formats, and as bytes and bits."""
        draw = self.draw
        rows = self.corpus
        if not oracle.is_valid(rows).all():
            return
        path, _ = self.input("a", rows)
        endings = [e for e, types in files.TYPES.items() if e != ".csv" and any(files.holds(rows, t) for t in types if not (t == "f4" and e not in (".npy", ".fvecs", ".fbin", ".safetensors", ".jsonl", ".parquet")))]
        for i in range(draw.randint(1, 3)):
            into = f"b{i}{draw.choice(endings)}"
            run(self.folder, ["convert", "--input", path, "--output", into, "--quiet"], self.level)
            path = into
        run(self.folder, ["convert", "--input", path, "--output", "last.npy", "--quiet"], self.level)
        if not (np.load(self.folder / "last.npy") == rows).all():
            raise Difference(f"{self.folder}: the vectors of {path} are others")
        if np.abs(rows).max() < 65000:
            run(self.folder, ["quantize", "--input", path, "--to", "float16", "--output", "h.npy", "--quiet"], self.level)
            if np.load(self.folder / "h.npy").tobytes() != rows.astype("f2").tobytes():
                raise Difference(f"{self.folder}: {path} has other halves than NumPy")
        run(self.folder, ["quantize", "--input", path, "--to", "binary", "--output", "s.npy", "--quiet"], self.level)
        if np.load(self.folder / "s.npy").tobytes() != np.packbits(rows > 0, axis=1).tobytes():
            raise Difference(f"{self.folder}: {path} has other bits than NumPy")

    def matrix(self):
        draw = self.draw
        rows = self.corpus[:300]
        path, _ = self.input("m", rows)
        command = ["matrix", "--input", path, "--metric", self.metric, "--output", "all.npy", *self.options]
        valid = oracle.is_valid(rows)
        run(self.folder, command, self.level)
        rows = rows[valid]
        found = np.load(self.folder / "all.npy").astype(np.float64)
        exact, allowed = oracle.matrix(rows, self.metric)
        if found.shape != exact.shape or not (np.abs(found - exact) <= allowed).all() or not (found == found.T).all():
            at = np.unravel_index(np.argmax(np.abs(found - exact) - allowed), exact.shape) if found.shape == exact.shape else None
            raise Difference(f"{said(command, self.level)}\nshape {found.shape}, at {at}: {found[at]}, expected {exact[at]} within {allowed[at]}")

    OPERATIONS = ["search"] * 4 + ["join"] * 3 + ["job", "dedup", "dedup_against", "communities", "mine", "convert", "matrix"]


def one(seed, keep):
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"differential-{seed}-"))
    try:
        round = Round(seed, folder)
        operation = round.draw.choice(Round.OPERATIONS)
        getattr(round, operation)()
    except Exception as error:
        what = getattr(locals().get("round"), "what", "")
        kind = "" if isinstance(error, Difference) else f"{type(error).__name__}: "
        return None, f"seed {seed}, {what}, in {folder}:\n{kind}{error}"
    if not keep:
        shutil.rmtree(folder)
    return operation, None


def main():
    global SIMILE, LEVELS
    parser = argparse.ArgumentParser()
    parser.add_argument("--simile", required=True)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    SIMILE = str(pathlib.Path(options.simile).resolve())
    # The message about a level that is none names those that this machine has.
    asked = subprocess.run([SIMILE, "info"], env=os.environ | {"SIMILE_INSTRUCTION_SET": "none"}, capture_output=True, text=True)
    LEVELS = asked.stderr.strip().split("has: ")[1].split(", ")
    counts, failures = {}, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for operation, failure in pool.map(lambda seed: one(seed, options.keep), range(options.seed, options.seed + options.rounds)):
            if failure:
                failures.append(failure)
                print(f"test-differential: {failure}", file=sys.stderr, flush=True)
                if len(failures) >= 5:
                    os._exit(1)
            else:
                counts[operation] = counts.get(operation, 0) + 1
                if sum(counts.values()) % 1000 == 0:
                    print(f"{sum(counts.values())} rounds", file=sys.stderr, flush=True)
    print(f"{options.rounds} rounds from seed {options.seed}: {', '.join(f'{n} {name}' for name, n in sorted(counts.items()))}; {len(failures)} differ from NumPy")
    sys.exit(1 if failures else 0)


main()
