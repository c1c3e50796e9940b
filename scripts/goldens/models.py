# SPDX-License-Identifier: Apache-2.0
"""One case of `switches`, `decoder` or `heads`: a tiny random checkpoint of any of BERT's classes, run in float64.

A case is a dictionary:
    name, what      as written to case.json; the name seeds the random numbers
    task            a key of CLASSES; None, the default, is the bare model
    config, std     beside SMALL; the scale of the weights
    prune           {layer: [heads]} for model.prune_heads
    shape           [B, S] (or [B, choices, S]) of the tokens, the past not counted
    give, mask      as batches.inputs_of has them; the mask may be 3-D, and covers the past too
    past            the number of tokens in the cache: a first pass fills it, this case is the second
    encoder         the length of encoder_hidden_states; encoder_mask its mask
    extra           a function (inputs, config, rng) that adds or changes inputs
    plain           True: neither hidden states nor attentions are asked for
    cache           True: past_key_values are asked for
    save            a key of WRITERS
"""

import copy

import torch
from torch.nn.functional import cross_entropy
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForMultipleChoice,
    BertForNextSentencePrediction,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertLMHeadModel,
    BertModel,
)

from goldens.batches import SMALL, inputs_of
from goldens.common import TOLERANCE, check_loads, fresh_folder, generator, randomise, relative_error, save_json, save_tensors
from goldens.model_files import WRITERS

CLASSES = {
    None: BertModel,
    "pretraining": BertForPreTraining,
    "masked-lm": BertForMaskedLM,
    "causal-lm": BertLMHeadModel,
    "next-sentence": BertForNextSentencePrediction,
    "text-classification": BertForSequenceClassification,
    "multiple-choice": BertForMultipleChoice,
    "token-classification": BertForTokenClassification,
    "question-answering": BertForQuestionAnswering,
}
TOKENWISE = {"masked-lm", "causal-lm", "token-classification"}  # whose `logits` have a row per token
CACHE = ["key", "value", "cross_key", "cross_value"]


def exact(tensor):
    """The tensor with values that F32 holds, so that an engine in float32 starts from the same numbers."""
    return tensor.float().double()


def build(case, rng):
    config = BertConfig(**{**SMALL, **case.get("config", {})}, attn_implementation="eager")
    model = CLASSES[case.get("task")](config).eval().double()
    if "prune" in case:
        model.prune_heads(case["prune"])
    randomise(model, rng, case.get("std", 0.3))
    return model, model.config


def past_of(model, inputs, length):
    """Splits the batch: a first pass over `length` tokens gives the cache, the rest is the second pass."""
    first = {}
    for name, value in inputs.items():
        first[name] = value[:, :length] if name in ("input_ids", "token_type_ids", "attention_mask") else value
    with torch.no_grad():
        result = model(**first, use_cache=True)
    second = {name: value[:, length:] if name in ("input_ids", "token_type_ids") else value for name, value in inputs.items()}
    for layer, cache in enumerate(result.past_key_values):
        for name, value in zip(CACHE, cache):
            hidden = first.get("encoder_attention_mask" if "cross" in name else "attention_mask")
            value = exact(value)
            if hidden is not None and hidden.dim() == 2:
                value[(hidden == 0)[:, None, :, None].expand_as(value)] = 0
            second[f"past_key_values.{layer}.{name}"] = value
    return second


def batch(model, config, case, rng):
    shape = case["shape"]
    past = case.get("past", 0)
    rows, width = torch.Size(shape[:-1]).numel(), shape[-1] + past
    flat = {**case, "shape": (rows, width)}
    mask = case.get("mask")
    if mask is not None and mask.dim() == 3 and len(shape) == 2:
        inputs = inputs_of({**flat, "mask": torch.ones(rows, width, dtype=torch.int64)}, config, rng)
        inputs["attention_mask"] = mask
    else:
        inputs = inputs_of({**flat, **({} if mask is None else {"mask": mask.reshape(rows, width)})}, config, rng)
    if "encoder" in case:
        states = torch.randn(rows, case["encoder"], config.hidden_size, generator=rng, dtype=torch.float64)
        inputs["encoder_hidden_states"] = exact(states)
        if "encoder_mask" in case:
            inputs["encoder_attention_mask"] = case["encoder_mask"]
    if len(shape) == 3:
        inputs = {name: value.reshape(*shape) for name, value in inputs.items()}
    if past:
        inputs = past_of(model, inputs, past)
    if "extra" in case:
        case["extra"](inputs, config, rng)
    return inputs


def arguments_of(inputs):
    """The tensors as Hugging Face's forward takes them: the caches as tuples of tuples."""
    arguments = {name: value for name, value in inputs.items() if not name.startswith("past_key_values.")}
    layers = {}
    for name, value in inputs.items():
        if name.startswith("past_key_values."):
            _, layer, part = name.split(".")
            layers.setdefault(int(layer), {})[part] = value
    if layers:
        arguments["past_key_values"] = tuple(
            tuple(layers[index][part] for part in CACHE if part in layers[index]) for index in sorted(layers)
        )
    return arguments


def named(result):
    outputs = {}
    for name, value in result.items():
        if torch.is_tensor(value):
            outputs[name] = value
        elif name == "past_key_values":
            for layer, cache in enumerate(value):
                outputs.update({f"{name}.{layer}.{part}": tensor for part, tensor in zip(CACHE, cache)})
        else:
            outputs.update({f"{name}.{index}": tensor for index, tensor in enumerate(value)})
    return {name: value.detach().clone() for name, value in outputs.items()}


def erase(value, visible, axis):
    """Zero where `visible` [B, length] is zero along `axis`."""
    shape = [1] * value.dim()
    shape[0], shape[axis] = visible.shape
    value[(visible == 0).reshape(shape).expand_as(value)] = 0


def zero_hidden(outputs, inputs, case, width):
    """What hides behind a 2-D mask is zero, as `bert forward` writes it."""
    mask, encoder = inputs.get("attention_mask"), inputs.get("encoder_attention_mask")
    if mask is not None and len(case["shape"]) == 3:
        mask = mask.reshape(-1, mask.shape[-1])
    elif mask is not None and mask.dim() == 3:
        mask = None
    if encoder is not None and encoder.dim() == 3:
        encoder = None
    for name, value in outputs.items():
        field = name.split(".")[0]
        if encoder is not None and field == "cross_attentions":
            erase(value, encoder, 3)
        if encoder is not None and ".cross_" in name:
            erase(value, encoder, 2)
        if mask is None or ".cross_" in name:
            continue
        queries = mask[:, -width:]
        if field in ("last_hidden_state", "hidden_states", "prediction_logits", "start_logits", "end_logits"):
            erase(value, queries, 1)
        elif field == "logits" and case.get("task") in TOKENWISE:
            erase(value, queries, 1)
        elif field in ("attentions", "cross_attentions"):
            erase(value, queries, 2)
            if field == "attentions":
                erase(value, mask, 3)
        elif field == "past_key_values":
            erase(value, mask, 2)


def run(model, inputs, case):
    dtype = next(model.parameters()).dtype
    arguments = arguments_of({name: v.to(dtype) if v.is_floating_point() else v for name, v in inputs.items()})
    if model.config.is_decoder and case.get("task") in (None, "causal-lm"):
        arguments["use_cache"] = case.get("cache", False)
    asked = not case.get("plain", False)
    with torch.no_grad():
        result = model(**arguments, output_hidden_states=asked, output_attentions=asked)
    if case.get("task") == "causal-lm" and "labels" in inputs:
        # transformers 4.49 computes this one loss in float32, whatever the model's type: the same rule in float64.
        logits, labels = result.logits[:, :-1], inputs["labels"][:, 1:]
        loss = cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))
        if abs(loss - result.loss) > 1e-5 * loss:
            raise SystemExit(f"{case['name']}: the shifted loss is {loss}, Hugging Face has {result.loss}")
        result["loss"] = loss
    outputs = named(result)
    if "no_pooler" in case:
        del outputs["pooler_output"]
    width = inputs["inputs_embeds" if "inputs_embeds" in inputs else "input_ids"].shape[len(case["shape"]) - 1]
    zero_hidden(outputs, inputs, case, width)
    return outputs


def check(case, inputs, outputs, single):
    name = case["name"]
    if not all(torch.isfinite(value).all() for value in outputs.values()):
        raise SystemExit(f"{name}: not finite")
    for key, value in outputs.items():
        expected = single[key].dtype if key == "loss" and case.get("task") != "causal-lm" else torch.float32
        if value.dtype != torch.float64 or single[key].dtype != expected:
            raise SystemExit(f"{name}: {key} is {value.dtype}")
    errors = {key: relative_error(single[key], value) for key, value in outputs.items() if value.any()}
    if max(errors.values()) > TOLERANCE / 2:
        raise SystemExit(f"{name}: float32 in PyTorch is off by {errors}: too touchy for a tolerance of {TOLERANCE}")
    mask = inputs.get("attention_mask")
    if mask is not None and not mask.amax(-1).all():
        raise SystemExit(f"{name}: a row of the mask sees nothing")
    return errors


def make_case(folder, case):
    rng = generator(case.get("seed", case["name"]))
    model, config = build(case, rng)
    kind = CLASSES[case.get("task")]
    WRITERS[case.get("save", "f32")](model, config, folder, rng)  # rounds the weights of `model` to F32
    check_loads(kind, model, folder, attn_implementation="eager")

    inputs = batch(model, config, case, rng)
    outputs = run(model, inputs, case)
    single = run(copy.deepcopy(model).float(), inputs, case)
    errors = check(case, inputs, outputs, single)

    save_tensors(inputs, folder / "inputs.safetensors")
    save_tensors(outputs, folder / "outputs.safetensors")
    asked = not case.get("plain", False)
    description = {
        "what": case["what"],
        "task": case.get("task"),
        "use_cache": case.get("cache", False),
        "output_hidden_states": asked,
        "output_attentions": asked,
        "relative_tolerance": TOLERANCE,
    }
    if "no_pooler" in case:
        description["no_pooler_output"] = case["no_pooler"]
    description["pytorch_float32_relative_error"] = {key: float(f"{value:.1e}") for key, value in errors.items()}
    save_json(description, folder / "case.json")


def make_cases(target, cases):
    names = [case["name"] for case in cases]
    if len(set(names)) != len(names):
        raise SystemExit(f"{target.name}: a name twice")
    fresh_folder(target)
    for case in cases:
        try:
            make_case(fresh_folder(target / case["name"]), case)
        except Exception as error:
            raise RuntimeError(f"{target.name}/{case['name']}") from error
