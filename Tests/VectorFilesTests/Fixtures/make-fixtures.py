#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the small .npy fixtures of the file tests with NumPy: what NumPy writes is what we must read, and for float32 and
int64 what we must write, byte for byte."""

import numpy as np

values = np.array([[0, 1, 2.5], [-3, 100, 0.5]])
for name, kind in {"f2": "<f2", "f4": "<f4", "f8": "<f8", "i1": "i1", "u1": "u1"}.items():
    np.save(name + ".npy", (np.abs(values) if name == "u1" else values).astype(kind))
for version in [(1, 0), (2, 0), (3, 0)]:
    with open(f"version{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, values.astype("<f4"), version=version)
np.save("fortran.npy", np.asfortranarray(values.astype("<f4")))
np.save("big.npy", values.astype(">f4"))
np.save("structured.npy", np.zeros(3, [("a", "<f4"), ("b", "<i4")]))
np.save("flat.npy", values[0].astype("<f4"))
np.save("cube.npy", np.zeros((2, 2, 2), "<f4"))
np.save("scalar.npy", np.array(1, "<f4"))
np.save("int64.npy", values.astype("<i8"))
np.save("complex.npy", values.astype("<c8"))
np.save("unicode.npy", values.astype("<U5"))
np.save("object.npy", np.array([[{}, None]], object), allow_pickle=True)
np.save("norows.npy", np.zeros((0, 3), "<f4"))
np.save("nocolumns.npy", np.zeros((3, 0), "<f4"))
# What result files must be.
np.save("rows.npy", np.array([[5, 2], [1, 0]], "<i8"))
np.save("scores.npy", np.array([[0.5, 0.25], [1, -0.125]], "<f4"))
np.save("flatrows.npy", np.array([0, 1], "<i8"))
np.save("flatscores.npy", np.array([1, 1], "<f4"))
np.save("offsets.npy", np.array([0, 1, 1, 2], "<i8"))
np.save("pairs.npy", np.array([[0, 1], [0, 3], [2, 3]], "<i8"))
np.save("pairscores.npy", np.array([0.5, 0.25, 1], "<f4"))
np.save("wide.npy", np.arange(12345, dtype="<f4").reshape(1, 12345))
