# SPDX-License-Identifier: Apache-2.0
# Makes tokenizers.json: small tokenizers of the kinds that static models have, texts, and the ids that the library gives them.
#
#   pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf
#   python make-tokenizers.py
import json
import pathlib
import random
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

TEXTS = [
    "How do I reset my password?", "I forgot my password, and it's gone.", "they're here: we'll see (maybe) -- don't!",
    "The mail server was down for 123 minutes on 2024-05-17.", "a dog of the breed; dogs, dogged, doggedly",
    "  two  spaces   and more ", "tabs\tand\nlines\r\n", "Ünïcödé naïve café İstanbul", "日本語のテキスト 東京", "한국어 문장",
    "emoji 😀 👍🏽 👨‍👩‍👧", "½ Ⅷ ١٢٣ ①", "ﬁ ﬂ ß \u212b A\u030a", "हिन्दी עברית ไทย", "New York, new york", "x<mask> y  <mask>z", "", " ", "▁ Ġ <s> </s>",
]


def drawn(generator):
    pools = ["abc xyz ", ".,;!?'\"-()", "éüñçßİıﬁ½Ⅷ①", "日本かナ한ｶﾞ", "😀👍🏽\u200d🇩🇪", "\t\n\r\u00a0\u2003\u3000\u200b\ufeff\0\ufffd",
             "\u0301\u0308\u093c\u093f", "0123٣४", "ДЖж אב عر", "▁Ġ"]
    return "".join(generator.choice(generator.choice(pools)) for _ in range(generator.randint(1, 14)))


def unigram(texts, normalizer, pre_tokenizer, size):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pre_tokenizer
    trainer = trainers.UnigramTrainer(vocab_size=size, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def byte_pairs(texts, normalizer, pre_tokenizer, model={}, **training):
    tokenizer = Tokenizer(models.BPE(**model))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(show_progress=False, **training))
    return tokenizer


def sentence_piece(texts, folder, size, bytes_too=True, rule=None):
    """A model of SentencePiece with a character map of its own, with byte pieces."""
    rules = {"ﬁ": "fi", "ﬂ": "fl", "\u212b": "\u00c5", "①": "1", "½": "1⁄2", "\u3000": " ", "\t": " ", "\n": " ", "e\u0301": "\u00e9", "👍🏽": "👍"}
    lines = (" ".join(f"{ord(c):X}" for c in a) + "\t" + " ".join(f"{ord(c):X}" for c in b) for a, b in rules.items())
    (folder / "rules.tsv").write_text("\n".join(lines) + "\n")
    (folder / "texts").write_text("\n".join(" ".join(t.split()) for t in texts if t.strip()))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "texts"), model_prefix=str(folder / "m"), vocab_size=size, model_type="unigram", byte_fallback=bytes_too,
        **({"normalization_rule_name": rule} if rule else {"normalization_rule_tsv": str(folder / "rules.tsv")}), hard_vocab_limit=False, character_coverage=0.98, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString((folder / "m.model").read_bytes())
    tokenizer = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], 0, bytes_too))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    return tokenizer


def trained(texts, size=1):
    """A tokenizer of each kind. `size`: how many times as many pieces as the fixture has."""
    N, P = normalizers, pre_tokenizers
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        kinds = {
            "unigram": unigram(texts, N.Sequence([N.Replace(".", " . "), N.Replace(Regex(r"\s+"), " "), N.Strip()]),
                               P.Metaspace(prepend_scheme="always", split=False), 160 * size),
            "unigram of words": unigram(
                texts, N.Sequence([N.NFD(), N.Lowercase(), N.StripAccents()]),
                P.Sequence([P.WhitespaceSplit(), P.Metaspace(prepend_scheme="first"), P.Digits(True)]), 160 * size),
            "unigram with a character map": sentence_piece(texts, folder, 380 if size == 1 else 150 * size),
            "byte pairs of bytes": byte_pairs(
                texts, None, P.ByteLevel(), vocab_size=420 if size == 1 else 150 * size, initial_alphabet=sorted(P.ByteLevel.alphabet())),
            "byte pairs of words": byte_pairs(texts, N.Lowercase(), P.Whitespace(), dict(unk_token="<unk>"), vocab_size=120 * size,
                                              special_tokens=["<unk>"], limit_alphabet=40),
            "byte pairs, unknown ones fused": byte_pairs(
                texts, N.BertNormalizer(), P.Sequence([P.Punctuation(), P.BertPreTokenizer()]), dict(unk_token="<unk>", fuse_unk=True),
                vocab_size=100 * size, special_tokens=["<unk>"], limit_alphabet=30),
            "byte pairs with bytes": byte_pairs(
                texts, N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), None, dict(unk_token="<unk>", fuse_unk=True, byte_fallback=True),
                vocab_size=400 if size == 1 else 150 * size, special_tokens=["<unk>"] + [f"<0x{i:02X}>" for i in range(256)],
                limit_alphabet=50, max_token_length=8),
        }
        if size > 1:
            for rule in ("nmt_nfkc", "nmt_nfkc_cf"):
                kinds[f"unigram with {rule}"] = sentence_piece(texts, folder, 150 * size, rule == "nmt_nfkc", rule)
    for tokenizer in kinds.values():
        tokenizer.add_tokens([AddedToken("new york", normalized=True), AddedToken("<mask>", normalized=False, lstrip=True)])
    return kinds


def ids(tokenizer, texts):
    """The ids of texts, without the unknown ones, which model2vec leaves out."""
    unknown = json.loads(tokenizer.to_str())["model"].get("unk_id", tokenizer.token_to_id("<unk>"))
    return [[i for i in tokenizer.encode(text, add_special_tokens=False).ids if i != unknown] for text in texts]


if __name__ == "__main__":
    generator = random.Random(1)
    texts = TEXTS + [drawn(generator) for _ in range(60)]
    results = [
        {"name": name, "size": len(tokenizer.get_vocab()), "ids": ids(tokenizer, texts), "tokenizer": json.loads(tokenizer.to_str())}
        for name, tokenizer in trained(TEXTS * 3).items()
    ]
    document = json.dumps({"texts": texts, "tokenizers": results}, ensure_ascii=False, separators=(",", ":"))
    pathlib.Path(__file__).with_name("tokenizers.json").write_text(document, encoding="utf-8")
