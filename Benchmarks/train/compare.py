# SPDX-License-Identifier: Apache-2.0
"""Times training steps of `bert` and of PyTorch in turns, and prints one JSON object a case.

    python Benchmarks/train/compare.py MODEL [--cases "8x128 ragged"] [--rounds 3] [--repeat 3] [--dropout config]

Python needs Benchmarks/peers/requirements.txt; build before: swift build -c release --product bert. A round is `repeat`
steps of each: PyTorch stands still (SIGSTOP) while bert runs, and bert's process, which loads anew and warms up with two
steps, has ended before PyTorch goes on. `ratio` is PyTorch's median over ours.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Benchmarks" / "peers"))
from held import Held, exit_on_sigterm  # noqa: E402


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--cases", default="8x128 ragged", help="of step.py, with spaces between (default: 8x128 ragged)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=3, help="steps of a round")
    parser.add_argument("--dropout", choices=["config", "none"], default="config")
    parser.add_argument("--optimizer", choices=["adamw", "fused"], default="adamw", help="PyTorch's")
    parser.add_argument("--bert", type=Path, default=ROOT / ".build" / "release" / "bert")
    return parser.parse_args()


def ours(arguments, case, profile=False):
    command = [arguments.bert, "bench", arguments.model, "--train", "--shapes", case, "--json", "-", "--warmup", "2"]
    command += ["--repeat", str(arguments.repeat)] + (["--no-dropout"] if arguments.dropout == "none" else [])
    command += ["--profile"] if profile else []
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def compare(arguments, case):
    peer = Held(
        [
            sys.executable, str(ROOT / "Benchmarks" / "train" / "step.py"), str(arguments.model), "--case", case,
            "--dropout", arguments.dropout, "--optimizer", arguments.optimizer, "--serve",
        ]
    )  # fmt: skip
    seconds, theirs, peaks = [], [], []
    try:
        for _ in range(arguments.rounds):
            answer = ours(arguments, case)
            seconds += answer["rows"][0]["seconds"]
            peaks.append(answer["rows"][0]["peak_rss_bytes"])
            reply = peer.ask({"repeat": arguments.repeat})
            theirs += reply["seconds"]
    finally:
        peer.close()
    row = answer["rows"][0]
    return {
        "model": arguments.model.absolute().name, "case": case, "dropout": arguments.dropout, "optimizer": arguments.optimizer,
        "device": answer["device"], "tokens": row["tokens"], "bert_seconds": seconds, "pytorch_seconds": theirs,
        "bert_median": statistics.median(seconds), "pytorch_median": statistics.median(theirs),
        "ratio": statistics.median(theirs) / statistics.median(seconds), "ratio_of_best": min(theirs) / min(seconds),
        "bert_peak_rss_mb": max(peaks) / 1e6, "pytorch_peak_rss_mb": reply["peak_rss_mb"],
    }  # fmt: skip


def main():
    arguments = parsed()
    exit_on_sigterm()
    for case in arguments.cases.split():
        print(json.dumps(compare(arguments, case)), flush=True)


main()
