# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/pooling: sentence-transformers' own Pooling over ragged token states, mode by mode and concatenated."""

import torch
from sentence_transformers.models import Pooling

from goldens.common import fresh_folder, generator, save_json, save_tensors

FLAGS = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
SEVERAL = [
    ["mean", "max"],
    ["cls", "mean"],
    ["cls", "max", "mean", "mean_sqrt_len", "weightedmean", "lasttoken"],
    ["mean_sqrt_len", "lasttoken"],
]


def pooled(states, lengths, modes):
    """Pads the packed states [T, H] with rubbish, as a model's padding is, and pools: [B, H times the modes]."""
    width = max(lengths) + 2
    padded = torch.full((len(lengths), width, states.shape[1]), 7.25, dtype=torch.float64)
    mask = torch.zeros(len(lengths), width, dtype=torch.int64)
    start = 0
    for row, length in enumerate(lengths):
        padded[row, :length] = states[start : start + length]
        mask[row, :length] = 1
        start += length
    flags = {flag: mode in modes for mode, flag in FLAGS.items()}
    pooling = Pooling(states.shape[1], **flags)
    return pooling({"token_embeddings": padded, "attention_mask": mask})["sentence_embedding"]


def make(target, arguments):
    fresh_folder(target)
    cases = {"ragged": ([5, 1, 9, 2, 1, 33], 13), "wide": ([3, 70, 1], 37), "one": ([1], 1)}
    for name, (lengths, hidden) in cases.items():
        rng = generator(f"pooling {name}")
        states = torch.randn(sum(lengths), hidden, generator=rng, dtype=torch.float64)
        states[:, hidden // 2] = -states[:, hidden // 2].abs() - 0.5  # only negative: the maximum must not see zeros
        states = states.float().double()
        offsets = torch.tensor([0, *lengths]).cumsum(0)
        tensors = {"states": states.float(), "offsets": offsets}
        for modes in [[mode] for mode in FLAGS] + SEVERAL:
            joined = "+".join(mode for mode in FLAGS if mode in modes)
            tensors[joined] = pooled(states, lengths, modes)
        tensors["normalized_mean"] = torch.nn.functional.normalize(tensors["mean"], p=2, dim=1)
        save_tensors(tensors, target / f"{name}.safetensors")
    order = list(FLAGS)
    save_json(
        {"what": "states [T, H] packed, offsets [B + 1]; every other tensor [B, H times the modes in its name, in that order]",
         "order_of_concatenation": order, "relative_tolerance": 1e-6},
        target / "case.json",
    )  # fmt: skip
