#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time from the start of a process to its first vector, and its peak memory: `bert embed` and the peers, in turns.

    python Benchmarks/peers/start.py MODEL --bert .build/release/bert --output results

A peer is the shortest Python program that does it (first.py): imports, load, tokenize, one forward, pool. Files are
in the page cache and compiled programs in their caches (the first run of each is not counted). The clock stops when
the line with the vector arrives, before the process has ended; peak memory is asked for when it has. Prints a table,
writes start-MODEL.json. `scripts/measure-start` measures `bert` alone, with the same function.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
from held import Failure, exit_on_sigterm, signal_group  # noqa: E402

TEXT = "A cat sits on the mat."
AGREEMENT = 1e-4
PATIENCE = 600  # seconds for a run; the first compiles
PEERS = {
    "sentence-transformers": "sentence_transformers", "PyTorch": "pytorch", "ONNX Runtime": "onnxruntime",
    "OpenVINO": "openvino", "CTranslate2": "ctranslate2",
}  # fmt: skip


def once(command):
    """Seconds to the first line on standard output, peak bytes of the process at its end, and that line's vector."""
    # Errors go to a file: a pipe that nobody reads would fill with warnings and hold the program up.
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        timer = threading.Timer(PATIENCE, signal_group, [process.pid, signal.SIGKILL])
        timer.start()
        try:
            try:
                process.stdin.write(json.dumps({"text": TEXT}).encode() + b"\n")
                process.stdin.close()
            except BrokenPipeError:
                pass  # a program that takes the text as an argument may not read it
            line = process.stdout.readline()
            seconds = time.perf_counter() - start
            process.stdout.read()  # what else it writes must not hold it up either
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            timer.cancel()
            signal_group(process.pid, signal.SIGKILL)
        if time.perf_counter() - start >= PATIENCE:
            raise Failure(f"has not ended within {PATIENCE} s")
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
    if status != 0 or not line:
        raise Failure((said or f"ended with {process.returncode} and no line").splitlines()[-1])
    try:
        vector = json.loads(line)["embedding"]
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"printed no vector: {error!r}") from None
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), vector


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

    exit_on_sigterm()
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
                try:
                    taken = once(command)
                except Failure as failure:
                    if peer == bert:
                        sys.exit(f"{' '.join(command)}: {failure}")
                    failures.append({"name": peer, "error": str(failure)})
                    del commands[peer], runs[peer]
                    continue
                if number > 0:
                    runs[peer].append(taken)
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
