# SPDX-License-Identifier: Apache-2.0
"""What simile's operations must give, worked out the slow way by NumPy: all scores by the formula of the verdict, then sorts and loops.

A score matrix holds canonical scores: minus the distance for euclidean, NaN where a pair has none.
"""
import numpy as np


def lanes(terms):
    """The sum over the last axis as the verdict adds: eight lanes, then ((l0+l4)+(l2+l6))+((l1+l5)+(l3+l7))."""
    lane = np.zeros(terms.shape[:-1] + (8,))
    for start in range(0, terms.shape[-1], 8):
        part = terms[..., start : start + 8]
        lane[..., : part.shape[-1]] += part
    l = [lane[..., i] for i in range(8)]
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))


def is_valid(rows):
    with np.errstate(all="ignore"):
        wide = rows.astype(np.float64)
        return np.isfinite(rows).all(axis=1) & (np.sqrt(lanes(wide * wide)) <= 1e19)


def scores(queries, corpus, metric):
    """Canonical float32 scores of each query with each row."""
    out = np.full((len(queries), len(corpus)), np.nan, np.float32)
    wide = corpus.astype(np.float64)
    valid = is_valid(corpus)
    with np.errstate(all="ignore"):
        lengths = np.sqrt(lanes(wide * wide))
        for i, (query, ok) in enumerate(zip(queries.astype(np.float64), is_valid(queries))):
            if not ok:
                continue
            if metric == "euclidean":
                apart = query - wide
                row = -np.sqrt(lanes(apart * apart)).astype(np.float32) + np.float32(0)
            else:
                row = lanes(query * wide)
                if metric == "cosine":
                    row = row / (np.sqrt(lanes(query * query)) * lengths)
                    row = np.where(np.isnan(row), np.nan, np.clip(row.astype(np.float32), -1, 1))
                    row[~corpus.any(axis=1)] = np.nan
                    if not query.any():
                        row[:] = np.nan
                row = row.astype(np.float32)
            out[i] = np.where(valid, row, np.nan)
    return out


def reported(score, metric):
    return np.float32(0) - score if metric == "euclidean" else score


def nearest(matrix, k, excluding_self=False):
    """For each query the k best (row, canonical score), of equal ones the lower row."""
    found = []
    for query, row in enumerate(matrix):
        keep = ~np.isnan(row)
        if excluding_self and query < len(row):
            keep[query] = False
        rows = np.flatnonzero(keep)
        order = rows[np.argsort(-row[rows].astype(np.float64), kind="stable")][:k]
        found.append([(int(r), row[r]) for r in order])
    return found


def join(matrix, cut, is_self):
    """All (a, b, canonical score) that reach the canonical cut, by a, then b."""
    reaches = np.nan_to_num(matrix.astype(np.float64), nan=-np.inf) >= cut
    if is_self:
        reaches = np.triu(reaches, 1)
    return [(int(a), int(b), matrix[a, b]) for a, b in zip(*np.nonzero(reaches))]


def neighbors(pairs, count):
    near = [{} for _ in range(count)]
    for a, b, score in pairs:
        near[a][b] = near[b][a] = score
    return near


def deduplicated(pairs, count, linkage, keep):
    """For each row the row that is kept for it, itself if it is kept."""
    near = neighbors(pairs, count)
    order = list(range(count))
    if keep == "central":
        order.sort(key=lambda row: (-len(near[row]), -sum(float(near[row][other]) for other in sorted(near[row])), row))
    kept_for = [None] * count
    if linkage == "single":
        for first in order:
            waiting = [first] if kept_for[first] is None else []
            while waiting:
                row = waiting.pop()
                if kept_for[row] is None:
                    kept_for[row] = first
                    waiting += near[row]
        return kept_for
    kept = set()
    for row in order:
        if not kept & near[row].keys():
            kept.add(row)
    return [row if row in kept else min(kept & near[row].keys(), key=lambda other: (-near[row][other], other)) for row in range(count)]


def communities(pairs, count, least):
    """(center, whether it is a member, [(row, canonical score)]) of each community."""
    near = neighbors(pairs, count)
    taken, found = set(), []
    for center in sorted((row for row in range(count) if len(near[row]) + 1 >= least), key=lambda row: (-len(near[row]), row)):
        members = sorted(((row, score) for row, score in near[center].items() if row not in taken), key=lambda m: (-m[1], m[0]))
        if len(members) + (center not in taken) < least:
            continue
        found.append((center, center not in taken, members))
        taken |= {center, *(row for row, _ in members)}
    return sorted(found, key=lambda c: -(len(c[2]) + c[1]))


def mined(matrix, corpus, positives, metric, count, ranks, least, most, margin, share):
    """(query, positive, its reported score, [(row, reported score)]) of each pair that has negatives, the nearest that qualify."""
    out = []
    zero = np.float32(0)
    for query, answers in enumerate(positives):
        others = [(row, reported(score, metric)) for row, score in nearest(matrix[query : query + 1], matrix.shape[1])[0]
                  if row not in answers and not any((corpus[row] == corpus[a]).all() for a in answers if not np.isnan(matrix[query, a]))]
        for positive in answers:
            if np.isnan(matrix[query, positive]):
                continue
            own = reported(matrix[query, positive], metric)

            def fits(score):
                sign = -1 if metric == "euclidean" else 1
                if least is not None and score < least or most is not None and score > most:
                    return False
                if margin is not None and sign * score > sign * (own - sign * margin):
                    return False
                if share is None:
                    return True
                limit = own * (np.float32(1) + share) if sign < 0 else own - abs(own) * share
                return sign * score <= sign * (limit + zero)

            fitting = [other for other in others[ranks[0] : ranks[1]] if fits(other[1])][:count]
            if fitting:
                out.append((query, positive, own, fitting))
    return out


def matrix(rows, metric):
    """The similarity of all rows with all, and how far a product in single precision may be from it, as similarityMatrix promises."""
    wide, size = rows.astype(np.float64), rows.shape[1]
    lengths = np.sqrt((wide * wide).sum(axis=1))
    unit = 2.0**-24
    g = size * unit / (1 - size * unit)
    if metric == "euclidean":
        exact = np.array([np.sqrt(((row - wide) ** 2).sum(axis=1)) for row in wide]).reshape(len(wide), len(wide))
        return exact, exact * (32 * g + 1e-12) + 2.0**-150
    products = wide @ wide.T
    both = np.outer(lengths, lengths)
    if metric == "dot":
        return products, both * (g + 1e-13) + size * 2.0**-149
    exact = np.divide(products, both, out=np.zeros_like(products), where=both > 0)
    np.fill_diagonal(exact, np.where(lengths > 0, 1, 0))
    return np.clip(exact, -1, 1), np.where(both > 0, g + unit + 1e-13, 0)
