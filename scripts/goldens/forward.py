# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/forward: BertModel on tiny random checkpoints of odd shapes, one folder a case."""

import copy

import torch
from transformers import BertConfig, BertModel

from goldens.batches import SMALL, inputs_of, right_padded, rows
from goldens.common import TOLERANCE, check_loads, fresh_folder, generator, randomise, relative_error, save_json, save_tensors
from goldens.forward_checkpoints import SAVERS

ACTIVATIONS = [
    "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "quick_gelu", "relu", "silu", "swish", "tanh", "mish",
]  # fmt: skip


def cases():
    """Every case: name, what it shows, its config beside SMALL, its batch, and what it is given."""
    full = ["attention_mask", "token_type_ids"]
    found = [
        {
            "name": "odd-shapes", "hidden_states": True,
            "what": "head size 12, hidden 60, intermediate 37, 3 layers, a ragged batch padded on the right",
            "config": {"vocab_size": 31, "hidden_size": 60, "num_attention_heads": 5, "intermediate_size": 37,
                       "num_hidden_layers": 3, "max_position_embeddings": 16},
            "std": 0.15, "shape": (3, 7), "give": full, "mask": right_padded([7, 3, 5], 7),
        },
        {
            "name": "one-token", "hidden_states": True, "what": "one sequence of one token", "shape": (1, 1), "give": full,
        },
        {
            "name": "one-token-each", "what": "a batch of five sequences of one token each", "shape": (5, 1), "give": full,
        },
        {
            "name": "longest", "what": "as many tokens as there are positions: 97 of 97",
            "config": {"max_position_embeddings": 97, "num_hidden_layers": 2}, "shape": (1, 97), "give": full,
        },
        {
            "name": "ragged", "what": "padding on the right, lengths 1 to all of 19",
            "shape": (6, 19), "give": full, "mask": right_padded([7, 19, 1, 12, 2, 18], 19),
        },
        {
            "name": "ragged-no-full-row", "what": "padding on the right, and no row reaches the width",
            "shape": (3, 9), "give": full, "mask": right_padded([4, 6, 1], 9),
        },
        {
            "name": "mask-holes", "what": "masks with holes, every row sees its first token",
            "shape": (4, 11), "give": full,
            "mask": rows("11011101011", "10000000001", "11111011111", "10101010101"),
        },
        {
            "name": "mask-left", "hidden_states": True, "what": "padding on the left and holes; position ids count the padding",
            "shape": (4, 11), "give": full,
            "mask": rows("00011111111", "00000000001", "01101011010", "11111111111"),
            "no_pooler": "the pooler reads the first token, which is masked in three rows: Hugging Face pools what it "
            "computed there, this engine computes nothing there",
        },
        {
            "name": "mask-row-of-zeros", "hidden_states": True, "what": "one row of the mask is all zero: zeros in every output of that row, "
            "the pooler's included, where Hugging Face attends evenly to everything",
            "shape": (3, 8), "give": full, "mask": rows("11111000", "00000000", "11111111"),
        },
        {
            "name": "position-ids", "what": "position ids given: shuffled, repeated, with the last position",
            "shape": (2, 10), "give": [*full, "position_ids"], "mask": right_padded([10, 6], 10),
        },
        {
            "name": "one-type", "what": "type_vocab_size 1", "config": {"type_vocab_size": 1}, "shape": (2, 7), "give": full,
        },
        {
            "name": "three-types", "what": "type_vocab_size 3, all of them used",
            "config": {"type_vocab_size": 3}, "shape": (2, 9), "give": full,
        },
        {
            "name": "only-input-ids", "what": "neither mask, nor token types, nor positions are given; [PAD] ids among "
            "the tokens count as tokens",
            "shape": (3, 6), "give": [],
        },
        {
            "name": "only-mask", "what": "a mask, no token types", "shape": (2, 8), "give": ["attention_mask"],
            "mask": right_padded([3, 8], 8),
        },
        {
            "name": "one-head", "what": "hidden 64 in one head, layer_norm_eps 1e-5",
            "config": {"hidden_size": 64, "num_attention_heads": 1, "intermediate_size": 27, "num_hidden_layers": 1,
                       "layer_norm_eps": 1e-5},
            "std": 0.15, "shape": (2, 13), "give": full, "mask": right_padded([13, 8], 13),
        },
        {
            "name": "head-size-1", "what": "as many heads as channels",
            "config": {"hidden_size": 6, "num_attention_heads": 6, "intermediate_size": 1}, "shape": (2, 5), "give": full,
        },
        {
            "name": "large-epsilon", "what": "layer_norm_eps 0.5 on small values: shows an epsilon outside the root",
            "config": {"layer_norm_eps": 0.5}, "std": 0.2, "shape": (2, 7), "give": full,
        },
    ]  # fmt: skip
    for activation in ACTIVATIONS:
        found.append({
            "name": f"activation-{activation}", "what": f"hidden_act {activation}",
            "config": {"vocab_size": 19, "hidden_size": 14, "num_hidden_layers": 1, "intermediate_size": 21,
                       "max_position_embeddings": 12, "hidden_act": activation},
            "shape": (2, 9), "give": full, "mask": right_padded([9, 5], 9),
            "seed": "activation",
        })  # fmt: skip
    for saver, (what, _) in SAVERS.items():
        found.append({
            "name": f"saved-{saver}", "what": what, "save": saver, "shape": (2, 7), "give": full,
            "mask": right_padded([7, 4], 7),
            "config": {"vocab_size": 23, "hidden_size": 12, "num_attention_heads": 3, "num_hidden_layers": 2,
                       "intermediate_size": 17, "max_position_embeddings": 12},
        })  # fmt: skip
    return found


def outputs_of(model, inputs, case):
    """The outputs by their names, zero where masked, as `bert forward` writes them."""
    with torch.no_grad():
        result = model(**inputs, output_hidden_states=True)
    outputs = {"last_hidden_state": result.last_hidden_state.clone(), "pooler_output": result.pooler_output.clone()}
    if case.get("hidden_states", False):
        for index, state in enumerate(result.hidden_states):
            outputs[f"hidden_states.{index}"] = state.clone()
    if "no_pooler" in case:
        del outputs["pooler_output"]
    if "attention_mask" in inputs:
        mask = inputs["attention_mask"]
        for name, value in outputs.items():
            visible = mask.amax(1, keepdim=True) if name == "pooler_output" else mask.unsqueeze(-1)
            value[(visible == 0).expand_as(value)] = 0
    return outputs


def make_case(folder, case):
    name = case["name"]
    config = BertConfig(**{**SMALL, **case.get("config", {})}, attn_implementation="eager")
    rng = generator(case.get("seed", name))
    model = BertModel(config).eval().double()
    randomise(model, rng, case.get("std", 0.3))
    save = SAVERS[case.get("save", "f32")][1]
    save(model, config, folder, rng)  # rounds the weights of `model` to what the files hold

    inputs = inputs_of(case, config, rng)
    outputs = outputs_of(model, inputs, case)
    single = outputs_of(copy.deepcopy(model).float(), inputs, case)
    errors = {key: relative_error(single[key], outputs[key]) for key in outputs}
    if max(errors.values()) > TOLERANCE / 2:
        raise SystemExit(f"{name}: float32 in PyTorch is off by {errors}: too touchy for a tolerance of {TOLERANCE}")
    if not all(torch.isfinite(value).all() for value in outputs.values()):
        raise SystemExit(f"{name}: not finite")

    check_loads(BertModel, model, folder)

    save_tensors(inputs, folder / "inputs.safetensors")
    save_tensors(outputs, folder / "outputs.safetensors")
    description = {"what": case["what"], "relative_tolerance": TOLERANCE}
    if "no_pooler" in case:
        description["no_pooler_output"] = case["no_pooler"]
    description["pytorch_float32_relative_error"] = {key: float(f"{value:.1e}") for key, value in errors.items()}
    save_json(description, folder / "case.json")


def make(target, arguments):
    fresh_folder(target)
    for case in cases():
        make_case(fresh_folder(target / case["name"]), case)
