# SPDX-License-Identifier: Apache-2.0
"""A BERT encoder as a graph of ONNX, made of the weights of a model folder: what an export of the model computes, with mean pooling."""
import json

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer


class ONNXEncoder:
    def __init__(self, folder, threads):
        self.shape = json.loads((folder / "config.json").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        graph = Graph(load_file(folder / "model.safetensors"), self.shape).bytes()
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"])

    def encode(self, texts, batch=64):
        """Unit vectors of texts, by length in batches, as sentence-transformers does it."""
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        vectors = np.empty((len(ids), self.shape["hidden_size"]), np.float32)
        for start in range(0, len(ids), batch):
            some = order[start : start + batch]
            longest = max(len(ids[i]) for i in some)
            tokens = np.zeros((len(some), longest), np.int64)
            isThere = np.zeros((len(some), longest), np.float32)
            for row, i in enumerate(some):
                tokens[row, : len(ids[i])] = ids[i]
                isThere[row, : len(ids[i])] = 1
            feed = {
                "ids": tokens,
                "positions": np.tile(np.arange(longest), (len(some), 1)),
                "mask": ((isThere - 1) * 1e9)[:, None, None, :],
            }
            hidden = self.session.run(["hidden"], feed)[0]
            pooled = (hidden * isThere[:, :, None]).sum(1) / isThere.sum(1, keepdims=True)
            vectors[some] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return vectors


class Graph:
    def __init__(self, weights, shape):
        self.weights, self.nodes, self.constants = weights, [], []
        width, heads, epsilon = shape["hidden_size"], shape["num_attention_heads"], shape["layer_norm_eps"]
        self.constant("split", np.array([0, 0, heads, width // heads], np.int64))
        self.constant("join", np.array([0, 0, width], np.int64))
        self.constant("scale", np.float32(1 / np.sqrt(width // heads)))
        words = self.node("Gather", self.weight("embeddings.word_embeddings.weight"), "ids")
        places = self.node("Gather", self.weight("embeddings.position_embeddings.weight"), "positions")
        types = self.constant("types", weights["embeddings.token_type_embeddings.weight"][0])
        x = self.norm(self.node("Add", self.node("Add", words, places), types), "embeddings.LayerNorm", epsilon)
        for layer in range(shape["num_hidden_layers"]):
            name = f"encoder.layer.{layer}."
            queries, keys, values = (
                self.node("Transpose", self.node("Reshape", self.linear(x, f"{name}attention.self.{part}"), "split"), perm=order)
                for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
            )
            scores = self.node("Add", self.node("Mul", self.node("MatMul", queries, keys), "scale"), "mask")
            context = self.node("MatMul", self.node("Softmax", scores, axis=-1), values)
            context = self.node("Reshape", self.node("Transpose", context, perm=[0, 2, 1, 3]), "join")
            attended = self.node("Add", self.linear(context, f"{name}attention.output.dense"), x)
            x = self.norm(attended, f"{name}attention.output.LayerNorm", epsilon)
            inner = self.node("Gelu", self.linear(x, f"{name}intermediate.dense"))
            x = self.norm(self.node("Add", self.linear(inner, f"{name}output.dense"), x), f"{name}output.LayerNorm", epsilon)
        self.nodes.append(helper.make_node("Identity", [x], ["hidden"]))

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(self, name, transposed=False):
        array = self.weights[name].astype(np.float32)
        return self.constant(name, array.T if transposed else array)

    def node(self, kind, *inputs, **settings):
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **settings))
        return name

    def linear(self, x, name):
        return self.node("Add", self.node("MatMul", x, self.weight(f"{name}.weight", transposed=True)), self.weight(f"{name}.bias"))

    def norm(self, x, name, epsilon):
        gain, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", x, gain, shift, axis=-1, epsilon=epsilon)

    def bytes(self):
        value = helper.make_tensor_value_info
        inputs = [
            value("ids", TensorProto.INT64, ["texts", "length"]),
            value("positions", TensorProto.INT64, ["texts", "length"]),
            value("mask", TensorProto.FLOAT, ["texts", 1, 1, "length"]),
        ]
        outputs = [value("hidden", TensorProto.FLOAT, ["texts", "length", "width"])]
        graph = helper.make_graph(self.nodes, "bert", inputs, outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9).SerializeToString()
