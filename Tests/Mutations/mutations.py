# SPDX-License-Identifier: Apache-2.0
"""Breaks bounds one at a time and sees whether the tests notice: see scripts/test-mutations.

All mutants are built at once: each place becomes `mutant_is(N) ? broken : right`, and the process is told N. A mutant that no test fails for is a
survivor, and fails the run.
"""
import argparse
import os
import pathlib
import subprocess
import sys

METRIC, CODES, SCAN, TILING = "Sources/Similarity/Metric/", "Sources/SimilarityKernels/Codes/", "Sources/SimilarityKernels/Scan/", "Sources/Similarity/"
C = "Sources/CSimilarityKernels/"

# (file, what stands there, what stands there instead). Slack terms are halved, or dropped where half of a term that is generous would still be sound, and
# comparisons lose their equal case. Not here is what changes no result: half of the verdict's slack, `d + 64` of which `d / 4 + 8` would do, and the ends of
# ranges that no norm of at most 1e19 reaches.
MUTATIONS = [
    # The filter in single precision.
    (METRIC + "FilterBound.swift", "relativeSlack = terms / (1 - terms) +", "relativeSlack = 0.5 * terms / (1 - terms) +"),
    (METRIC + "FilterBound.swift", "Double(dimension) * 0x1p-149 + 0x1p-120", "0"),
    (METRIC + "FilterBound.swift", "return (Double(value) + Double(below)) / 2", "return Double(value)"),
    (METRIC + "FilterBound.swift", "Float(roundingDown: value - abs(value) * 0x1p-21)", "Float(value)"),
    (METRIC + "FilterBound.swift", "Float(roundingUp: norm)", "Float(norm)"),
    (SCAN + "ScoreTile.swift", "!(score(row, column) < slope * norms[column] + offsets[column] + base)", "score(row, column) > slope * norms[column] + offsets[column] + base"),
    (SCAN + "ThresholdScan.swift", "!(scores[j] < slope * norms[j] + offsets[j] + base)", "scores[j] > slope * norms[j] + offsets[j] + base"),
    (C + "filter_avx2.c", "_mm256_cmp_ps(_mm256_loadu_ps(scores + at), bound, _CMP_NLT_UQ)", "_mm256_cmp_ps(_mm256_loadu_ps(scores + at), bound, _CMP_NLE_UQ)"),
    (C + "filter_avx2.c", "(!(scores[j] < slope * norms[j] + offsets[j] + base))", "(scores[j] > slope * norms[j] + offsets[j] + base)"),
    (C + "filter_avx512.c", "_mm512_cmp_ps_mask(_mm512_loadu_ps(scores + at), bound, _CMP_NLT_UQ)", "_mm512_cmp_ps_mask(_mm512_loadu_ps(scores + at), bound, _CMP_NLE_UQ)"),
    (C + "filter_avx512.c", "_mm512_mask_cmp_ps_mask(here, _mm512_maskz_loadu_ps(here, scores + j), bound, _CMP_NLT_UQ)", "_mm512_mask_cmp_ps_mask(here, _mm512_maskz_loadu_ps(here, scores + j), bound, _CMP_NLE_UQ)"),
    # The integer filter: second stage.
    (CODES + "CodeBound.swift", "query.codedNorm * Double(row.residual) +", "0.5 * query.codedNorm * Double(row.residual) +"),
    (CODES + "CodeBound.swift", "query.residual * Double(row.prefixNorm)", "0.5 * query.residual * Double(row.prefixNorm)"),
    (CODES + "CodeBound.swift", "normSlack * query.norm * block.norm", "0.5 * normSlack * query.norm * block.norm"),
    (CODES + "CodeBound.swift", "slack += query.tailNorm * Double(row.tailNorm)", "slack += 0.5 * query.tailNorm * Double(row.tailNorm)"),
    (CODES + "CodeBound.swift", "query.tailCodedNorm * Double(row.tailResidual)", "0.5 * query.tailCodedNorm * Double(row.tailResidual)"),
    (CODES + "CodeBound.swift", "query.tailResidual * Double(row.tailNorm)", "0.5 * query.tailResidual * Double(row.tailNorm)"),
    (CODES + "CodeBound.swift", "(value - offset, value - offset + slack)", "(value - offset, value - offset)"),
    # First stage.
    (CODES + "CodeLimits.swift", "four(codedNorms) * block.residual", "four(codedNorms) * (0.5 * block.residual)"),
    (CODES + "CodeLimits.swift", "four(residuals) * block.prefixNorm", "four(residuals) * (0.5 * block.prefixNorm)"),
    (CODES + "CodeLimits.swift", "four(norms) * block.norm", "four(norms) * (0.5 * block.norm)"),
    (CODES + "CodeLimits.swift", "four(tailNorms) * (-(1 + 0x1p-21) * inverseScale)", "four(tailNorms) * (-0.5 * inverseScale)"),
    (CODES + "CodeLimits.swift", "var base = value * (1 - 0x1p-21)", "var base = value * (1 + 0x1p-18)"),
    (CODES + "CodeLimits.swift", "base.replace(with: value * (1 + 0x1p-21), where: value .< 0)", "base.replace(with: value * (1 - 0x1p-18), where: value .< 0)"),
    (CODES + "CodeLimits.swift", "four(inverseScales) * ((1 - 0x1p-21) * inverseScale)", "four(inverseScales) * ((1 + 0x1p-18) * inverseScale)"),
    (CODES + "CodeLimits.swift", "base.replace(with: -.infinity, where: .!isSound)\n        slope.replace(with: 0, where: .!isSound)\n        tailSlope", "tailSlope"),
    (CODES + "CodeLimits.swift", "slack * ((1 + CodeBound.rounding) * inverseScale)", "slack * (0.5 * inverseScale)"),
    (CODES + "CodeLimits.swift", "Float(roundingDown: capped - abs(capped) * 0x1p-20 - 1e-36)", "Float(capped + abs(capped) * 0x1p-18)"),
    # What is known of rows and queries.
    (CODES + "CodedRows+Encoding.swift", "Float(roundingUp: prefix.residual + error)", "Float(0.5 * (prefix.residual + error))"),
    (CODES + "CodedRows+Encoding.swift", "Float(roundingUp: prefix.norm * (1 + 0x1p-40) + error)", "Float(0.5 * (prefix.norm * (1 + 0x1p-40) + error))"),
    (CODES + "CodedRows+Encoding.swift", "Float(roundingUp: extent.norm * (1 + 0x1p-40) + error)", "Float(0.5 * (extent.norm * (1 + 0x1p-40) + error))"),
    (CODES + "CodedRows+Encoding.swift", "of: Float(roundingUp: coded.residual + error)", "of: Float(0.5 * (coded.residual + error))"),
    (CODES + "CodedRows+Encoding.swift", "Float(roundingDown: norm * norm * factor)", "Float(roundingUp: norm * norm * factor)"),
    (CODES + "Quantizer.swift", "residual * (1 + 0x1p-40) + underflow", "0.5 * residual + underflow"),
    (CODES + "CodeFilter+Mutual.swift", "candidate.upper + other - mine + (mine + other) * CodeBound.rounding", "candidate.upper"),
    (TILING + "Bounded/PreparedCorpus.swift", "encoding.rotation.defect + FilterBound", "0.5 * encoding.rotation.defect + FilterBound"),
    # Kernels of codes.
    (CODES + "CodeTile.swift", "!(Float(products[r]) < bound)", "Float(products[r]) > bound"),
    (C + "codes_avx2.c", "_mm256_castps_si256(_mm256_cmp_ps(_mm256_cvtepi32_ps(products), bound, _CMP_NLT_UQ))", "_mm256_castps_si256(_mm256_cmp_ps(_mm256_cvtepi32_ps(products), bound, _CMP_NLE_UQ))"),
    (C + "code_row_avx512.h", "_mm512_cmp_ps_mask(_mm512_cvtepi32_ps(sums), bound, _CMP_NLT_UQ)", "_mm512_cmp_ps_mask(_mm512_cvtepi32_ps(sums), bound, _CMP_NLE_UQ)"),
    # Sinks and order.
    (TILING + "Search/TopKSink.swift", "score < otherScore ||", "score <= otherScore ||"),
    (TILING + "Search/TopKSink.swift", "row > otherRow", "row < otherRow"),
    (TILING + "Search/TopKSink.swift", "counts[query] == k ? scores[query &* k] : -.infinity", "counts[query] == k ? scores[query &* k].nextUp : -.infinity"),
    (TILING + "Join/ThresholdSink.swift", "score >= threshold", "score > threshold"),
    (TILING + "Join/ThresholdSink.swift", "{ threshold }", "{ threshold.nextUp }"),
]

# Those that attack bounds come first, since they take a second; what they let through is for the next, and at last for all.
SUITES = [
    "FilterBound|BoundedTerm|CodeTileBound|ThresholdScan|Quantizer|TopKSink|SinkAnd|ExtremeNorm", "CodeTile|CodedAssignment|BoundedOverflow|BoundedSweep|RandomSweep|CodeProduct",
    "SimilarityTests|SimilarityKernelsTests",
]


def put(root):
    """Builds the mutants into the sources at `root`."""
    header = root / C / "include/CSimilarityKernels.h"
    header.write_text(header.read_text() + "\n/// Whether this process is mutant `number`.\nint mutant_is(int number);\n")
    (root / C / "mutant.c").write_text(
        "#include <stdlib.h>\n#include \"CSimilarityKernels.h\"\nstatic int chosen;\n"
        "__attribute__((constructor)) static void choose(void) { const char *number = getenv(\"SIMILE_MUTANT\"); chosen = number ? atoi(number) : 0; }\n"
        "int mutant_is(int number) { return chosen == number; }\n")
    for number, (name, right, broken) in enumerate(MUTATIONS, 1):
        path = root / name
        text = path.read_text()
        if right not in text:
            sys.exit(f"test-mutations: {name} has no {right!r} any more; mend the list of mutations")
        # A statement is chosen by `if`; an expression in its place.
        is_statement = any(right.startswith(word) for word in ("return ", "if ", "var ", "base.", "slack +=")) or "\n" in right or right.startswith("relativeSlack")
        if is_statement and right.startswith("var "):
            variable = right.split()[1]
            mutated = f"{right}\n        if mutant_is({number}) != 0 {{ {variable} = {broken.split('= ', 1)[1]} }}"
        elif right.startswith("relativeSlack"):
            rest = text[text.index(right):].split("\n")[0]
            right, broken = rest, broken + rest[len(right):]
            mutated = f"relativeSlack = mutant_is({number}) != 0 ? {broken.split('= ', 1)[1]} : {right.split('= ', 1)[1]}"
        elif "\n" in right:
            body, last = right.rsplit("\n", 1)
            mutated = f"if mutant_is({number}) == 0 {{\n        {body}\n        }}\n{last}"
        elif is_statement:
            mutated = f"if mutant_is({number}) != 0 {{ {broken} }} else {{ {right} }}" if not right.startswith("return ") else f"if mutant_is({number}) != 0 {{ {broken} }}\n        {right}"
        elif right.startswith("{ "):
            mutated = f"{{ mutant_is({number}) != 0 ? {broken[2:-2]} : {right[2:-2]} }}"
        elif right.startswith("of: "):
            mutated = f"of: mutant_is({number}) != 0 ? {broken[4:]} : {right[4:]}"
        elif right.endswith(" +") or right.endswith(" ||") or right.endswith("+ FilterBound"):
            end = right.rfind(" ") if not right.endswith("FilterBound") else right.rfind(" +")
            tail = right[end:]
            mutated = f"(mutant_is({number}) != 0 ? {broken[: len(broken) - len(tail)]} : {right[:end]}){tail}"
        else:
            mutated = f"(mutant_is({number}) != 0 ? {broken} : {right})"
        text = text.replace(right, mutated)
        if name.endswith(".swift") and "import CSimilarityKernels" not in text:
            text = text.replace("\n\n", "\n\ninternal import CSimilarityKernels\n", 1)
        path.write_text(text)


def test(binary, number, suites, root):
    environment = os.environ | {"SIMILE_MUTANT": str(number), "SWIFT_BACKTRACE": "enable=no"}
    try:
        done = subprocess.run([binary, "--testing-library", "swift-testing", "--filter", suites], cwd=root, env=environment, capture_output=True, text=True, errors="replace", timeout=300)
    except subprocess.TimeoutExpired:
        return "a test that does not end"
    if done.returncode == 0:
        return None
    lines = (done.stdout + done.stderr).splitlines()
    failed = [line.split('"')[1] for line in lines if "✘" in line and 'Test "' in line and "failed after" in line]
    return failed[0] if failed else f"the end of the process ({done.returncode})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--put", action="store_true")
    parser.add_argument("--binary")
    parser.add_argument("--only", type=int, nargs="*")
    options = parser.parse_args()
    if options.put:
        return put(options.root)
    if failure := test(options.binary, 0, SUITES[-1], options.root):
        sys.exit(f"test-mutations: without a mutant, {failure!r} fails")
    count, survivors = 0, []
    for number, (name, right, broken) in enumerate(MUTATIONS, 1):
        if options.only and number not in options.only:
            continue
        count += 1
        caught = next(filter(None, (test(options.binary, number, suites, options.root) for suites in SUITES)), None)
        file = name.rsplit("/", 1)[1]
        print(f"{number:3} {file}: {' '.join(broken.split())[:70]}: {'caught by ' + caught if caught else 'SURVIVES'}", flush=True)
        if not caught:
            survivors.append(number)
    print(f"{count - len(survivors)} of {count} mutants are caught")
    sys.exit(1 if survivors else 0)


main()
