# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/operations: every activation of transformers over a range that finds overflow and cancellation; losses."""

import torch
from torch.nn import functional
from transformers.activations import ACT2FN

from goldens.common import generator, save_tensors
from goldens.forward import ACTIVATIONS


def make(target, arguments):
    activations(target)
    losses(target)


def activations(target):
    rng = generator("activations")
    powers = torch.tensor([10.0**exponent for exponent in range(-38, 1)], dtype=torch.float64)
    edges = torch.tensor([0.0, 1e-45, 1.1754944e-38, 0.5, 0.7071067811865476, 0.7517916, 2.0, 5.9, 8.3, 9.0, 10.5, 13.7,
                          17.0, 20.0, 25.0, 29.99, 30.0, 88.7, 89.0, 104.0, 1e3, 1e4, 1e6, 1e10])  # fmt: skip
    positive = torch.cat([edges.double(), powers, 30 * torch.rand(150, generator=rng, dtype=torch.float64)])
    x = torch.cat([positive, -positive]).float().double()  # values that F32 holds, so that no rounding of x is judged
    x = torch.cat([x, torch.linspace(-6, 6, 193, dtype=torch.float64)])
    tensors = {"x": x}
    for name in ACTIVATIONS:
        y = ACT2FN[name](x)
        if not torch.isfinite(y).all():
            raise SystemExit(f"{name} is not finite at {x[~torch.isfinite(y)]}")
        tensors[name] = y
    save_tensors(tensors, target / "activations.safetensors")


def losses(target):
    """PyTorch's losses, each for itself and as their mean; with labels of which some, or all, are -100."""
    rng = generator("losses")

    def reals(*shape, scale=3.0):
        return (scale * torch.randn(shape, generator=rng, dtype=torch.float64)).float().double()

    tensors = {}
    for name, rows, classes, scale in [("narrow", 13, 2, 3.0), ("wide", 7, 1031, 3.0), ("steep", 11, 37, 400.0)]:
        logits = reals(rows, classes, scale=scale)
        labels = torch.randint(classes, (rows,), generator=rng)
        labels[2::4] = -100
        tensors[f"cross_entropy.{name}.logits"] = logits
        tensors[f"cross_entropy.{name}.labels"] = labels
        tensors[f"cross_entropy.{name}.each"] = functional.cross_entropy(logits, labels, reduction="none")
        tensors[f"cross_entropy.{name}.mean"] = functional.cross_entropy(logits, labels)[None]
    ignored = torch.full((5,), -100)
    tensors["cross_entropy.ignored.logits"] = reals(5, 3)
    tensors["cross_entropy.ignored.labels"] = ignored
    tensors["cross_entropy.ignored.each"] = functional.cross_entropy(
        tensors["cross_entropy.ignored.logits"], ignored, reduction="none")  # fmt: skip
    mean = functional.cross_entropy(tensors["cross_entropy.ignored.logits"], ignored)[None]
    if not torch.isnan(mean).all():
        raise SystemExit(f"a mean over nothing is {mean}, not NaN")
    tensors["cross_entropy.ignored.mean"] = mean
    edges = torch.tensor([0.0, 1e-30, 1e-7, 17.0, 37.0, 88.0, 104.0, 750.0, 1e6], dtype=torch.float64)
    x = torch.cat([edges, -edges, reals(62, scale=8.0)]).float().double().reshape(16, 5)
    for name, target_values in [("mse", reals(16, 5)), ("bce", torch.rand(16, 5, generator=rng).double())]:
        loss = {"mse": functional.mse_loss, "bce": functional.binary_cross_entropy_with_logits}[name]
        tensors[f"{name}.x"] = x
        tensors[f"{name}.target"] = target_values
        tensors[f"{name}.each"] = loss(x, target_values, reduction="none")
        tensors[f"{name}.mean"] = loss(x, target_values)[None]
    save_tensors(tensors, target / "losses.safetensors")
