# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/training: PyTorch's training of tiny models in float64, step for step, and its first gradients."""

import copy

import torch
from torch.nn.functional import cross_entropy
from transformers import AutoTokenizer, BertConfig, get_scheduler

from goldens.common import check_loads, fresh_folder, generator, randomise, save_json, save_lines, save_tensors
from goldens.model_files import WRITERS, state_of
from goldens.models import CLASSES
from goldens.task_vocabulary import save_tokenizer
from goldens.training_batches import FROM_TEXT, batches_of
from goldens.training_cases import CASES, activation_case
from goldens.training_texts import LONGEST, MAX_LENGTH, VOCABULARY, rows_of

STEPS, ACCUMULATION, WARMUP = 8, 2, 2
LEARNING_RATE = 1e-2  # with weights of 0.3, so that eight steps are far more than the tolerance
ADAM = {"adam_beta1": 0.9, "adam_beta2": 0.999, "adam_epsilon": 1e-8}
WEIGHT_DECAY = 0.01
SAMPLE = 24  # elements kept of a tensor where not all are: every (count / SAMPLE)-th, at least every one
TOLERANCES = {"loss": 1e-4, "grad_norm": 1e-3, "final_weights": 1e-4}  # relative; issue 5
SIZES = {
    "vocab_size": len(VOCABULARY), "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 28, "max_position_embeddings": LONGEST, "type_vocab_size": 2, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0, "attn_implementation": "eager",
}  # fmt: skip


def parameters_of(model, config):
    """By the checkpoint's key, each once: tied ones under the name that is saved."""
    saved = state_of(copy.deepcopy(model), config)
    found = dict(model.named_parameters())
    if set(found) != set(saved):
        raise SystemExit(f"parameters and checkpoint differ: {set(found) ^ set(saved)}")
    return found


def loss_of(model, batch, task):
    dtype = next(model.parameters()).dtype
    result = model(**{name: value.to(dtype) if value.is_floating_point() else value for name, value in batch.items()})
    if task != "causal-lm":
        return result.loss
    # transformers 4.49 computes this one loss in float32, whatever the model's type: the same rule in float64.
    logits, labels = result.logits[:, :-1], batch["labels"][:, 1:]
    return cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))


def optimizer_of(model, lr=LEARNING_RATE):
    """As Trainer groups the parameters: no decay of biases and LayerNorm."""
    spared = [(name.endswith("bias") or "LayerNorm" in name, parameter) for name, parameter in model.named_parameters()]
    groups = [
        {"params": [parameter for spare, parameter in spared if not spare], "weight_decay": WEIGHT_DECAY},
        {"params": [parameter for spare, parameter in spared if spare], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=lr, betas=(ADAM["adam_beta1"], ADAM["adam_beta2"]), eps=ADAM["adam_epsilon"]
    )  # fmt: skip


def train(model, batches, task, run, steps, max_norm):
    """Trains `model`; the steps as metrics.jsonl has them, and each parameter's largest share of the gradient's norm."""
    optimizer = optimizer_of(model)
    schedule = get_scheduler(
        run["lr_scheduler_type"], optimizer, num_warmup_steps=run["warmup_steps"], num_training_steps=steps,
        scheduler_specific_kwargs=run.get("lr_scheduler_kwargs"),
    )  # fmt: skip
    model.train()  # the config's dropout is 0
    logged, share = [], {}
    for step in range(steps):
        losses = []
        for number in range(step * ACCUMULATION, (step + 1) * ACCUMULATION):
            loss = loss_of(model, batches[number], task)
            (loss / ACCUMULATION).backward()
            losses.append(float(loss.detach()))
        grads = {name: float(p.grad.norm()) for name, p in model.named_parameters() if p.grad is not None}
        norm = float(torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm))
        for name, value in grads.items():
            share[name] = max(share.get(name, 0), value / norm)
        lr = schedule.get_last_lr()[0]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        logged.append({"step": step + 1, "loss": sum(losses) / ACCUMULATION, "grad_norm": norm, "lr": lr})
    return logged, share


def max_norm_of(model, batches, task, run, steps):
    """A limit that is in force in about half of the steps: the median of the norms without one, rounded."""
    logged, _ = train(copy.deepcopy(model), batches, task, run, steps, float("inf"))
    return float(f"{sorted(entry['grad_norm'] for entry in logged)[steps // 2]:.2g}")


def difference(values, golden, skip=()):
    """The largest relative Frobenius error of any tensor."""
    return max(
        float(torch.linalg.vector_norm(values[name].detach().double() - tensor) / torch.linalg.vector_norm(tensor))
        for name, tensor in golden.items() if name not in skip
    )  # fmt: skip


def sampled(tensor):
    flat = tensor.reshape(-1)
    return flat[:: max(1, len(flat) // SAMPLE)]


def run_case(model, batches, case, run, max_norm):
    """One run in float64, held against the same in float32: a golden that PyTorch itself would miss is none."""
    task, steps = case["task"], case["steps"]
    build = run.get("model", lambda: copy.deepcopy(model))
    trained = build()
    logged, share = train(trained, batches, task, run, steps, max_norm)
    unused = [name for name, parameter in trained.named_parameters() if name not in share]
    zero = [name for name, value in share.items() if value < 1e-12]
    clipped = sum(entry["grad_norm"] > max_norm for entry in logged)
    if not 0 < clipped < steps:
        raise SystemExit(f"{case['name']} {run['name']}: {clipped} of {steps} steps are clipped at {max_norm}")
    single = build().float()
    logged32, _ = train(single, batches, task, run, steps, max_norm)
    final, start = parameters_of(trained, trained.config), parameters_of(build(), trained.config)
    final = {name: value.detach() for name, value in final.items()}
    errors = {
        name: max(abs(entry32[name] / entry[name] - 1) for entry, entry32 in zip(logged, logged32))
        for name in ("loss", "grad_norm")
    }
    errors["final_weights"] = difference(parameters_of(single, single.config), final, zero)
    for name, error in errors.items():
        if not error < TOLERANCES[name] / 2:
            raise SystemExit(f"{case['name']} {run['name']}: float32 in PyTorch is off by {errors}: too touchy")
    if any(not torch.equal(final[name], start[name]) for name in unused):
        raise SystemExit(f"{case['name']} {run['name']}: a parameter without a gradient has moved")
    moved = [torch.linalg.vector_norm(final[name] - start[name].detach()) for name in final if name not in zero]
    described = {key: value for key, value in run.items() if key != "model"}
    return final, {
        **described, "max_grad_norm": max_norm, "clipped_steps": clipped, "zero_gradient": sorted(zero),
        "no_gradient": sorted(unused), "steps": logged,
        "update_norm": float(torch.linalg.vector_norm(torch.stack(moved))),
        "pytorch_float32_relative_error": {name: float(f"{error:.1e}") for name, error in errors.items()},
    }  # fmt: skip


def first_gradients(model, batch, task):
    """Of the first batch's loss, not divided by the accumulation and not clipped; a parameter without one is left out."""
    model = copy.deepcopy(model)
    loss = loss_of(model, batch, task)
    loss.backward()
    return float(loss.detach()), {
        name: p.grad.float() for name, p in parameters_of(model, model.config).items() if p.grad is not None
    }


def build(case, folder):
    rng = generator(f"training {case['name']}")
    config = BertConfig(**{**SIZES, **case.get("config", {})})
    kind = CLASSES[case["task"]]
    model = kind(config).double()
    if "prune" in case:
        model.prune_heads(case["prune"])
    randomise(model, rng, 0.3)
    WRITERS["f32"](model, model.config, folder, rng)  # rounds the weights of `model` to F32
    save_tokenizer(folder, VOCABULARY, LONGEST)
    check_loads(kind, model, folder, attn_implementation="eager")
    return model, rng


def make_case(folder, case):
    case = {"steps": STEPS, "batch_size": 3, **case}
    case["batches"] = case["steps"] * ACCUMULATION
    model, rng = build(case, folder)
    rows = rows_of(case["rows"], case["name"])
    save_lines(rows, folder / "train.jsonl")
    batches = batches_of(case, rows, AutoTokenizer.from_pretrained(folder), model.config, rng)
    save_tensors(
        {f"batch.{number}.{name}": value for number, batch in enumerate(batches) for name, value in batch.items()},
        folder / "batches.safetensors",
    )
    loss, gradients = first_gradients(model, batches[0], case["task"])
    save_tensors(gradients, folder / "gradients.safetensors")

    runs, weights = [], {}
    for run in case["runs"](model, STEPS, WARMUP):
        max_norm = max_norm_of(run.get("model", lambda: model)(), batches, case["task"], run, case["steps"])
        final, described = run_case(model, batches, case, run, max_norm)
        whole = run["name"] in case["whole"]
        described["final_weights"] = "whole" if whole else "sample"
        kept = final if whole else {key: sampled(tensor) for key, tensor in final.items()}
        weights.update({f"{run['name']}.{key}": tensor.float() for key, tensor in kept.items()})
        runs.append(described)
    save_tensors(weights, folder / "final.safetensors")
    replayed = case["rows"] in FROM_TEXT and not model.config.add_cross_attention
    save_json(
        {
            "what": case["what"],
            "task": case["task"],
            "batches_are_train_jsonl": replayed,
            "arguments": {
                "max_steps": case["steps"], "train_batch_size": case["batch_size"],
                "gradient_accumulation_steps": ACCUMULATION, "learning_rate": LEARNING_RATE, "weight_decay": WEIGHT_DECAY,
                **ADAM, "max_length": MAX_LENGTH,
            },
            "relative_tolerance": TOLERANCES,
            "first_batch_loss": loss,
            "runs": runs,
        },
        folder / "expected.json",
    )  # fmt: skip


def make(target, arguments):
    torch.set_num_threads(1)  # the order of sums depends on their number, and training carries rounding on
    fresh_folder(target)
    for case in [*CASES, activation_case()]:
        try:
            make_case(fresh_folder(target / case["name"]), case)
        except Exception as error:
            raise RuntimeError(f"training/{case['name']}") from error
        size = sum(file.stat().st_size for file in (target / case["name"]).iterdir())
        print(f"  {case['name']}: {size / 1000:.0f} kB")
    torch.set_num_threads(arguments.threads)
