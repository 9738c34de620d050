# SPDX-License-Identifier: Apache-2.0
"""Trains tokenizers of the kinds that models have and writes what the reference makes of hostile texts, for `TokenizerKindTests`; see scripts/test-tokenizers."""
import argparse
import importlib.util
import json
import pathlib
import random

import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
POOLS = ["abc xyz", ".,;!?'\"-()[]<>", "éüñçßİıſKÅﬁ½Ⅷ①", "日本語かなカナ한국어ｶﾞ", "😀👍🏽👨‍👩‍👧🇩🇪", "\t\n\r\u00a0\u2003\u3000\u200b\ufeff\0\a\ufffd",
         "\u0301\u0308\u0327\u093c\u0e31", "0123456789٣४", "ДЖжабв אבג عربي हिन्दी ไทย", "▁Ġ</s><s><unk>"]


def drawn(draw, words):
    """A text of words, awkward characters and code points from anywhere."""
    parts = []
    for _ in range(draw.randint(0, 25)):
        choice = draw.random()
        if choice < 0.35:
            parts.append(draw.choice(words) + draw.choice([" ", "", " ", "  "]))
        elif choice < 0.9:
            parts.append(draw.choice(draw.choice(POOLS)))
        else:
            ranges = [(1, 0x2FF), (0x300, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)]
            parts.append(chr(draw.randint(*draw.choice(ranges))))
    return "".join(parts)


def code_points():
    """Every code point of the ranges that have many scripts, and one in fifty of the others, inside of a word."""
    whole = [(0x80, 0x3400), (0xA000, 0xAC00), (0xD700, 0xD800), (0xE000, 0x18000), (0x1B000, 0x20000)]
    places = {c for start, end in whole for c in range(start, end)} | set(range(0, 0x110000, 50))
    return [f"ab{chr(c)}ed" for c in sorted(places) if not 0xD800 <= c < 0xE000]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--glosses", required=True, help="lines of JSON with a field text")
    parser.add_argument("--output", required=True)
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    source = HERE.parent / "TextEncoderTests/Fixtures/make-tokenizers.py"
    spec = importlib.util.spec_from_file_location("make_tokenizers", source)
    kinds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kinds)
    with open(options.glosses, encoding="utf-8") as lines:
        glosses = [json.loads(line)["text"] for line in lines][:3000]
    draw = random.Random(options.seed)
    words = sorted({word for gloss in glosses[:500] for word in gloss.split()})
    texts = glosses[:300] + kinds.TEXTS + [drawn(draw, words) for _ in range(options.texts)] + code_points()
    for number, (name, tokenizer) in enumerate(kinds.trained(glosses + 3 * kinds.TEXTS, size=10).items()):
        folder = pathlib.Path(options.output) / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        count = len(tokenizer.get_vocab())
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "config.json").write_text(json.dumps({"model_type": "model2vec", "max_length": None}))
        save_file({"embeddings": np.zeros((count, 1), np.float32)}, folder / "model.safetensors")
        (folder / "expected.json").write_text(
            json.dumps({"name": name, "texts": texts, "ids": kinds.ids(tokenizer, texts)}), encoding="utf-8")
        print(f"{name}: {count} pieces, {len(texts)} texts", flush=True)


main()
