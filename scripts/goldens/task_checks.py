# SPDX-License-Identifier: Apache-2.0
"""What the cases of `tasks` must be: decided by more than rounding, and not all alike."""

import numpy as np
import torch

MARGIN = 1e-4
CLOSE = 1e-3


def same(one, other):
    """Equal but for floats, which are close."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= CLOSE * max(1, abs(one))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*both) for both in zip(one, other))
    return type(one) is type(other) and one == other


def falling(scores):
    return all(first - second > MARGIN for first, second in zip(scores, scores[1:]))


def listed(found):
    return [found] if isinstance(found, dict) else found


def ranked(entries):
    return falling([entry["score"] for entry in entries])


def labels_apart(model, tokenizer, text):
    """The best label of every token is ahead of the second; what words make of them, `same` sees."""
    batch = tokenizer(text, truncation=True, stride=8, return_overflowing_tokens=True, padding=True, return_tensors="pt")
    batch.pop("overflow_to_sample_mapping")
    with torch.no_grad():
        best = model(**batch).logits.softmax(-1).topk(2).values
    return bool(((best[..., 0] - best[..., 1])[batch["attention_mask"] == 1] > MARGIN).all())


def apart(task, call, model, tokenizer, asked, options, output):
    """Whether no two results that are ranked are nearer than MARGIN, the first that is not listed included."""
    if task == "fill-mask":
        more = call(asked, {**options, "top_k": options.get("top_k", 5) + 1})
        return all(ranked(row) for row in (more if isinstance(more[0], list) else [more]))
    if task == "text-classification":
        return ranked(call(asked, {**options, "top_k": None}))
    if task == "question-answering":
        return ranked(listed(call(asked, {**options, "top_k": options.get("top_k", 1) + 1})))
    if task == "token-classification":
        return labels_apart(model, tokenizer, asked["text"])
    if task == "zero-shot-classification":
        return falling(output["scores"])
    if task == "rerank":
        return ranked(call(asked, {**options, "top_k": None}))
    if task == "next-sentence":
        return abs(output["is_next"] - output["not_next"]) > MARGIN
    return falling(sorted(output["scores"], reverse=True))


def varied_entities(lines):
    """All labels, several entities in a text, groups of several words, and the strategies say different things."""
    names = {entry.get("entity_group", entry.get("entity")) for line in lines for entry in line["output"]}
    outputs = {}
    for line in lines:
        strategy = line["options"].get("aggregation_strategy", "none")
        if len(line["options"]) == 1 and strategy != "none":
            outputs.setdefault(strategy, []).append([(e["entity_group"], e["start"], e["end"]) for e in line["output"]])
    grouped = any(" " in entry["word"] for entries in lines for entry in entries["output"])
    count = np.mean([len(line["output"]) for line in lines])
    return len(names) >= 5 and grouped and count > 1.5 and len({str(found) for found in outputs.values()}) == 4


def varied_answers(lines):
    best = [listed(line["output"])[0] for line in lines]
    null = [line for line in lines if line["options"].get("handle_impossible_answer")]
    empty = [listed(line["output"])[0]["answer"] == "" for line in null]
    spans = {entry["answer"] for entry in best}
    return len(spans) >= 12 and any(empty) and not all(empty) and all(entry["score"] > 1e-3 for entry in best)


def varied_labels(lines):
    first = [listed(line["output"])[0] for line in lines]
    return len({entry["label"] for entry in first}) >= (1 if len(labels_of(lines)) == 1 else 3)


def labels_of(lines):
    return {entry["label"] for line in lines for entry in listed(line["output"])}


CHECKS = {
    "token-classification": varied_entities,
    "question-answering": varied_answers,
    "text-classification": varied_labels,
    "fill-mask": lambda lines: len({str(line["output"]) for line in lines}) == len(lines),
    "next-sentence": lambda lines: len({line["output"]["is_next"] > 0.5 for line in lines}) == 2,
    "rerank": lambda lines: lines[0]["output"][0]["corpus_id"] != lines[1]["output"][0]["corpus_id"],
    "zero-shot-classification": lambda lines: len({line["output"]["labels"][0] for line in lines}) >= 6,
}
