# SPDX-License-Identifier: Apache-2.0
"""Draws models of the BERT family with random weights and compares their vectors with those of sentence-transformers; see scripts/test-models.

Sizes, pooling, modules, activation, case, names and types of tensors, limits and prompts are drawn; weights are large enough that attention and activations matter.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules
from transformers import BertConfig, BertModel, BertTokenizerFast

WORDS = "how do i reset my password the mail server was down dog breed neighbor vector matrix search query passage café naïve Ünï B É".split()
PIECES = ["##s", "##ing", "##ed", "##a", "##b", "##é", ".", ",", "?", "!", "'", "-", "1", "2", "##0", "日", "本"]


def texts(draw):
    found = ["", "   ", "password", "Password PASSWORD", "日本", "café naïve", "the dog " * 60, "x" * 120, "passage: query: [SEP] [MASK]"]
    for _ in range(30):
        words = [draw.choice(WORDS) + draw.choice(["", "s", "ing", "ed", ".", ",", "?", "0", " ", "ab"]) for _ in range(draw.randint(1, 40))]
        found.append(" ".join(words))
    return found


def make(draw, folder):
    """A folder of sentence-transformers with a random model, and what it is."""
    head, heads = draw.choice([(32, 2), (32, 12), (64, 6), (48, 4), (64, 16), (20, 3)])
    width = head * heads
    layers = draw.choice([1, 2, 3, 6, 12, 24]) if width < 512 else draw.choice([2, 3])
    cased = draw.random() < 0.4
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + sorted({w if cased else w.lower() for w in WORDS}) + list("abcdefgxyz") + PIECES
    vocabulary = list(dict.fromkeys(vocabulary))
    parts = folder / "parts"
    parts.mkdir(parents=True)
    (parts / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=draw.choice([2, 3, 4]) * width,
        hidden_act=draw.choice(["gelu", "gelu", "gelu_new", "relu"]), max_position_embeddings=draw.choice([64, 128]), layer_norm_eps=draw.choice([1e-12, 1e-5]),
        initializer_range=draw.choice([0.02, 0.08]))
    model = BertModel(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "LayerNorm" in name or name.endswith("bias"):
                weight.add_(0.1 * torch.randn_like(weight))
    model.save_pretrained(parts)
    BertTokenizerFast(str(parts / "vocab.txt"), do_lower_case=not cased).save_pretrained(parts)
    transformer = modules.Transformer(str(parts), max_seq_length=draw.choice([None, 16, 64]))
    pooling = draw.choice(["mean", "cls", "max"])
    chain = [transformer, modules.Pooling(width, pooling_mode=pooling)]
    size = width
    if draw.random() < 0.4:
        size = draw.choice([17, 64, width])
        activation = draw.choice([torch.nn.Tanh(), torch.nn.Identity(), torch.nn.ReLU()])
        chain.append(modules.Dense(width, size, activation_function=activation))
    if draw.random() < 0.6:
        chain.append(modules.Normalize())
    prompts = {"query": "query: ", "passage": "passage: "} if draw.random() < 0.5 else {}
    encoder = SentenceTransformer(modules=chain, device="cpu", prompts=prompts or None)
    encoder.eval()
    saved = folder / "model"
    encoder.save(str(saved))
    type_name = draw.choice(["float32", "float32", "float16", "bfloat16"])
    prefix = draw.choice(["", "bert."])
    weights = saved / "model.safetensors"
    stored = load_file(weights)
    halved = {name: tensor.to(getattr(torch, type_name)) for name, tensor in stored.items()}
    # The reference computes in floats with the rounded weights.
    encoder[0].auto_model.load_state_dict({name: tensor.float() for name, tensor in halved.items()}, strict=False)
    save_file({prefix + name: tensor.contiguous() for name, tensor in halved.items()}, weights)
    what = (
        f"{layers} layers of {width}, {heads} heads, {config.hidden_act}, {pooling}, {[type(m).__name__ for m in chain[2:]]}, {type_name}, "
        f"{'cased' if cased else 'uncased'}, limit {encoder.max_seq_length}, prompts {bool(prompts)}"
    )
    return encoder, saved, prompts, what


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--simile", required=True)
    parser.add_argument("--models", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    worst = 1.0
    for number in range(options.models):
        seed = options.seed + number
        draw = random.Random(seed)
        torch.manual_seed(seed)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            encoder, saved, prompts, what = make(draw, folder)
            lines = [text for text in texts(draw) if text.strip()]
            (folder / "t.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            for prompt in [None, *prompts]:
                expected = encoder.encode(lines, prompt_name=prompt, batch_size=8)
                command = [options.simile, "embed", "--input", folder / "t.txt", "--model", saved, "--output", folder / "v.npy", "--quiet"]
                done = subprocess.run([*map(str, command), *(["--prompt", prompt] if prompt else [])], capture_output=True, text=True)
                if done.returncode:
                    sys.exit(f"test-models: seed {seed}: {what}: {done.stderr}")
                found = np.load(folder / "v.npy")
                lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
                # A vector of zeros, as ReLU may give, has no direction.
                cosines = np.where(lengths > 0, (found * expected).sum(1) / np.where(lengths > 0, lengths, 1), 1)
                apart = np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)
                worst = min(worst, cosines.min())
                if found.shape != expected.shape or cosines.min() < 0.99999 or apart > 1e-3:
                    sys.exit(f"test-models: seed {seed}: {what}: cosine {cosines.min():.7f} of {lines[int(cosines.argmin())]!r}, {apart:.1e} apart")
            print(f"seed {seed}: {what}: cosine at least {cosines.min():.8f}, {apart:.1e} apart", flush=True)
    print(f"{options.models} models: lowest cosine {worst:.8f}")


main()
