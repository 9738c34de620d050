# SPDX-License-Identifier: Apache-2.0
"""Vector files in all formats that simile reads, as other software writes them, and the results that it writes."""
import csv
import gzip
import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from safetensors.numpy import save_file

INTEGERS = {"u1": (0, 255), "i1": (-128, 127), "i4": (-(2**31), 2**31 - 1)}
TYPES = {
    ".npy": ["f4", "f4", "f2", "f8", "i1", "u1"], ".safetensors": ["f4", "f2", "f8", "i1", "u1", "i4"], ".fvecs": ["f4"], ".bvecs": ["u1"], ".ivecs": ["i4"],
    ".fbin": ["f4"], ".f16bin": ["f2"], ".u8bin": ["u1"], ".i8bin": ["i1"], ".parquet": ["f4", "f8", "f2"], ".jsonl": ["f4", "f8"], ".csv": ["f4", "f8"],
}


def holds(rows, kind):
    """Whether a type holds these float32 values, each of them exactly."""
    if kind not in INTEGERS:
        with np.errstate(all="ignore"):
            return kind != "f2" or bool((rows.astype("f2").astype("f4") == rows).all())
    low, high = INTEGERS[kind]
    return bool(np.isfinite(rows).all() and (rows == np.rint(rows)).all() and (rows >= low).all() and (rows <= high).all()) and not np.signbit(rows[rows == 0]).any()


def compress(draw, path):
    """Perhaps puts a file into a gzip or zstd one; returns its path."""
    how = draw.choice(["", "", "", "", ".gz", ".zst"])
    if not how:
        return path
    raw = path.read_bytes()
    into = path.with_name(path.name + how)
    if how == ".gz":
        cut = draw.randrange(len(raw) + 1)
        # Several members are one file.
        into.write_bytes(gzip.compress(raw[:cut], draw.randint(0, 9)) + gzip.compress(raw[cut:], draw.randint(1, 9)))
    else:
        into.write_bytes(pa.compress(raw, "zstd", asbytes=True))
    path.unlink()
    return into


def write(draw, folder, stem, rows, may_be_text=True, may_be_compressed=True):
    """Writes float32 rows in a format and type that hold them; returns the path and the ids that the file has."""
    fitting = [(e, t) for e, types in TYPES.items() for t in types if holds(rows, t) and (may_be_text or e not in (".jsonl", ".csv", ".parquet"))]
    finite = bool(np.isfinite(rows).all())
    fitting = [(e, t) for e, t in fitting if finite or e not in (".jsonl", ".csv")]
    if not len(rows):
        fitting = [(e, t) for e, t in fitting if e in (".npy", ".safetensors", ".fbin")]
    ending, kind = draw.choice(fitting)
    path = folder / (stem + ending)
    stored = rows.astype(kind)
    ids = draw.choice([None, "text", "number"]) if ending in (".jsonl", ".csv", ".parquet") else None
    names = None if ids is None else [f"é {i}\"," if ids == "text" else i * 7 - 3 for i in range(len(rows))]
    if ending == ".npy":
        np.save(path, stored)
        if draw.random() < 0.2:
            with open(path, "wb") as file:
                np.lib.format.write_array(file, stored, version=draw.choice([(2, 0), (3, 0)]))
    elif ending == ".safetensors":
        tensors = {"v": stored}
        if draw.random() < 0.3:
            tensors["other"] = np.ones(3, "f4")
        save_file(tensors, path, metadata=draw.choice([None, {"made": "by a test"}]))
        if len(tensors) > 1:
            path = path.with_name(path.name + "#v")
            may_be_compressed = False
    elif ending.endswith("vecs"):
        path.write_bytes(b"".join(struct.pack("<i", rows.shape[1]) + row.tobytes() for row in stored))
    elif ending.endswith("bin"):
        path.write_bytes(struct.pack("<ii", *rows.shape) + stored.tobytes())
    elif ending == ".parquet":
        element = {"f2": pa.float16(), "f4": pa.float32(), "f8": pa.float64()}[kind]
        column = draw.choice([pa.list_(element), pa.list_(element, rows.shape[1])])
        columns = {"embedding": pa.array(list(stored), column)}
        if names is not None:
            columns["id"] = pa.array(names)
        pa.parquet.write_table(
            pa.table(columns), path, compression=draw.choice(["none", "snappy", "gzip", "zstd"]), data_page_version=draw.choice(["1.0", "2.0"]),
            use_dictionary=draw.random() < 0.5, row_group_size=draw.choice([3, 50, 10**6]), data_page_size=draw.choice([64, 10**6]))
    else:
        # The shortest text of a float, or all digits of the double.
        lists = [[float(str(v)) if kind == "f4" else float(v) for v in row] for row in rows]
        with open(path, "w", encoding="utf-8", newline="") as file:
            if ending == ".jsonl":
                for i, values in enumerate(lists):
                    record = {"text": "x", "embedding": values} | ({} if names is None else {"id": names[i]})
                    file.write(json.dumps(record, ensure_ascii=draw.random() < 0.5) + draw.choice(["\n", "\r\n", "\n\n"]))
            else:
                out = csv.writer(file, lineterminator=draw.choice(["\n", "\r\n"]))
                out.writerow(["embedding"] + ([] if names is None else ["id"]))
                for i, values in enumerate(lists):
                    out.writerow([json.dumps(values)] + ([] if names is None else [names[i]]))
    if may_be_compressed:
        path = compress(draw, path)
    return path, names


def records(path_or_text):
    """The objects of a .jsonl file or of a text of its kind."""
    text = path_or_text if isinstance(path_or_text, str) else path_or_text.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def number(value):
    return np.float32(value)


def search_result(path, count, metric):
    """For each query its (row, reported score), and the ids of queries and rows where the file has them."""
    name = "distance" if metric == "euclidean" else "score"
    found = [[] for _ in range(count)]
    queries, ids = {}, {}
    if path.suffix == ".jsonl":
        for record in records(path):
            found[record["query"]] = [(n["row"], number(n[name])) for n in record["neighbors"]]
            if "queryId" in record:
                queries[record["query"]] = record["queryId"]
            ids |= {n["row"]: n["id"] for n in record["neighbors"] if "id" in n}
    elif path.suffix == ".npy":
        rows = np.load(path.with_suffix(".rows.npy"))
        values = np.load(path.with_suffix(".scores.npy"))
        offsets = path.with_suffix(".offsets.npy")
        ends = np.load(offsets) if offsets.exists() else np.arange(count + 1) * (rows.shape[1] if rows.ndim == 2 else 0)
        flat, flat_values = rows.reshape(-1), values.reshape(-1)
        for query in range(count):
            found[query] = [(int(r), v) for r, v in zip(flat[ends[query] : ends[query + 1]], flat_values[ends[query] : ends[query + 1]])]
    else:
        for record in table(path):
            assert len(found[record["query"]]) + 1 == record["rank"]
            found[record["query"]].append((record["row"], number(record[name])))
            if "queryId" in record:
                queries[record["query"]] = record["queryId"]
            if "id" in record:
                ids[record["row"]] = record["id"]
    return found, queries, ids


def join_result(path, metric):
    name = "distance" if metric == "euclidean" else "score"
    if path.suffix == ".npy":
        return [(int(a), int(b), s) for (a, b), s in zip(np.load(path.with_suffix(".pairs.npy")).reshape(-1, 2), np.load(path.with_suffix(".scores.npy")))]
    lines = records(path) if path.suffix == ".jsonl" else table(path)
    return [(r["a"], r["b"], number(r[name])) for r in lines]


def table(path):
    """The records of a .csv or .parquet file, with whole numbers as such."""
    if path.suffix == ".parquet":
        return pa.parquet.read_table(path).to_pylist()
    with open(path, encoding="utf-8", newline="") as file:
        return [{k: int(v) if k in ("query", "rank", "row", "a", "b") else v for k, v in record.items()} for record in csv.DictReader(file)]
