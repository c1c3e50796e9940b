# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/decoder: BERT with is_decoder: causal masks, cross attention, caches, the causal language model."""

import torch

from goldens.batches import right_padded, rows
from goldens.models import make_cases
from goldens.switches import FULL, both, embeds, heads, square

DECODER = {"is_decoder": True, "hidden_size": 12, "intermediate_size": 11, "max_position_embeddings": 13}
CROSS = {**DECODER, "add_cross_attention": True, "hidden_size": 15, "num_attention_heads": 3}
RELATIVE = ("relative_key", "relative_key_query")
LEFT = rows("0011111", "0001101", "1111111")
NO_POOLER = (
    "the pooler reads the first token, which is masked and sees nothing before it: Hugging Face attends evenly to all keys "
    "there, those after it included, which this engine need not repeat"
)


def labels(hidden=False):
    """Labels for every token, -100 for some; those at hidden positions are -100 unless `hidden`."""

    def add(inputs, config, rng):
        shape = inputs["input_ids"].shape
        values = torch.randint(0, config.vocab_size, shape, generator=rng)
        values[torch.rand(shape, generator=rng) < 0.2] = -100
        if "attention_mask" in inputs and not hidden:
            values[inputs["attention_mask"][:, -shape[1] :] == 0] = -100
        inputs["labels"] = values

    return add


def causal_cases():
    return [
        {"name": "causal", "what": "is_decoder, no padding", "config": DECODER, "shape": (2, 7), "give": FULL},
        {"name": "causal-only-input-ids", "what": "is_decoder, neither mask nor types given", "config": DECODER,
         "shape": (2, 5), "give": []},
        {"name": "causal-right", "what": "is_decoder, padding on the right", "config": DECODER, "shape": (3, 7),
         "give": FULL, "mask": right_padded([7, 2, 5], 7)},
        {"name": "causal-holes", "what": "is_decoder, holes, the first token is kept", "config": DECODER, "shape": (3, 7),
         "give": FULL, "mask": rows("1101101", "1000001", "1111111")},
        {"name": "causal-left", "what": "is_decoder, padding on the left and holes", "config": DECODER, "shape": (3, 7),
         "give": FULL, "mask": LEFT, "no_pooler": NO_POOLER},
        {"name": "causal-mask-3d", "what": "is_decoder and a mask [B, S, S]: it stands alone, no causal mask is added",
         "config": DECODER, "shape": (2, 6), "give": FULL, "mask": square("causal-mask-3d", 2, 6)},
        {"name": "causal-embeds-positions", "what": "is_decoder, inputs_embeds and position_ids", "config": DECODER,
         "shape": (2, 6), "give": [*FULL, "position_ids"], "mask": right_padded([6, 4], 6), "extra": embeds},
        {"name": "causal-head-mask", "what": "is_decoder and a head mask", "config": {**DECODER, "num_attention_heads": 3},
         "shape": (2, 6), "give": FULL, "mask": right_padded([6, 3], 6), "extra": heads([[1, 0, 0.5], [0.25, 1, 1]])},
        {"name": "causal-chunk", "what": "is_decoder, chunk_size_feed_forward 2, padding on the right",
         "config": {**DECODER, "chunk_size_feed_forward": 2}, "shape": (3, 6), "give": FULL,
         "mask": right_padded([6, 3, 5], 6)},
        *[{"name": f"causal-{kind.replace('_', '-')}", "what": f"is_decoder and {kind}, padding on the left and holes",
           "config": {**DECODER, "position_embedding_type": kind}, "shape": (3, 7), "give": FULL, "mask": LEFT,
           "no_pooler": NO_POOLER} for kind in RELATIVE],
    ]  # fmt: skip


def cross_cases():
    ragged = {"shape": (3, 6), "give": FULL, "mask": right_padded([6, 3, 5], 6), "encoder": 8,
              "encoder_mask": right_padded([4, 8, 1], 8)}  # fmt: skip
    return [
        {"name": "cross", "what": "cross attention, no masks", "config": CROSS, "shape": (2, 5), "give": FULL, "encoder": 7},
        {"name": "cross-ragged", "what": "cross attention, padding on the right on both sides", "config": CROSS, **ragged},
        {"name": "cross-left", "what": "cross attention, padding on the left and holes on both sides", "config": CROSS,
         "shape": (3, 7), "give": FULL, "mask": LEFT, "encoder": 5, "encoder_mask": rows("00111", "01010", "11111"),
         "no_pooler": NO_POOLER},
        {"name": "cross-mask-3d", "what": "cross attention, encoder_attention_mask [B, S, K], decoder mask [B, S]",
         "config": CROSS, "shape": (2, 5), "give": FULL, "mask": right_padded([5, 3], 5), "encoder": 7,
         "encoder_mask": square("cross-mask-3d encoder", 2, 5, 7)},
        {"name": "cross-both-mask-3d", "what": "cross attention, both masks 3-D", "config": CROSS, "shape": (2, 5),
         "give": FULL, "mask": square("cross-both-mask-3d", 2, 5), "encoder": 7,
         "encoder_mask": square("cross-both-mask-3d encoder", 2, 5, 7)},
        {"name": "cross-head-mask", "what": "cross attention and a head mask, which works on both attentions of a layer",
         "config": CROSS, **ragged, "extra": heads([[1, 0, 0.5], [0.25, 1, 0]])},
        {"name": "cross-pruned", "what": "cross attention and pruned heads: only the self attention is pruned",
         "config": CROSS, **ragged, "prune": {1: [0, 2]}},
        {"name": "cross-chunk-embeds", "what": "cross attention, chunk_size_feed_forward 3 and inputs_embeds",
         "config": {**CROSS, "chunk_size_feed_forward": 3}, **ragged, "extra": embeds},
        *[{"name": f"cross-{kind.replace('_', '-')}", "what": f"cross attention under {kind}: it has no positions of its own",
           "config": {**CROSS, "position_embedding_type": kind}, **ragged} for kind in RELATIVE],
    ]  # fmt: skip


def cache_cases():
    past = {"shape": (3, 1), "past": 6, "give": FULL, "mask": rows("0011111", "0101101", "1111111"), "cache": True}
    three = {"shape": (3, 3), "past": 5, "give": FULL, "mask": rows("00111111", "01010111", "11111111"), "cache": True}
    encoder = {"encoder": 5, "encoder_mask": right_padded([5, 2, 4], 5)}
    found = [
        {"name": "cache-first", "what": "the first pass with use_cache", "config": DECODER, "cache": True, "shape": (3, 7),
         "give": FULL, "mask": right_padded([7, 2, 5], 7)},
        {"name": "cache-first-left", "what": "the first pass with use_cache, padding on the left and holes",
         "config": DECODER, "cache": True, "shape": (3, 7), "give": FULL, "mask": LEFT, "no_pooler": NO_POOLER},
        {"name": "cache-first-cross", "what": "the first pass with use_cache and cross attention", "config": CROSS,
         "cache": True, "shape": (3, 6), "give": FULL, "mask": right_padded([6, 3, 5], 6), **encoder},
        {"name": "cache-one", "what": "the second pass: one new token, left padding and holes in the past",
         "config": DECODER, **past},
        {"name": "cache-one-no-mask", "what": "the second pass: one new token, no mask and no types", "config": DECODER,
         "shape": (2, 1), "past": 4, "give": [], "cache": True},
        {"name": "cache-three", "what": "the second pass: three new tokens, left padding and holes in the past",
         "config": DECODER, **three},
        {"name": "cache-three-right", "what": "three new tokens, some of them padding on the right",
         "config": DECODER, **three, "mask": rows("11111100", "11111111", "11011110")},
        {"name": "cache-three-not-kept", "what": "three new tokens on a cache, use_cache false", "config": DECODER, **three,
         "cache": False},
        {"name": "cache-three-mask-3d", "what": "three new tokens on a cache, a mask [B, S, P + S]", "config": DECODER,
         "shape": (2, 3), "past": 4, "give": FULL, "cache": True,
         "extra": lambda inputs, config, rng: inputs.update(attention_mask=square("cache-three-mask-3d", 2, 3, 7))},
        {"name": "cache-three-positions-embeds", "what": "three new tokens as inputs_embeds, position_ids given",
         "config": DECODER, **three, "extra": both(embeds, lambda inputs, config, rng: inputs.update(
             position_ids=torch.tensor([[3, 4, 5], [2, 3, 4], [5, 6, 7]])))},
        {"name": "cache-cross-one", "what": "one new token on self and cross caches; encoder_hidden_states are given too, and "
         "only say that there is cross attention", "config": CROSS, **past, **encoder},
        {"name": "cache-cross-three", "what": "three new tokens on self and cross caches", "config": CROSS, **three, **encoder},
        {"name": "cache-pruned", "what": "three new tokens on caches of pruned heads",
         "config": {**DECODER, "hidden_size": 15, "num_attention_heads": 5}, "prune": {0: [1, 3], 1: [0]}, **three},
        {"name": "cache-head-mask-cross", "what": "one new token on caches, a head mask", "config": CROSS, **past, **encoder,
         "extra": heads([[1, 0, 0.5], [0.25, 1, 0]])},
        {"name": "cache-chunk", "what": "three new tokens on a cache, chunks of 3",
         "config": {**DECODER, "chunk_size_feed_forward": 3}, "shape": (2, 3), "past": 6, "give": FULL, "cache": True},
    ]  # fmt: skip
    for kind in RELATIVE:
        short = kind.replace("_", "-")
        found += [
            {"name": f"cache-one-{short}", "what": f"one new token on a cache, {kind}",
             "config": {**DECODER, "position_embedding_type": kind}, **past},
            {"name": f"cache-one-cross-{short}", "what": f"one new token on self and cross caches, {kind}",
             "config": {**CROSS, "position_embedding_type": kind}, **past, **encoder},
        ]  # fmt: skip
    return found


def causal_lm_cases():
    lm = {"task": "causal-lm", "config": DECODER}
    return [
        {"name": "lm", "what": "logits of the causal language model, use_cache", **lm, "shape": (3, 6), "give": FULL,
         "mask": right_padded([6, 2, 5], 6), "cache": True},
        {"name": "lm-cache-one", "what": "logits of one new token on a cache", **lm, "shape": (3, 1), "past": 6, "give": FULL,
         "mask": rows("0011111", "0101101", "1111111"), "cache": True},
        {"name": "lm-cache-three", "what": "logits of three new tokens on a cache", **lm, "shape": (2, 3), "past": 4,
         "give": FULL, "mask": rows("0011111", "1111111"), "cache": True},
        {"name": "lm-labels", "what": "the shifted loss, padding on the right", **lm, "shape": (3, 7), "give": FULL,
         "mask": right_padded([7, 3, 6], 7), "extra": labels()},
        {"name": "lm-labels-hidden", "what": "the shifted loss with labels at hidden positions: the loss takes the logits that "
         "Hugging Face computes there, the logits put out are zero there", **lm, "shape": (3, 7), "give": FULL,
         "mask": right_padded([7, 3, 5], 7), "extra": labels(hidden=True)},
        {"name": "lm-labels-no-mask", "what": "the shifted loss without a mask", **lm, "shape": (2, 6),
         "give": ["token_type_ids"], "extra": labels()},
        {"name": "lm-cross-labels", "what": "cross attention and the shifted loss", "task": "causal-lm", "config": CROSS,
         "shape": (3, 6), "give": FULL, "mask": right_padded([6, 3, 5], 6), "encoder": 5,
         "encoder_mask": right_padded([5, 2, 4], 5), "extra": labels()},
        {"name": "lm-untied", "what": "tie_word_embeddings false: a decoder matrix of its own", "task": "causal-lm",
         "config": {**DECODER, "tie_word_embeddings": False}, "shape": (2, 6), "give": FULL, "extra": labels()},
        {"name": "lm-relative-pruned", "what": "relative_key, pruned heads, gelu_new in the head, labels", "task": "causal-lm",
         "config": {**DECODER, "position_embedding_type": "relative_key", "hidden_act": "gelu_new", "num_attention_heads": 3},
         "prune": {0: [1]}, "shape": (2, 6), "give": FULL, "mask": right_padded([6, 4], 6), "extra": labels()},
        {"name": "lm-encoder", "what": "BertLMHeadModel without is_decoder: no causal mask, the loss shifted all the same",
         "task": "causal-lm", "config": {}, "shape": (2, 6), "give": FULL, "mask": right_padded([6, 4], 6), "extra": labels()},
    ]  # fmt: skip


def make(target, arguments):
    make_cases(target, causal_cases() + cross_cases() + cache_cases() + causal_lm_cases())
