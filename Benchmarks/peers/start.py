#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time from the start of a process to its first vector, and its peak memory: `bert embed` and the peers, in turns.

    python Benchmarks/peers/start.py MODEL --bert .build/release/bert --output results

A peer is the shortest Python program that does it (first.py): imports, load, tokenize, one forward, pool. Files are
in the page cache and compiled programs in their caches (the first run of each is not counted). The clock stops when
the line with the vector arrives, before the process has ended. Prints a table, writes start.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
TEXT = "A cat sits on the mat."
AGREEMENT = 1e-4
PEERS = {
    "sentence-transformers": "sentence_transformers", "PyTorch": "pytorch", "ONNX Runtime": "onnxruntime",
    "OpenVINO": "openvino", "CTranslate2": "ctranslate2",
}  # fmt: skip


def once(command):
    """Seconds to the first line, peak bytes, and that line's vector."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        process.stdin.write(json.dumps({"text": TEXT}).encode() + b"\n")
        process.stdin.close()
    except BrokenPipeError:
        pass  # a program that takes the text as an argument may not read it
    line = process.stdout.readline()
    seconds = time.perf_counter() - start
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0 or not line:
        return None, None, (errors.strip() or f"ended with {status}").splitlines()[-1]
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), json.loads(line)["embedding"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL", help="checkpoint folder with a tokenizer")
    parser.add_argument("--bert", type=Path, required=True, help="the `bert` program")
    parser.add_argument("--device", default="opencl", help="of `bert` (default: opencl)")
    parser.add_argument("--runs", type=int, default=7, help="of each (default 7)")
    parser.add_argument("--threads", type=int, default=2, help="processors and threads for all (default 2)")
    parser.add_argument("--output", type=Path, help="folder for start-MODEL.json (default: print only)")
    given = parser.parse_args()
    if not given.bert.is_file() or not (given.model / "tokenizer.json").is_file() or given.runs < 1:
        parser.error(f"--bert {given.bert} or {given.model}/tokenizer.json is not there, or --runs is less than 1")
    import about
    import turns
    from held import Failure

    turns.confine(given.threads)
    given.bert = given.bert.resolve()
    model = given.model.resolve()
    bert = f"swift-bert, {given.device}"
    failures = []
    with tempfile.TemporaryDirectory(prefix="bert-start-") as name:
        folder = Path(name)
        commands = {bert: [str(given.bert), "embed", str(model), "--jsonl", "--device", given.device]}
        for peer, function in PEERS.items():
            try:
                turns.prepared(peer, model, folder)
            except Failure as failure:
                failures.append({"name": peer, "error": str(failure)})
                continue
            commands[peer] = [sys.executable, str(turns.HERE / "first.py"), function, str(model), str(folder),
                              str(given.threads), TEXT]  # fmt: skip
        runs = {peer: [] for peer in commands}
        for number in range(given.runs + 1):
            for peer, command in list(commands.items()):
                seconds, peak, vector = once(command)
                if seconds is None:
                    if peer == bert:
                        sys.exit(f"{' '.join(command)}: {vector}")
                    failures.append({"name": peer, "error": vector})
                    del commands[peer], runs[peer]
                elif number > 0:
                    runs[peer].append((seconds, peak, vector))
    rows = []
    for peer, taken in runs.items():
        seconds = [run[0] for run in taken]
        rows.append({
            "name": peer, "median_seconds": statistics.median(seconds), "best_seconds": min(seconds),
            "peak_bytes": max(run[1] for run in taken), "seconds": seconds,
            "max_difference": max(abs(a - b) for a, b in zip(taken[-1][2], runs[bert][-1][2], strict=True)),
        })  # fmt: skip
    checkpoint = sum(path.stat().st_size for path in model.glob("*.safetensors"))
    print(f"| {given.model.name}, {checkpoint / 1e6:.0f} MB | median | best | peak memory |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row['name']} | {row['median_seconds']:.2f} s | {row['best_seconds']:.2f} s | "
              f"{row['peak_bytes'] / 1e6:.0f} MB |")  # fmt: skip
    for failure in failures:
        print(f"{failure['name']} did not run: {failure['error']}")
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
        file = given.output / f"start-{given.model.name}.json"
        file.write_text(about.dumps({
            **about.run(given.bert), "settings": {"threads": given.threads, "runs": given.runs}, "rows": rows,
            "failures": failures, "checkpoint_bytes": checkpoint,
        }))  # fmt: skip
        print(f"written: {file}")
    apart = [row["name"] for row in rows if not row["max_difference"] <= AGREEMENT]
    if apart:
        sys.exit(f"vectors differ from ours by more than {AGREEMENT:g}: {', '.join(apart)}")


if __name__ == "__main__":
    main()
