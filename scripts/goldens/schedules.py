# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/schedules: the multipliers of transformers' learning rate schedules, step by step."""

import torch
from transformers import get_scheduler
from transformers.optimization import (
    get_cosine_schedule_with_warmup,
    get_cosine_with_hard_restarts_schedule_with_warmup,
    get_polynomial_decay_schedule_with_warmup,
)

from goldens.common import save_json

# Warm-up, steps in all, steps asked for: none, some, all; odd lengths; steps beyond the last.
RUNS = [(0, 10, 12), (3, 10, 13), (7, 37, 40), (1, 1, 4), (0, 1, 3), (5, 100, 101), (10, 10, 10)]
LEARNING_RATE = 3e-5


def multipliers(schedule, count):
    (multiplier,) = schedule.lr_lambdas
    return [float(multiplier(step)) for step in range(count)]


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LEARNING_RATE)


def make(folder, _):
    cases = []
    for warmup, total, count in RUNS:
        for name in (
            "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup",
        ):  # fmt: skip
            if name == "polynomial" and warmup == total:  # divides by zero there
                continue
            if name == "constant":
                schedule = get_scheduler(name, optimizer())
            elif name == "constant_with_warmup":
                schedule = get_scheduler(name, optimizer(), num_warmup_steps=warmup)
            else:
                schedule = get_scheduler(name, optimizer(), num_warmup_steps=warmup, num_training_steps=total)
            cases.append({"type": name, "warmup": warmup, "total": total, "multipliers": multipliers(schedule, count)})
        for cycles in (0.75, 2, 3.5):
            more = {
                "cosine": get_cosine_schedule_with_warmup(optimizer(), warmup, total, num_cycles=cycles),
                "cosine_with_restarts": get_cosine_with_hard_restarts_schedule_with_warmup(
                    optimizer(), warmup, total, num_cycles=cycles
                ),
            }
            for name, schedule in more.items():
                values = multipliers(schedule, count)
                cases.append({"type": name, "warmup": warmup, "total": total, "cycles": cycles, "multipliers": values})
        for power, end in ((2.0, 1e-6), (0.5, 0.0)) if warmup < total else ():
            schedule = get_polynomial_decay_schedule_with_warmup(optimizer(), warmup, total, lr_end=end, power=power)
            values = multipliers(schedule, count)
            more = {"power": power, "end": end}
            cases.append({"type": "polynomial", "warmup": warmup, "total": total, **more, "multipliers": values})
    save_json({"learning_rate": LEARNING_RATE, "cases": cases}, folder / "schedules.json")
