# SPDX-License-Identifier: Apache-2.0
# Makes the files beside it, with pyarrow 26: python3 make.py. All have the rows of `expected.json`.
import json
import pyarrow as pa
import pyarrow.parquet as pq

count = 21
texts = [None if i % 7 == 6 else ["plain", "béta 日本", "", "plain", "x" * 40, '"quoted", 𝄞'][i % 6] for i in range(count)]
vectors = [None if i == 3 else [i / 4, -i / 8, 1.5] for i in range(count)]
flags = [None if i % 5 == 4 else i % 3 == 0 for i in range(count)]
nested = [None if i % 4 == 3 else [{"a": i, "b": [str(i)] * (i % 3)}] * (i % 2) for i in range(count)]
json.dump({"id": list(range(100, 100 + count)), "text": texts, "embedding": vectors}, open("expected.json", "w"), ensure_ascii=False)

def table(element=pa.float32(), fixed=False):
    kind = pa.list_(element, 3) if fixed else pa.list_(element)
    return pa.table({
        "id": pa.array(range(100, 100 + count), pa.int64()), "text": pa.array(texts), "embedding": pa.array(vectors, kind),
        "flag": pa.array(flags), "nested": pa.array(nested), "time": pa.array([i * 1000 for i in range(count)], pa.timestamp("us")),
        "amount": pa.array([i if i % 2 else None for i in range(count)], pa.decimal128(20, 3)),
    })

plain = dict(use_dictionary=False, write_statistics=False)
pq.write_table(table(), "plain-v1.parquet", compression="none", data_page_version="1.0", row_group_size=8, **plain)
pq.write_table(table(), "plain-v2.parquet", compression="none", data_page_version="2.0", **plain)
pq.write_table(table(pa.float64()), "dictionary-snappy.parquet", compression="snappy", write_statistics=False)
pq.write_table(table(pa.float16(), True), "halves-gzip.parquet", compression="gzip", write_statistics=False)
pq.write_table(table(fixed=True), "zstd-v2.parquet", compression="zstd", data_page_version="2.0", data_page_size=100, **plain)
pq.write_table(
    table(), "delta.parquet", compression="none", use_dictionary=False, write_statistics=False,
    column_encoding={"id": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY", "embedding.list.element": "BYTE_STREAM_SPLIT"},
)
pq.write_table(
    table(), "lengths.parquet", compression="snappy", use_dictionary=False, write_statistics=False, data_page_version="2.0",
    column_encoding={"text": "DELTA_LENGTH_BYTE_ARRAY"},
)
pq.write_table(table(), "brotli.parquet", compression="brotli", write_statistics=False)
pq.write_table(table().slice(0, 0), "empty.parquet", compression="none", write_statistics=False)
