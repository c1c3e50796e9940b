# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/switches: what BertModel can be told to do otherwise, alone and where two of these meet."""

import torch

from goldens.batches import right_padded, rows
from goldens.common import generator
from goldens.models import exact, make_cases

FULL = ["attention_mask", "token_type_ids"]
HOLES = rows("11011101", "10000001", "11111111")
LEFT = rows("00011111", "01101010", "11111111")
ODD = {"hidden_size": 21, "num_attention_heads": 3, "intermediate_size": 13}
MANY = {"hidden_size": 15, "num_attention_heads": 5, "intermediate_size": 11, "num_hidden_layers": 3}


def square(name, batch, length, width=None):
    """A 3-D mask with holes everywhere; every query sees itself and perhaps others."""
    width = width or length
    mask = (torch.rand(batch, length, width, generator=generator(f"mask {name}")) < 0.55).long()
    mask[:, torch.arange(length), torch.arange(length) + width - length] = 1
    return mask


def embeds(inputs, config, rng):
    """Random vectors in place of the tokens."""
    shape = inputs.pop("input_ids").shape
    inputs["inputs_embeds"] = exact(0.7 * torch.randn(*shape, config.hidden_size, generator=rng, dtype=torch.float64))


def heads(values):
    """A head mask of these values; fractions scale."""

    def add(inputs, config, rng):
        inputs["head_mask"] = torch.tensor(values, dtype=torch.float64)

    return add


def both(*changes):
    def add(inputs, config, rng):
        for change in changes:
            change(inputs, config, rng)

    return add


def plain_cases():
    three = right_padded([8, 3, 6], 8)
    return [
        {"name": "inputs-embeds", "what": "inputs_embeds in place of input_ids, padded on the right",
         "shape": (3, 8), "give": FULL, "mask": three, "extra": embeds},
        {"name": "inputs-embeds-alone", "what": "inputs_embeds and nothing else", "shape": (2, 5), "give": [], "extra": embeds},
        {"name": "mask-3d", "what": "a mask [B, S, S] with holes: nothing is zeroed", "shape": (3, 7), "give": FULL,
         "mask": square("mask-3d", 3, 7)},
        {"name": "mask-3d-causal", "what": "a mask [B, S, S] that is lower triangular",
         "shape": (2, 6), "give": FULL, "mask": torch.ones(2, 6, 6, dtype=torch.int64).tril()},
        {"name": "mask-3d-inputs-embeds", "what": "a mask [B, S, S] and inputs_embeds", "config": ODD,
         "shape": (2, 6), "give": FULL, "mask": square("mask-3d-inputs-embeds", 2, 6), "extra": embeds},
        {"name": "head-mask", "what": "head_mask [heads]: one head off, one at a half", "config": MANY,
         "shape": (2, 7), "give": FULL, "mask": right_padded([7, 4], 7), "extra": heads([1, 0, 0.5, 1, 0])},
        {"name": "head-mask-layers", "what": "head_mask [layers, heads], one layer with all heads off", "config": MANY,
         "shape": (2, 7), "give": FULL, "mask": right_padded([5, 7], 7),
         "extra": heads([[1, 0, 1, 0.25, 1], [0, 0, 0, 0, 0], [1, 1, 0, 1, 1]])},
        {"name": "head-mask-mask-3d-embeds", "what": "head_mask, a mask [B, S, S] and inputs_embeds",
         "shape": (2, 6), "give": FULL, "mask": square("head-mask-mask-3d-embeds", 2, 6),
         "extra": both(embeds, heads([[0.5, 1], [1, 0]]))},
        {"name": "attentions", "what": "attentions and hidden states, no padding", "config": ODD, "shape": (2, 6), "give": FULL},
        {"name": "attentions-right", "what": "padding on the right: attentions are zero in hidden rows and columns",
         "config": ODD, "shape": (3, 8), "give": FULL, "mask": three},
        {"name": "attentions-left", "what": "padding on the left and holes; the pooler reads the first token, hidden or not",
         "config": ODD, "shape": (3, 8), "give": FULL, "mask": LEFT},
        {"name": "attentions-holes", "what": "holes, every row sees its first token",
         "config": ODD, "shape": (3, 8), "give": FULL, "mask": HOLES},
        {"name": "pooler-left", "what": "padding on the left: pooler_output is what Hugging Face computes at the hidden first "
         "position, whose query sees the kept tokens; nothing else asked for", "plain": True,
         "config": {"num_hidden_layers": 3}, "shape": (4, 9), "give": FULL,
         "mask": rows("000000001", "000111111", "011010110", "111111111")},
        {"name": "position-ids-holes", "what": "position_ids given, mask with holes and padding on the left",
         "shape": (3, 8), "give": [*FULL, "position_ids"], "mask": LEFT},
        {"name": "position-ids-embeds", "what": "position_ids and inputs_embeds", "shape": (2, 6),
         "give": [*FULL, "position_ids"], "mask": right_padded([6, 4], 6), "extra": embeds},
        {"name": "position-ids-one-row", "what": "position_ids [1, S] for a batch of three", "shape": (3, 6), "give": FULL,
         "extra": lambda inputs, config, rng: inputs.update(position_ids=torch.tensor([[3, 1, 4, 1, 5, 18]]))},
    ]  # fmt: skip


def relative_cases():
    found = []
    for kind in ("relative_key", "relative_key_query"):
        short = kind.replace("_", "-")
        base = {"position_embedding_type": kind}
        found += [
            {"name": short, "what": f"{kind}, no padding", "config": base, "shape": (2, 7), "give": FULL},
            {"name": f"{short}-right", "what": f"{kind}, padding on the right, head size 7", "config": {**base, **ODD},
             "shape": (3, 8), "give": FULL, "mask": right_padded([8, 2, 5], 8)},
            {"name": f"{short}-left", "what": f"{kind}, padding on the left and holes: distances count the padding",
             "config": {**base, **ODD}, "shape": (3, 8), "give": FULL, "mask": LEFT},
            {"name": f"{short}-holes", "what": f"{kind}, holes", "config": base, "shape": (3, 8), "give": FULL, "mask": HOLES},
            {"name": f"{short}-mask-3d", "what": f"{kind} and a mask [B, S, S]", "config": {**base, **MANY}, "std": 0.25,
             "shape": (2, 6), "give": FULL, "mask": square(f"{short}-mask-3d", 2, 6)},
            {"name": f"{short}-head-mask", "what": f"{kind} and a head mask", "config": {**base, **ODD}, "shape": (2, 7),
             "give": FULL, "mask": right_padded([4, 7], 7), "extra": heads([[1, 0.5, 0], [0, 1, 1]])},
            {"name": f"{short}-longest", "what": f"{kind}, as many tokens as max_position_embeddings: every row of the table",
             "config": {**base, "max_position_embeddings": 11}, "shape": (2, 11), "give": FULL,
             "mask": right_padded([11, 6], 11)},
            {"name": f"{short}-one-token", "what": f"{kind}, one token", "config": base, "shape": (2, 1), "give": FULL},
            {"name": f"{short}-position-ids", "what": f"{kind} with position_ids given, which then do nothing",
             "config": base, "shape": (2, 6), "give": [*FULL, "position_ids"], "mask": right_padded([6, 3], 6)},
            {"name": f"{short}-embeds-head-size-1", "what": f"{kind}, inputs_embeds, as many heads as channels",
             "config": {**base, "hidden_size": 6, "num_attention_heads": 6, "intermediate_size": 5}, "shape": (2, 6),
             "give": FULL, "mask": right_padded([6, 4], 6), "extra": embeds},
        ]  # fmt: skip
    return found


def pruned_cases():
    uneven = {0: [1, 3], 2: [0, 2, 3]}  # five heads: 3, 5 and 2 are left
    even = {0: [1, 3], 1: [0, 4], 2: [2, 3]}
    everything = {**MANY, "position_embedding_type": "relative_key_query", "chunk_size_feed_forward": 3}
    return [
        {"name": "pruned", "what": "heads pruned unevenly, the middle layer untouched", "config": MANY, "prune": uneven,
         "shape": (3, 8), "give": FULL, "mask": right_padded([8, 3, 6], 8)},
        {"name": "pruned-left", "what": "pruned heads, padding on the left and holes", "config": MANY, "prune": uneven,
         "shape": (3, 8), "give": FULL, "mask": LEFT},
        {"name": "pruned-to-one", "what": "one head of five left in the first layer", "config": MANY,
         "prune": {0: [0, 1, 2, 4]}, "shape": (2, 6), "give": FULL},
        {"name": "pruned-head-mask", "what": "pruned heads and head_mask [remaining heads], as many in every layer",
         "config": MANY, "prune": even, "shape": (2, 7), "give": FULL, "mask": right_padded([7, 5], 7),
         "extra": heads([1, 0, 0.5])},
        {"name": "pruned-head-mask-layers", "what": "pruned heads and head_mask [layers, remaining heads]",
         "config": MANY, "prune": even, "shape": (2, 7), "give": FULL, "mask": right_padded([7, 5], 7),
         "extra": heads([[1, 0, 0.5], [0, 1, 1], [1, 1, 0]])},
        {"name": "pruned-relative-key", "what": "pruned heads and relative_key: the table of distances is not pruned",
         "config": {**MANY, "position_embedding_type": "relative_key"}, "prune": uneven, "shape": (3, 8), "give": FULL,
         "mask": HOLES},
        {"name": "pruned-relative-key-query", "what": "pruned heads, relative_key_query and a mask [B, S, S]",
         "config": {**MANY, "position_embedding_type": "relative_key_query"}, "prune": uneven, "shape": (2, 6), "give": FULL,
         "mask": square("pruned-relative-key-query", 2, 6)},
        {"name": "pruned-embeds", "what": "pruned heads and inputs_embeds", "config": MANY, "prune": uneven, "shape": (2, 6),
         "give": FULL, "mask": right_padded([6, 2], 6), "extra": embeds},
        *[{"name": f"chunk-{size}", "what": f"chunk_size_feed_forward {size} with padding: the same numbers as without",
           "config": {"chunk_size_feed_forward": size}, "shape": (3, 8), "give": FULL, "seed": "chunk", "mask": mask}
          for size, mask in ((1, right_padded([8, 3, 6], 8)), (2, LEFT), (4, HOLES))],
        {"name": "chunk-pruned", "what": "chunk_size_feed_forward 2 and pruned heads",
         "config": {**MANY, "chunk_size_feed_forward": 2}, "prune": uneven, "shape": (3, 8), "give": FULL,
         "mask": right_padded([5, 8, 1], 8)},
        {"name": "everything", "what": "relative_key_query, pruned heads, chunks of 3, a head mask and padding on the right",
         "config": everything, "prune": even, "shape": (3, 9), "give": FULL, "mask": right_padded([9, 4, 7], 9),
         "extra": heads([[1, 0, 0.5], [0.75, 1, 1], [1, 1, 0]])},
        {"name": "everything-left", "what": "the same with padding on the left, holes and inputs_embeds",
         "config": everything, "prune": even, "shape": (3, 9), "give": FULL,
         "mask": rows("000111111", "011010110", "111111111"),
         "extra": both(embeds, heads([[1, 0, 0.5], [0.75, 1, 1], [1, 1, 0]]))},
        {"name": "everything-mask-3d", "what": "the same with a mask [B, S, S]", "config": everything, "prune": even,
         "shape": (2, 6), "give": FULL, "mask": square("everything-mask-3d", 2, 6), "extra": heads([0.5, 1, 0.25])},
    ]  # fmt: skip


def make(target, arguments):
    make_cases(target, plain_cases() + relative_cases() + pruned_cases())
