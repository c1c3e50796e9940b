#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time `bert bench` against PyTorch and ONNX Runtime: same model, same tokens, same threads, in one interleaved run.

Needs a virtual environment with torch, transformers==4.49.0, safetensors; for --onnxruntime also onnxruntime and onnx.

    python Benchmarks/peers/compare.py MODEL --bert .build/release/bert --device opencl --output results

Two batches: 8 x 128 tokens, and 32 ragged sentences of 6 to 256 tokens, which PyTorch and ONNX Runtime compute padded
with a mask, as their users do. Everyone starts from host tensors and ends at a host last_hidden_state in float32; loading
and warming up are outside the clock. The peers take turns, round by round, so that a busy machine troubles all alike, and
all are held to the same processors. Tokens are those that are not padding. Outputs must agree with PyTorch's to 1e-4
where the mask is 1, or the program ends with exit status 1 after saying by how much.

Writes to --output: results.json (machine, versions, commit, every time) and results.svg.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL", help="checkpoint folder of a BertModel")
    parser.add_argument("--bert", type=Path, help="the `bert` program; without it its rows are left out")
    parser.add_argument(
        "--device", action="append", help="--device of `bert`, a row each; may be repeated (default: auto)"
    )
    parser.add_argument("--onnxruntime", action="store_true", help="also ONNX Runtime, graph exported and fused")
    parser.add_argument("--threads", type=int, default=2, help="processors and threads for everyone (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="turns each peer takes (default 5)")
    parser.add_argument("--repeat", type=int, default=5, help="timed forwards a turn (default 5)")
    parser.add_argument("--warmup", type=int, default=2, help="untimed forwards before each turn (default 2)")
    parser.add_argument("--case", action="append", choices=["dense", "ragged"], help="only this batch (may be repeated)")
    parser.add_argument("--seed", type=int, default=7, help="of tokens and lengths (default 7)")
    parser.add_argument("--output", type=Path, help="folder for results.json and results.svg (default: print only)")
    given = parser.parse_args()
    if not (given.model / "config.json").is_file():
        parser.error(f"{given.model}/config.json is not there: MODEL is a checkpoint folder")
    if given.bert and not given.bert.is_file():
        parser.error(f"--bert {given.bert} is not a file: build it with `swift build -c release`")
    if min(given.threads, given.rounds, given.repeat) < 1 or given.warmup < 0:
        parser.error("--threads, --rounds and --repeat are at least 1, --warmup at least 0")
    return given


def main():
    given = arguments()
    import peers  # sets the thread counts: before torch is imported

    peers.confine(given.threads)
    import report

    bench = []
    with tempfile.TemporaryDirectory(prefix="bert-peers-") as scratch:
        bench.append(peers.PyTorch(given.model, given.threads))
        if given.onnxruntime:
            bench.append(peers.ONNXRuntime(given.model, given.threads, Path(scratch)))
        if given.bert:
            devices = given.device or ["auto"]
            bench += [peers.Bert(given.bert.resolve(), given.model, device, Path(scratch)) for device in devices]
        else:
            print("bert: left out, no --bert PROGRAM given", file=sys.stderr)

        results = []
        agree = True
        for case in given.case or ["dense", "ragged"]:
            batch = peers.batch(case, given.model, given.seed)
            times = {peer.name: [] for peer in bench}
            differences = {}
            for turn in range(given.rounds):
                for peer in bench[turn % len(bench) :] + bench[: turn % len(bench)]:
                    times[peer.name] += peer.run(batch, given.repeat, given.warmup)
            reference = bench[0].output
            visible = batch["attention_mask"].bool()
            for peer in bench:
                differences[peer.name] = peers.difference(peer.output, reference, visible)
            agree = agree and all(value <= peers.AGREEMENT for value in differences.values())
            results.append(report.case(case, batch, times, differences))
            print(report.table(results[-1]), flush=True)

    if given.output:
        report.write(given.output, results, given, [peer.description() for peer in bench])
    if not agree:
        sys.exit(f"outputs differ from PyTorch's by more than {peers.AGREEMENT:g}: see the last column")


if __name__ == "__main__":
    main()
