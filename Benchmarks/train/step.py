# SPDX-License-Identifier: Apache-2.0
"""Times PyTorch's training steps and prints them as one JSON object.

A step is what transformers' Trainer does on a batch: forward with the loss, backward, clip_grad_norm_ to 1, AdamW (decay
0.01 on all but biases and LayerNorm), gradients dropped; float32, text classification with two labels. The clock runs
from tensors in memory to new weights. Loading and warming up are outside.

With --serve it loads, prints {"versions", ...} and then answers each line {"repeat": N} on standard input with a line
{"seconds": [...]}, as Benchmarks/peers/held.py asks it, so that another program's steps can take turns with these.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))

PARTS = ["forward", "backward", "clip", "optimizer"]
LEARNING_RATE, WEIGHT_DECAY, MAX_NORM, NUM_LABELS = 2e-5, 0.01, 1.0, 2


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="checkpoint folder")
    parser.add_argument("--case", default="8x128", help="BxS, or ragged: 32 sentences of 6 to 256 tokens (default 8x128)")
    parser.add_argument("--rows", type=int, help="only the first N sentences of the case, cut to their longest")
    parser.add_argument("--dropout", choices=["config", "none"], default="config", help="the config's (default), or 0")
    parser.add_argument("--optimizer", choices=["adamw", "fused"], default="adamw",
                        help="torch.optim.AdamW as Trainer makes it (default), or with fused=True")  # fmt: skip
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa", help="sdpa is transformers' default")
    parser.add_argument("--gradient-checkpointing", action="store_true", help="recompute each layer")
    parser.add_argument("--repeat", type=int, default=5, help="timed steps (default 5)")
    parser.add_argument("--warmup", type=int, default=2, help="steps before (default 2)")
    parser.add_argument("--threads", type=int, default=2, help="processors and threads (default 2)")
    parser.add_argument("--seed", type=int, default=0, help="of batch and labels (default 0)")
    parser.add_argument("--inputs", type=Path, help="writes the batch there, as safetensors that `bert` reads")
    parser.add_argument("--serve", action="store_true", help="answer lines instead; see above")
    arguments = parser.parse_args()
    if arguments.repeat < 1 or arguments.warmup < 0 or arguments.threads < 1:
        parser.error("--repeat and --threads must be at least 1, --warmup at least 0")
    return arguments


def peak():
    """Megabytes of the process's largest resident set so far; Linux counts in KiB, macOS in bytes."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024))


class Training:
    def __init__(self, arguments):
        import cases
        import numpy as np
        import torch
        import transformers

        self.torch, self.arguments = torch, arguments
        torch.set_num_threads(arguments.threads)
        torch.manual_seed(arguments.seed)
        transformers.logging.set_verbosity_error()
        batch = cases.batch(arguments.case, arguments.model, arguments.seed)
        if arguments.rows:
            longest = int(batch["attention_mask"][: arguments.rows].sum(1).max())
            batch = {name: np.ascontiguousarray(array[: arguments.rows, :longest]) for name, array in batch.items()}
        rows = len(batch["input_ids"])
        batch["labels"] = np.random.default_rng(arguments.seed).integers(0, NUM_LABELS, rows)
        if arguments.inputs:
            from safetensors.numpy import save_file

            save_file(batch, str(arguments.inputs))
        self.batch = {name: torch.from_numpy(array) for name, array in batch.items()}
        dropout = {} if arguments.dropout == "config" else {
            "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0,
        }  # fmt: skip
        self.model = transformers.BertForSequenceClassification.from_pretrained(
            arguments.model, num_labels=NUM_LABELS, attn_implementation=arguments.attention, torch_dtype=torch.float32,
            **dropout,
        ).train()  # fmt: skip
        if arguments.gradient_checkpointing:
            # Trainer's default; the reentrant form would need an input that wants a gradient.
            self.model.gradient_checkpointing_enable({"use_reentrant": False})
        spared = [(name.endswith("bias") or "LayerNorm" in name, p) for name, p in self.model.named_parameters()]
        groups = [{"params": [p for spare, p in spared if spare is which], "weight_decay": decay}
                  for which, decay in ((False, WEIGHT_DECAY), (True, 0.0))]  # fmt: skip
        fused = {"fused": True} if arguments.optimizer == "fused" else {}
        self.optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, **fused)
        self.parts = []
        self.losses = []

    def step(self):
        """Seconds of forward, backward, clipping and optimizer."""
        times = [time.perf_counter()]
        loss = self.model(**self.batch).loss
        times.append(time.perf_counter())
        loss.backward()
        times.append(time.perf_counter())
        self.torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_NORM)
        times.append(time.perf_counter())
        self.optimizer.step()
        self.optimizer.zero_grad()
        times.append(time.perf_counter())
        self.losses.append(float(loss.detach()))
        return [after - before for before, after in zip(times, times[1:])]

    def steps(self, repeat):
        """Seconds of each of `repeat` steps."""
        found = [self.step() for _ in range(repeat)]
        self.parts += found
        return [sum(parts) for parts in found]

    def described(self):
        import torch
        import transformers

        mask = self.batch["attention_mask"]
        arguments = self.arguments
        return {
            "model": arguments.model.name, "case": arguments.case, "shape": list(mask.shape), "tokens": int(mask.sum()),
            "dropout": {name: getattr(self.model.config, name)
                        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob")},
            "optimizer": arguments.optimizer, "attention": arguments.attention,
            "gradient_checkpointing": arguments.gradient_checkpointing, "threads": arguments.threads,
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }  # fmt: skip


def main():
    arguments = parsed()
    import turns

    turns.confine(arguments.threads)  # before torch starts threads
    if arguments.serve:
        import held

        def load():
            training = Training(arguments)
            training.steps(arguments.warmup)

            def reply(repeat):
                return {"seconds": training.steps(repeat), "peak_rss_mb": peak()}

            return training.described(), reply

        held.serve(load)
        return
    training = Training(arguments)
    loaded = peak()
    training.steps(arguments.warmup)
    training.parts.clear()
    seconds = training.steps(arguments.repeat)
    print(json.dumps({
        **training.described(), "seconds": seconds, "median": statistics.median(seconds), "least": min(seconds),
        "median_parts": {name: statistics.median(times) for name, times in zip(PARTS, zip(*training.parts))},
        "losses": training.losses, "loaded_rss_mb": loaded, "peak_rss_mb": peak(), "load_average": list(os.getloadavg()),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
