# SPDX-License-Identifier: Apache-2.0
"""Tests of what decides about a result: agreement, digests, ratios, the report; `scripts/bench` runs them."""

from __future__ import annotations

import re
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

import report
from agreement import Agreement, Neighbors, Pairs, digest
from jobs import AUTO, FAISS, JOBS, chosen
from results import Entry, Measured, Results


class AgreementTests(unittest.TestCase):
    # Cosines with the first: 1, 0.8, 0.8 but for rounding, 0.6, 0.
    rows = np.array([[1, 0], [0.8, 0.6], [0.8, -0.6000001], [0.6, 0.8], [0, 1]], dtype=np.float32)

    def neighbors(self, found: list[int], exact: list[int]) -> Agreement:
        return Neighbors(np.array([found])).agreement(Neighbors(np.array([exact])), self.rows[:1], self.rows)

    def test_order_does_not_matter(self) -> None:
        self.assertEqual(self.neighbors([1, 0], [0, 1]), Agreement(1, 0))

    def test_a_tie_is_explained(self) -> None:
        self.assertEqual(self.neighbors([0, 2], [0, 1]), Agreement(0.5, 0))

    def test_a_wrong_neighbor_is_not(self) -> None:
        self.assertEqual(self.neighbors([0, 3], [0, 1]), Agreement(0.5, 1))

    def test_a_row_twice_is_one_row(self) -> None:
        self.assertEqual(self.neighbors([0, 0], [0, 1]), Agreement(0.5, 1))

    def test_another_shape_is_all_wrong(self) -> None:
        self.assertEqual(self.neighbors([0], [0, 1]), Agreement(0, 2))

    def test_self_is_left_out_wherever_it_stands(self) -> None:
        found = Neighbors.without_self(np.array([[0, 5, 6], [7, 1, 8], [7, 8, 9]]), 2)
        self.assertEqual(found.rows.tolist(), [[5, 6], [7, 8], [7, 8]])

    def test_pairs(self) -> None:
        found = Pairs.of(np.array([1, 0, 2, 2, 0]), np.array([0, 1, 2, 0, 3]))
        exact = Pairs.of(np.array([0, 1]), np.array([1, 2]))
        self.assertEqual(found.keys.tolist(), [1, 2, 3])
        # Of {01, 02, 03} and {01, 12}: 02 is at the threshold, 03 (0.6) and 12 (0.28) are below it.
        result = found.agreement(exact, self.rows, 0.8)
        self.assertEqual((round(result.share, 6), result.unexplained), (0.25, 2))


class ResultsTests(unittest.TestCase):
    def results(self) -> Results:
        job = Measured("large-batch", 10, 20, 3, "2026-01-01", "abc", 0.1)
        counters = {"pairs": 200, "filtered": 150, "verdicts": 50}
        job.entries = [
            Entry(FAISS, "faiss-cpu 1", "Haswell", [4.0, 10.0, 4.2], share=0.5, unexplained=2),
            Entry(AUTO, seconds=[1.0, 2.0, 1.0], engine="blas", counters=counters, share=1.0),
            Entry("simile --engine bounded", note="not <there>"),
        ]
        about = {"cpu": "C", "cores": 2, "instructions": [], "caches": "", "memoryGiB": 1, "system": "", "python": "3"}
        return Results(about, 2, False, [job])

    def test_a_ratio_is_that_within_rounds(self) -> None:
        job = self.results().jobs[0]
        self.assertAlmostEqual(job.ratio(FAISS, AUTO) or 0, 4.2)
        self.assertIsNone(job.ratio("simile --engine bounded", AUTO))

    def test_a_file_reads_back_and_another_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.json"
            self.results().save(path)
            self.assertEqual(Results.load(path), self.results())
            for text in ("", "{}", '{"version":1}', '{"version":0,"jobs":[]}', '{"version":1,"jobs":[{}]}'):
                path.write_text(text)
                self.assertRaises(ValueError, Results.load, path)

    def test_the_report_has_a_column_a_machine_and_its_chart_is_whole(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            other = self.results()
            other.machine = {**other.machine, "name": "Zen 9"}
            faster = Entry(f"{FAISS}, OPENBLAS_CORETYPE=X", seconds=[2.0, 2.0, 2.0])
            other.jobs[0].entries.insert(1, faster)
            report.write([self.results(), other], Path(folder))
            text = (Path(folder) / "RESULTS.md").read_text()
            # Against the faster of the two ways.
            self.assertRegex(text, r"\| 2\. .*: FAISS IndexFlatIP \| 4.2x \| 2x \|")
            self.assertIn(f"| {FAISS}, OPENBLAS_CORETYPE=X |  | 2.00 s, 2x |", text)
            self.assertIn("| simile --engine bounded | not <there> | not <there> |", text)
            self.assertIn("- Zen 9, FAISS IndexFlatIP: 50.0 % the same; **2 differences", text)
            drawn = set(re.findall(r"\(charts/(.*?)\)", text))
            self.assertEqual(drawn, {path.name for path in (Path(folder) / "charts").iterdir()})
            for name in drawn:
                ElementTree.parse(Path(folder) / "charts" / name)

    def test_a_machine_has_a_file_of_its_own(self) -> None:
        results = self.results()
        results.machine["cpu"] = "AMD EPYC (family 25, model 17)"
        self.assertEqual(results.file_name, "amd-epyc-family-25-model-17.json")

    def test_the_digest_is_that_of_the_program(self) -> None:
        # Two words, worked by hand with Python's own integers.
        mask = 2**64 - 1

        def mixed(z: int) -> int:
            z = (z ^ z >> 30) * 0xBF58_476D_1CE4_E5B9 & mask
            z = (z ^ z >> 27) * 0x94D0_49BB_1331_11EB & mask
            return z ^ z >> 31

        wanted = (mixed(5 ^ mixed(0)) + mixed(9 ^ mixed(1))) & mask
        self.assertEqual(digest(np.array([5]), np.array([9], dtype=np.uint32)), f"{wanted:016x}")


class JobTests(unittest.TestCase):
    def test_jobs_are_chosen_by_number_or_key(self) -> None:
        self.assertEqual([job.key for job in chosen("5, batch")], ["batch", "self-join-0.9", "self-join-0.8"])
        self.assertEqual(chosen(None), list(JOBS))
        self.assertRaises(ValueError, chosen, "1,77")


if __name__ == "__main__":
    unittest.main()
