# SPDX-License-Identifier: Apache-2.0
"""Fine-tunes MiniLM with transformers' Trainer, once a seed, and prints what it reached as JSON.

The recipe is in RECIPE by the names of TrainingArguments, which are those of `bert train`'s flags; what is not said
there is the default of transformers 4.49. The seed decides the new classifier, the order of the rows and the dropout.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))

RECIPE = {
    "num_train_epochs": 1,
    "per_device_train_batch_size": 16,
    "learning_rate": 5e-5,
    "lr_scheduler_type": "linear",
    "warmup_ratio": 0.1,
    "weight_decay": 0.01,
    "max_grad_norm": 1.0,
}
MAX_LENGTH = 64
NUM_LABELS = 2


def rows(path, tokenizer):
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    features = tokenizer([line["text"] for line in lines], truncation=True, max_length=MAX_LENGTH)
    return [
        {**{name: values[index] for name, values in features.items()}, "labels": line["label"]}
        for index, line in enumerate(lines)
    ]


def accuracy(predictions):
    return {"accuracy": float((predictions.predictions.argmax(-1) == predictions.label_ids).mean())}


def train(seed, arguments, tokenizer, data):
    import torch
    import transformers

    transformers.set_seed(seed)
    model = transformers.BertForSequenceClassification.from_pretrained(arguments.model, num_labels=NUM_LABELS)
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            model=model,
            args=transformers.TrainingArguments(
                folder, seed=seed, per_device_eval_batch_size=32, logging_steps=10, save_strategy="no", report_to="none",
                disable_tqdm=True, dataloader_pin_memory=False, **RECIPE,
            ),
            train_dataset=data["train"],
            eval_dataset=data["eval"],
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
            compute_metrics=accuracy,
        )  # fmt: skip
        trainer.remove_callback(transformers.PrinterCallback)  # it prints to standard output, where the JSON goes
        torch.set_num_threads(arguments.threads)
        begin = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - begin
        found = trainer.evaluate()
    logged = [entry for entry in trainer.state.log_history if "loss" in entry]
    return {
        "seed": seed,
        "eval_accuracy": found["eval_accuracy"],
        "eval_loss": found["eval_loss"],
        "steps": trainer.state.global_step,
        "train_seconds": round(seconds, 1),
        "curve": {name: [entry[name] for entry in logged] for name in ("step", "loss", "grad_norm", "learning_rate")},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("data", type=Path, help="folder that `prepare` wrote")
    parser.add_argument("--seed", type=int, action="append", help="may be repeated (default 1, 2 and 3)")
    parser.add_argument("--threads", type=int, default=2, help="for PyTorch (default 2)")
    arguments = parser.parse_args()

    import about
    import transformers

    transformers.logging.set_verbosity_error()
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
    data = {part: rows(arguments.data / f"{part}.jsonl", tokenizer) for part in ("train", "eval")}
    runs = [train(seed, arguments, tokenizer, data) for seed in arguments.seed or [1, 2, 3]]
    reached = [run["eval_accuracy"] for run in runs]
    print(about.dumps({
        "recipe": {**RECIPE, "max_length": MAX_LENGTH, "num_labels": NUM_LABELS},
        "rows": {part: len(lines) for part, lines in data.items()},
        "eval_accuracy": {"mean": sum(reached) / len(reached), "least": min(reached), "most": max(reached)},
        "runs": runs,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "versions": {**about.versions(), "accelerate": about.metadata.version("accelerate")},
        "machine": about.machine(),
    }), end="")  # fmt: skip


if __name__ == "__main__":
    main()
