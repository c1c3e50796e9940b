# SPDX-License-Identifier: Apache-2.0
"""The peers of compare.py. Each has a name, runs a batch a number of times and keeps its last output."""

import json
import math
import os
import random
import subprocess
import sys
import time

AGREEMENT = 1e-4
THREAD_VARIABLES = [
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "POCL_CPU_MAX_CU_COUNT", "POCL_MAX_PTHREAD_COUNT",  # PoCL 5 and later, PoCL before
]  # fmt: skip


def confine(threads):
    """Holds this process and its children to `threads` processors, before any library starts its own threads."""
    if hasattr(os, "sched_setaffinity"):
        available = sorted(os.sched_getaffinity(0))
        if len(available) < threads:
            sys.exit(f"--threads {threads}: only {len(available)} processors here")
        os.sched_setaffinity(0, available[:threads])
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    os.environ["HF_HUB_OFFLINE"] = "1"


def batch(case, model, seed):
    """input_ids, attention_mask and token_type_ids, I64 [B, S]; padding on the right with id 0."""
    import torch

    config = json.loads((model / "config.json").read_text())
    pick = random.Random(seed)
    if case == "dense":
        lengths = [128] * 8
    else:
        lengths = [min(256, max(6, round(math.exp(pick.gauss(3.6, 0.7))))) for _ in range(32)]
        lengths[pick.randrange(32)] = 256
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.tensor([pick.randrange(1, config["vocab_size"]) for _ in range(length)])
        mask[row, :length] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}


def difference(output, reference, visible):
    """Largest difference of a component where the mask is 1; infinite where anything is not finite."""
    if output.shape != reference.shape:
        sys.exit(f"last_hidden_state has shape {list(output.shape)}, PyTorch's has {list(reference.shape)}")
    value = (output.double() - reference.double())[visible].abs().max().item()
    return value if math.isfinite(value) else math.inf


class PyTorch:
    def __init__(self, model, threads):
        import torch
        import transformers

        torch.set_num_threads(threads)
        transformers.logging.set_verbosity_error()
        self.name = "PyTorch"
        self.versions = {"torch": torch.__version__, "transformers": transformers.__version__, "attention": "sdpa"}
        self.model = transformers.BertModel.from_pretrained(
            model, attn_implementation="sdpa", torch_dtype=torch.float32, add_pooling_layer=False
        ).eval()

    def run(self, batch, repeat, warmup):
        import torch

        seconds = []
        with torch.inference_mode():
            for turn in range(warmup + repeat):
                start = time.perf_counter()
                self.output = self.model(**batch).last_hidden_state
                if turn >= warmup:
                    seconds.append(time.perf_counter() - start)
        return seconds

    def description(self):
        return {"name": self.name, **self.versions}


class ONNXRuntime:
    """The graph as torch.onnx exports it, with ONNX Runtime's own fusions for BERT (attention, GELU, LayerNorm)."""

    def __init__(self, model, threads, scratch):
        try:
            import onnx
            import onnxruntime
            from onnxruntime.transformers import optimizer
        except ImportError as error:
            sys.exit(f"--onnxruntime needs onnxruntime and onnx: {error}")
        import torch
        import transformers

        self.name = "ONNX Runtime"
        self.versions = {"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__}
        bert = transformers.BertModel.from_pretrained(model, attn_implementation="eager").eval()

        class LastHiddenState(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.bert = bert

            def forward(self, input_ids, attention_mask, token_type_ids):
                return self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state

        names = ["input_ids", "attention_mask", "token_type_ids"]
        example = torch.ones(2, 8, dtype=torch.int64)
        axes = {name: {0: "batch", 1: "sequence"} for name in [*names, "last_hidden_state"]}
        torch.onnx.export(
            LastHiddenState(), (example, example, torch.zeros_like(example)), str(scratch / "plain.onnx"),
            input_names=names, output_names=["last_hidden_state"], dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
        fused = optimizer.optimize_model(
            str(scratch / "plain.onnx"), model_type="bert", num_heads=bert.config.num_attention_heads,
            hidden_size=bert.config.hidden_size, opt_level=1,
        )  # fmt: skip
        fused.save_model_to_file(str(scratch / "fused.onnx"))
        self.versions["fused"] = {k: v for k, v in fused.get_fused_operator_statistics().items() if v}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(scratch / "fused.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def run(self, batch, repeat, warmup):
        import torch

        feed = {name: tensor.numpy() for name, tensor in batch.items()}
        seconds = []
        for turn in range(warmup + repeat):
            start = time.perf_counter()
            (output,) = self.session.run(["last_hidden_state"], feed)
            if turn >= warmup:
                seconds.append(time.perf_counter() - start)
        self.output = torch.from_numpy(output)
        return seconds

    def description(self):
        return {"name": self.name, **self.versions}


class Bert:
    """Our tool: a process a turn. It times its own forwards, so that start, load and warm-up are outside the clock."""

    def __init__(self, program, model, device, scratch):
        self.name = f"bert ({device})"
        self.command = [str(program), "bench", str(model), "--device", device]
        self.scratch = scratch
        self.versions = {}
        found = subprocess.run([str(program), "--version"], capture_output=True, text=True)
        if found.returncode == 0:
            self.versions["version"] = found.stdout.strip()

    def run(self, batch, repeat, warmup):
        from safetensors.torch import load_file, save_file

        inputs, outputs = self.scratch / "in.safetensors", self.scratch / "out.safetensors"
        save_file(batch, str(inputs))
        outputs.unlink(missing_ok=True)
        command = [*self.command, "--inputs", str(inputs), "--outputs", str(outputs), "--repeat", str(repeat),
                   "--warmup", str(warmup), "--json", "-"]  # fmt: skip
        process = subprocess.run(command, capture_output=True, text=True)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{process.stderr.strip()}")
        try:
            answer = json.loads(process.stdout)
            seconds, tokens = answer["seconds"], answer["tokens"]
            self.versions.update({"device": answer["device"], "precision": answer["precision"]})
        except (ValueError, KeyError, TypeError) as error:
            sys.exit(f"{' '.join(command)}\nprinted no {{device, precision, tokens, seconds}} ({error!r}): {process.stdout!r}")
        expected = int(batch["attention_mask"].sum())
        if len(seconds) != repeat or tokens != expected:
            sys.exit(f"{self.name}: {len(seconds)} times of {repeat} and {tokens} tokens of {expected}")
        self.output = load_file(str(outputs))["last_hidden_state"]
        return seconds

    def description(self):
        return {"name": self.name, "command": self.command, **self.versions}
