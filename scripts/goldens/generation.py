# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/generation: greedy continuations by Hugging Face's generate, and the logits of every step."""

import torch
from transformers import BertConfig, BertLMHeadModel

from goldens.batches import SMALL, right_padded, rows
from goldens.common import check_loads, fresh_folder, generator, randomise, save_json, save_tensors
from goldens.model_files import WRITERS
from goldens.models import exact

MARGIN = 1e-3  # between the best and the second best logit of every step
DECODER = {"is_decoder": True, "hidden_size": 12, "intermediate_size": 11, "max_position_embeddings": 23, "num_attention_heads": 3}
LEFT = rows("00111", "11111", "00001")
CASES = [
    {"name": "plain", "what": "one prompt", "shape": (1, 3), "new": 9},
    {"name": "batch", "what": "two prompts of one length", "shape": (2, 4), "new": 8},
    {"name": "left", "what": "prompts padded on the left with a mask: position ids count the kept tokens from 0, padding has 1",
     "shape": (3, 5), "new": 8, "mask": LEFT},
    {"name": "eos", "what": "one prompt, ends with the end token before max_new_tokens", "shape": (1, 3), "new": 12, "eos": 4},
    {"name": "eos-batch", "what": "three prompts: one reaches the end token, and then has padding; the others go on",
     "shape": (3, 3), "new": 8, "eos": 3},
    {"name": "relative-key", "what": "relative_key, left padding", "shape": (3, 5), "new": 8, "mask": LEFT,
     "config": {"position_embedding_type": "relative_key"}},
    {"name": "relative-key-query", "what": "relative_key_query", "shape": (2, 4), "new": 8,
     "config": {"position_embedding_type": "relative_key_query"}},
    {"name": "cross", "what": "cross attention on given encoder states with a mask", "shape": (3, 3), "new": 8,
     "config": {"add_cross_attention": True}, "encoder": 5, "encoder_mask": right_padded([5, 2, 4], 5)},
    {"name": "cross-left-eos", "what": "cross attention, relative_key, left padding and an end token", "shape": (3, 5), "new": 8,
     "config": {"add_cross_attention": True, "position_embedding_type": "relative_key"}, "mask": LEFT, "encoder": 4, "eos": 3},
    {"name": "pruned-untied", "what": "pruned heads, an untied decoder", "shape": (2, 3), "new": 8,
     "config": {"tie_word_embeddings": False}, "prune": {0: [0, 2], 1: [1]}},
]  # fmt: skip


def inputs_of(case, config, rng):
    batch, width = case["shape"]
    inputs = {"input_ids": torch.randint(1, config.vocab_size, (batch, width), generator=rng)}
    if "mask" in case:
        inputs["attention_mask"] = case["mask"]
        inputs["input_ids"][case["mask"] == 0] = config.pad_token_id
    if "encoder" in case:
        states = torch.randn(batch, case["encoder"], config.hidden_size, generator=rng, dtype=torch.float64)
        inputs["encoder_hidden_states"] = exact(states)
    if "encoder_mask" in case:
        inputs["encoder_attention_mask"] = case["encoder_mask"]
    return inputs


def generate(model, inputs, case, eos):
    dtype = next(model.parameters()).dtype
    given = {name: value.to(dtype) if value.is_floating_point() else value for name, value in inputs.items()}
    result = model.generate(
        **given, do_sample=False, max_new_tokens=case["new"], eos_token_id=eos, pad_token_id=0, use_cache=True,
        return_dict_in_generate=True, output_logits=True,
    )  # fmt: skip
    return result.sequences, torch.stack(result.logits, dim=1)


def finished(sequences, width, eos):
    """[B, steps]: whether the row had ended before the step."""
    ended = (sequences[:, width:] == eos).long() if eos is not None else torch.zeros_like(sequences[:, width:])
    return (ended.cumsum(1) - ended) > 0


def forward(model, inputs, sequences, width, cached):
    """The logits of every step in float64 (generate() itself rounds them to float32): token by token, or in one pass."""
    mask = torch.ones_like(sequences)
    if "attention_mask" in inputs:
        mask[:, :width] = inputs["attention_mask"]
    positions = (mask.cumsum(1) - 1).masked_fill(mask == 0, 1)  # as generate() has them
    given = {name: value for name, value in inputs.items() if "encoder" in name}
    last = sequences.shape[1] - 1
    pieces = [(0, width), *[(index, index + 1) for index in range(width, last)]] if cached else [(0, last)]
    past, found = None, []
    for begin, end in pieces:
        with torch.no_grad():
            result = model(
                input_ids=sequences[:, begin:end], attention_mask=mask[:, :end], position_ids=positions[:, begin:end],
                past_key_values=past, use_cache=cached, **given,
            )  # fmt: skip
        past = result.past_key_values
        found.append(result.logits)
    return torch.cat(found, dim=1)[:, width - 1 :]


def attempt(folder, case, number):
    """The case with its `number`th random weights, or False where they are too dull or too close to call."""
    rng = generator(f"generation {case['name']} {number}")
    config = BertConfig(**{**SMALL, **DECODER, **case.get("config", {})}, attn_implementation="eager")
    model = BertLMHeadModel(config).eval().double()
    if "prune" in case:
        model.prune_heads(case["prune"])
    randomise(model, rng, 0.6)
    inputs = inputs_of(case, model.config, rng)
    width = case["shape"][1]
    WRITERS["f32"](model, model.config, folder, rng)
    eos = None
    if "eos" in case:
        eos = int(generate(model, inputs, case, None)[0][0, width + case["eos"]])
        model.config.eos_token_id = eos
        WRITERS["f32"](model, model.config, folder, rng)
    sequences, logits = generate(model, inputs, case, eos)
    over = finished(sequences, width, eos)
    best = logits.topk(2, dim=-1)
    margin = float((best.values[..., 0] - best.values[..., 1])[~over].min())
    dull = min(len(set(row[width:].tolist())) for row in sequences) < 3
    if eos is not None:
        ended = over.any(1)
        first = int((sequences[0, width:] != eos).long().cumprod(0).sum())
        dull = dull or first < 3 or (len(over) > 1 and not (ended.any() and not ended.all()))
    if margin < MARGIN or dull:
        return False
    if not torch.equal(generate(model.float(), inputs, case, eos)[0], sequences):
        raise SystemExit(f"{case['name']}: float32 says something else")
    model.double()
    check_loads(BertLMHeadModel, model, folder, attn_implementation="eager")
    rounded, logits = logits, forward(model, inputs, sequences, width, True)
    again = forward(model, inputs, sequences, width, False)
    apart = [(other - logits)[~over].abs().max() for other in (again, rounded)]
    if apart[0] > 1e-10 or apart[1] > 1e-5:
        raise SystemExit(f"{case['name']}: the cached loop is off by {apart[0]} from one pass, {apart[1]} from generate()")
    logits[over] = 0
    save_tensors(inputs, folder / "inputs.safetensors")
    save_tensors({"sequences": sequences, "logits": logits}, folder / "outputs.safetensors")
    save_json(
        {"what": case["what"], "task": "causal-lm", "max_new_tokens": case["new"], "eos_token_id": eos, "pad_token_id": 0,
         "relative_tolerance": 1e-5, "smallest_margin": float(f"{margin:.1e}")},
        folder / "case.json",
    )  # fmt: skip
    return True


def make(target, arguments):
    fresh_folder(target)
    for case in CASES:
        folder = fresh_folder(target / case["name"])
        if not any(attempt(folder, case, number) for number in range(200)):
            raise SystemExit(f"{case['name']}: 200 models, and none of them will do")
