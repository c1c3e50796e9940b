# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/operations: every activation of transformers over a range that finds overflow and cancellation."""

import torch
from transformers.activations import ACT2FN

from goldens.common import generator, save_tensors
from goldens.forward import ACTIVATIONS


def make(target, arguments):
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
