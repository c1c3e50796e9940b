#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch on the kit's models and inputs: transformers' BertModel with random weights, and torch's matrix products.

    compare.py --model CONFIG_DIR --inputs DIR --names "1x128 ..." --modes eager,sdpa,compile --json OUT.jsonl
    compare.py --gemm 128x768x768,... --json OUT.jsonl

Each line of the output is a measurement in the form of `bert bench --inputs --json`, with "engine". The time is that
of our own: from tensors in host memory to last_hidden_state in host memory. Batches are padded, and ragged ones have an
attention mask; dense ones have none, which is the faster way. Works with transformers 4.49 and 5.
"""

import argparse
import json
import pathlib
import struct
import sys
import time

import torch
import transformers

START = time.monotonic()


def tensors(path):
    """The I64 tensors of a safetensors file, without the library for it."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    found = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "I64":
            raise ValueError(f"{path}: {name} is {entry['dtype']}, not I64")
        start, end = entry["data_offsets"]
        raw = bytearray(data[8 + length + start : 8 + length + end])
        found[name] = torch.frombuffer(raw, dtype=torch.int64).reshape(entry["shape"])
    return found


def median(values):
    return sorted(values)[len(values) // 2]


class Bench:
    def __init__(self, options):
        self.options = options
        wants_gpu = options.device_type != "cpu"
        self.device = "cuda" if wants_gpu and torch.cuda.is_available() else "cpu"
        name = torch.cuda.get_device_name() if self.device == "cuda" else "CPU"
        print(f"PyTorch {torch.__version__}, transformers {transformers.__version__}, {name}", flush=True)
        self.out = open(options.json, "a", encoding="utf-8")
        self.versions = {"torch": torch.__version__, "transformers": transformers.__version__, "device": name}

    def left(self):
        return self.options.time_limit - (time.monotonic() - START)

    def write(self, record):
        self.out.write(json.dumps(record) + "\n")
        self.out.flush()

    def precisions(self):
        """tf32 is float32 storage with products in tf32; a CPU has none."""
        return ["float16", "float32", "tf32", "bfloat16"] if self.device == "cuda" else ["float32", "bfloat16"]

    def set_precision(self, precision):
        allow = precision == "tf32"
        torch.set_float32_matmul_precision("high" if allow else "highest")
        torch.backends.cudnn.allow_tf32 = allow
        return {"float16": torch.float16, "bfloat16": torch.bfloat16}.get(precision, torch.float32)

    def synchronize(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    # Models.

    def model(self, attention, dtype):
        fields = json.loads((self.options.model / "config.json").read_text())
        for name in ("architectures", "torch_dtype", "dtype", "transformers_version", "_name_or_path"):
            fields.pop(name, None)
        config = transformers.BertConfig(**fields, attn_implementation=attention)
        torch.manual_seed(0)
        model = transformers.BertModel(config, add_pooling_layer=True).eval()
        return model.to(self.device, dtype)

    def measure(self, mode, precision):
        dtype = self.set_precision(precision)
        model = self.model("eager" if mode == "eager" else "sdpa", dtype)
        call = model
        if mode == "compile":
            torch._dynamo.config.cache_size_limit = 64  # a compilation for each shape, and not the ninth run eagerly
            call = torch.compile(model, dynamic=False)
        engine = "PyTorch " + mode
        for name in self.options.names.split():
            if self.left() < (20 if mode == "compile" and self.device == "cuda" else 1):
                print(f"{engine} {precision}: no time left for {name}", flush=True)
                return
            record = {"engine": engine, "model": self.options.model.name, "inputs": name, "precision": precision}
            record |= self.versions
            try:
                record |= self.time(call, self.options.inputs / f"{name}.safetensors")
                best = median(record["seconds"])
                print(f"{engine} {precision} {record['model']} {name}: {1e3 * best:.3f} ms", flush=True)
            except Exception as error:  # out of memory, a compiler that is not there: the others still count
                record["problem"] = f"{type(error).__name__}: {error}"[:400]
                print(f"{engine} {precision} {name}: {record['problem']}", flush=True)
                if self.device == "cuda":
                    torch.cuda.empty_cache()
            self.write(record)
            if "problem" in record and mode == "compile":
                return

    def time(self, call, path):
        inputs = tensors(path)
        mask = inputs.get("attention_mask")
        tokens = int(mask.sum()) if mask is not None else inputs["input_ids"].numel()
        if mask is not None and bool(mask.all()):
            inputs.pop("attention_mask")

        def forward():
            with torch.inference_mode() if call.__class__.__name__ == "BertModel" else torch.no_grad():
                fed = {name: tensor.to(self.device) for name, tensor in inputs.items()}
                return call(**fed).last_hidden_state.to("cpu")

        first = time.perf_counter()
        forward()
        first = time.perf_counter() - first
        for _ in range(2):
            forward()
        self.synchronize()
        seconds = []
        begin = time.perf_counter()
        while len(seconds) < 3 or (len(seconds) < 200 and time.perf_counter() - begin < self.options.seconds):
            start = time.perf_counter()
            forward()
            seconds.append(time.perf_counter() - start)
        return {"tokens": tokens, "seconds": seconds, "first_seconds": first}

    # Matrix products.

    def gemm(self, shape, precision):
        rows, columns, depth = map(int, shape.split("x"))
        dtype = self.set_precision(precision)
        x = torch.randn(rows, depth, device=self.device).to(dtype)
        weight = torch.randn(columns, depth, device=self.device).to(dtype)
        bias = torch.randn(columns, device=self.device).to(dtype)

        def run(count):
            """Seconds of one product, of `count` in a row: by the device's own events where it has them."""
            if self.device != "cuda":
                start = time.perf_counter()
                for _ in range(count):
                    torch.nn.functional.linear(x, weight, bias)
                return (time.perf_counter() - start) / count
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            for _ in range(count):
                torch.nn.functional.linear(x, weight, bias)
            end.record()
            end.synchronize()
            return begin.elapsed_time(end) / 1e3 / count

        with torch.inference_mode():
            for _ in range(3):
                last = run(1)
            # Enough in a row that launches overlap with products, as they do in use.
            count = max(1, min(50, int(2e-3 / max(last, 1e-6))))
            seconds = []
            while len(seconds) < 3 or (len(seconds) < 100 and sum(seconds) * count < self.options.seconds):
                seconds.append(run(count))
        return {"seconds": seconds, "tflops": 2 * rows * columns * depth / median(seconds) / 1e12}

    def gemms(self):
        for precision in self.precisions():
            for shape in self.options.gemm.split(","):
                if self.left() < 1:
                    print(f"matrix products: no time left for {precision} {shape}", flush=True)
                    return
                record = {"engine": "PyTorch", "precision": precision, "gemm": [int(size) for size in shape.split("x")]}
                record |= self.versions
                try:
                    record |= self.gemm(shape, precision)
                    print(f"PyTorch {precision} {shape}: {record['tflops']:.2f} TFLOP/s", flush=True)
                except Exception as error:
                    record["problem"] = f"{type(error).__name__}: {error}"[:400]
                    print(f"PyTorch {precision} {shape}: {record['problem']}", flush=True)
                self.write(record)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", type=pathlib.Path, help="folder with config.json")
    parser.add_argument("--inputs", type=pathlib.Path, help="folder with NAME.safetensors")
    parser.add_argument("--names", default="", help="inputs with spaces between them")
    parser.add_argument("--modes", default="eager,sdpa,compile")
    parser.add_argument("--gemm", default="", help="MxNxK with commas between them")
    parser.add_argument("--seconds", type=float, default=0.3, help="for each measurement")
    parser.add_argument("--time-limit", type=float, default=1e9, help="stop starting measurements after this")
    parser.add_argument("--device-type", default="gpu", help="cpu keeps a GPU out of it")
    parser.add_argument("--json", required=True, help="lines are added to this file")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    bench = Bench(options)
    if options.gemm:
        bench.gemms()
    if options.model:
        # All modes of a precision before the next, so that what the time is too short for is a precision.
        for precision in bench.precisions():
            for mode in options.modes.split(","):
                bench.measure(mode, precision)


if __name__ == "__main__":
    sys.exit(main())
