# SPDX-License-Identifier: Apache-2.0
"""Batches for tiny models: masks, and what a case is given."""

import torch

SMALL = {
    "vocab_size": 29,
    "hidden_size": 18,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 19,
    "max_position_embeddings": 19,
    "type_vocab_size": 2,
}


def right_padded(lengths, width):
    return torch.tensor([[1] * length + [0] * (width - length) for length in lengths])


def rows(*patterns):
    return torch.tensor([[int(digit) for digit in pattern] for pattern in patterns])


def inputs_of(case, config, rng):
    shape = case["shape"]
    inputs = {"input_ids": torch.randint(1, config.vocab_size, shape, generator=rng)}
    inputs["input_ids"][0, -1] = config.vocab_size - 1
    mask = case.get("mask", torch.ones(shape, dtype=torch.int64))
    if "attention_mask" in case["give"]:
        inputs["attention_mask"] = mask
        inputs["input_ids"][mask == 0] = config.pad_token_id
    else:
        inputs["input_ids"][0, 0] = config.pad_token_id
    if "token_type_ids" in case["give"]:
        types = torch.randint(0, config.type_vocab_size, shape, generator=rng)
        types[0, 0] = config.type_vocab_size - 1
        inputs["token_type_ids"] = types * mask
    if "position_ids" in case["give"]:
        positions = torch.randint(0, config.max_position_embeddings, shape, generator=rng)
        positions[0, 1] = config.max_position_embeddings - 1
        positions[0, 2] = positions[0, 3]
        inputs["position_ids"] = positions
    return inputs
