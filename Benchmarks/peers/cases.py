# SPDX-License-Identifier: Apache-2.0
"""The batches that compare.py times, and how a user with ragged text would split one to pad less."""

import json
import math
import random
import re

import numpy as np

CASES = ["1x16", "1x128", "8x128", "2x512", "ragged"]


def lengths(case, seed):
    """Tokens of each sentence: BxS is dense; ragged is 32 sentences, lognormal(3.6, 0.7) in 6...256, one of 256."""
    dense = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", case)
    if dense:
        return [int(dense[2])] * int(dense[1])
    if case != "ragged":
        raise ValueError(f"{case!r} is neither BxS, such as 8x128, nor ragged")
    pick = random.Random(seed)
    drawn = [min(256, max(6, round(pick.lognormvariate(3.6, 0.7)))) for _ in range(32)]
    drawn[pick.randrange(32)] = 256
    return drawn


def batch(case, model, seed):
    """input_ids, attention_mask and token_type_ids, I64 [B, S]; padding on the right with id 0."""
    config = json.loads((model / "config.json").read_text())
    pick = np.random.default_rng(seed)
    tokens = lengths(case, seed)
    ids = np.zeros((len(tokens), max(tokens)), np.int64)
    mask = np.zeros_like(ids)
    for row, length in enumerate(tokens):
        ids[row, :length] = pick.integers(1, config["vocab_size"], length)
        mask[row, :length] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def groups(tokens, count):
    """Splits sentences, sorted by length, into `count` groups with the least padded area in all: lists of rows."""
    order = sorted(range(len(tokens)), key=lambda row: tokens[row])
    # area[n] is the least area of the n shortest in the groups so far, start[g][n] where the last of g groups begins.
    area = [0] + [math.inf] * len(order)
    start = []
    for _ in range(count):
        best = [min((area[first] + (end - first) * tokens[order[end - 1]], first) for first in range(end))
                if end else (math.inf, 0) for end in range(len(order) + 1)]  # fmt: skip
        area = [value for value, _ in best]
        start.append([first for _, first in best])
    end, split = len(order), []
    for firsts in reversed(start):
        split.append(order[firsts[end] : end])
        end = firsts[end]
    return split[::-1]


def parts(whole, count):
    """The batch as `count` smaller ones, each cut to its longest sentence: (rows, batch) pairs."""
    if count == 1:
        return [(list(range(len(whole["input_ids"]))), whole)]
    tokens = whole["attention_mask"].sum(1).tolist()
    return [
        (rows, {name: np.ascontiguousarray(array[rows, : max(tokens[row] for row in rows)])
                for name, array in whole.items()})
        for rows in groups(tokens, count)
    ]  # fmt: skip
