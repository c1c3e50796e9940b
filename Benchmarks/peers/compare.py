#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time `bert bench` against what PyPI has: same models, same tokens, same threads, in one interleaved run.

    python Benchmarks/peers/compare.py MODEL... --bert .build/release/bert --output results

`Benchmarks/peers/run` does this with everything it needs. README.md beside it says what is measured and how. Peers:
PyTorch, torch.compile, ONNX Runtime, OpenVINO, CTranslate2, each in a process of its own that stands still (SIGSTOP)
while another runs. Everyone starts from host tensors and ends at a host last_hidden_state in float32; loading,
compiling, sorting and warming up are outside the clock. Outputs must agree with PyTorch's to 1e-4 where the mask is 1,
or the program ends with exit status 1 after saying by how much. A peer that cannot run is named with its error; where
`bert` or PyTorch cannot, the exit status is 1.

Writes to --output: results.json (machine, versions, commit, every time) and results.svg.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True


def arguments():
    import cases
    import engines

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="checkpoint folder of a BertModel")
    parser.add_argument("--bert", type=Path, required=True, help="the `bert` program")
    parser.add_argument("--device", action="append", help="of `bert`, a row each; repeatable (default: opencl)")
    parser.add_argument("--peer", action="append", choices=list(engines.ENGINES),
                        help="only this one, and PyTorch, which the outputs are held against; repeatable")  # fmt: skip
    parser.add_argument("--skip", action="append", choices=[name for name in engines.ENGINES if name != "PyTorch"],
                        default=[], help="all but this one; repeatable")  # fmt: skip
    parser.add_argument("--case", action="append", help="BxS or ragged; repeatable (default: all of the issue's)")
    parser.add_argument("--threads", type=int, default=2, help="processors and threads for everyone (default 2)")
    parser.add_argument("--rounds", type=int, default=7, help="turns each takes in each case (default 7)")
    parser.add_argument("--seconds", type=float, default=0.5, help="timed a turn, a forward at least (default 0.5)")
    parser.add_argument("--warm", type=float, default=0.2, help="untimed before it, likewise; 0: none (default 0.2)")
    parser.add_argument("--minutes", type=float,
                        help="leave out rounds to end in about this; loading, warming up are not cut")  # fmt: skip
    parser.add_argument("--seed", type=int, default=7, help="of tokens and lengths (default 7)")
    parser.add_argument("--output", type=Path, help="folder for results.json and results.svg (default: print only)")
    given = parser.parse_args()
    for model in given.models:
        if not (model / "config.json").is_file():
            parser.error(f"{model}/config.json is not there: MODEL is a checkpoint folder")
    if not given.bert.is_file():
        parser.error(f"--bert {given.bert} is not a file: build it with `swift build -c release --product bert`")
    if min(given.threads, given.rounds) < 1 or given.seconds <= 0 or given.warm < 0:
        parser.error("--threads and --rounds are at least 1, --seconds is more than 0, --warm at least 0")
    if given.minutes is not None and given.minutes <= 0:
        parser.error("--minutes is more than 0")
    given.case = given.case or cases.CASES
    for case in given.case:
        try:
            cases.lengths(case, given.seed)
        except ValueError as error:
            parser.error(f"--case: {error}")
    return given


def start(model, given, folder, everyone):
    """Adds to `everyone` those who can run this model, PyTorch first. Returns the errors of those who cannot."""
    import engines
    import held
    import turns

    names = [name for name in engines.ENGINES if name == "PyTorch" or not given.peer or name in given.peer]
    failures = []
    for name in names:
        if name in given.skip:
            continue
        print(f"{name}: loading {model.name}", file=sys.stderr, flush=True)
        try:
            everyone.append(turns.Peer(name, model.resolve(), given.threads, folder))
        except held.Failure as failure:
            if name == "PyTorch":
                sys.exit(f"PyTorch, which the outputs are held against, does not run: {failure}")
            failures.append({"name": name, "error": str(failure)})
    for device in given.device or ["opencl"]:
        everyone.append(turns.Bert(given.bert.resolve(), model.resolve(), device))
    return failures


def measure(case, model, everyone, given, scratch, deadline):
    """One case, round by round, one at least and no more than fit before `deadline`. Its result; see report.case."""
    import cases
    import held
    import numpy as np
    import report
    import turns
    from safetensors.numpy import load_file, save_file

    batch = cases.batch(case, model, given.seed)
    inputs, outputs = scratch / f"{case}.safetensors", scratch / "out.safetensors"
    save_file(batch, str(inputs))
    rows, failures = [], []
    # First a turn each outside the count: compiles for this shape, and finds how many groups serve a peer best.
    for peer in everyone:
        trials = {}
        counts = [1] if peer.ours or case != "ragged" else [1, *turns.GROUPS.get(peer.name, turns.ANY_GROUPS)]
        for count in counts:
            print(f"{case}, {peer.name}: warming up, {count} batches", file=sys.stderr, flush=True)
            try:
                times, first = peer.turn(inputs, count, 0, min(given.seconds, 0.3))
                trials[count] = min(times)
            except held.Failure as failure:
                failures.append(report.failure(report.row_name(peer.name, count), failure, peer.ours))
                continue
            if count == 1:
                rows.append(report.Row(peer, count, first))
            else:
                best = rows[-1] if rows and rows[-1].peer is peer and rows[-1].groups > 1 else None
                if best is None:
                    rows.append(report.Row(peer, count, first, tried=trials))
                elif trials[count] < trials[best.groups]:
                    best.groups, best.first = count, first
    longest = 0.0
    for turn in range(given.rounds):
        if not any(row.peer is everyone[0] for row in rows):
            sys.exit(f"{case}: PyTorch, which the outputs are held against, failed: {failures}")
        began = time.monotonic()
        final = turn == given.rounds - 1 or began + 2 * longest > deadline  # no time for another after this one
        shift = turn % len(rows)
        for row in rows[shift:] + rows[:shift]:
            try:
                last = outputs if final else None
                row.rounds.append(row.peer.turn(inputs, row.groups, given.warm, given.seconds, last)[0])
                if last:
                    row.output = load_file(str(outputs))["last_hidden_state"]
                    outputs.unlink()
            except held.Failure as failure:
                failures.append(report.failure(row.name, failure, row.peer.ours))
        rows = [row for row in rows if len(row.rounds) == turn + 1]
        longest = max(longest, time.monotonic() - began)
        if final:
            break
    reference = next((row for row in rows if row.peer is everyone[0]), None)
    if reference is None:
        sys.exit(f"{case}: PyTorch, which the outputs are held against, failed: {failures}")
    visible = batch["attention_mask"].astype(bool)
    for row in rows:
        if row.output.shape != reference.output.shape:
            sys.exit(f"{row.name}: shape {row.output.shape}, PyTorch's is {reference.output.shape}")
        apart = np.abs(row.output.astype(np.float64) - reference.output)[visible].max()
        row.difference = float(apart) if np.isfinite(apart) else float("inf")
    return report.case(case, batch["attention_mask"], rows, failures)


def main():
    given = arguments()
    import held
    import report
    import turns

    held.exit_on_sigterm()
    end = time.monotonic() + 60 * given.minutes if given.minutes else float("inf")
    left = len(given.models) * len(given.case)
    turns.confine(given.threads)
    models = []
    for model in given.models:
        with tempfile.TemporaryDirectory(prefix="bert-peers-") as folder:
            scratch = Path(folder)
            everyone, results = [], []
            try:
                failures = start(model, given, scratch, everyone)
                for case in given.case:
                    deadline = time.monotonic() + (end - time.monotonic()) / left  # what is left, shared out evenly
                    left -= 1
                    results.append(measure(case, model, everyone, given, scratch, deadline))
                    print(f"{model.name}, " + report.table(results[-1]), flush=True)
                models.append({"model": model.name, "peers": [peer.description() for peer in everyone],
                               "failures": failures, "results": results})  # fmt: skip
            finally:
                for peer in everyone:
                    peer.close()
        for failure in failures:
            print(f"{model.name}, {failure['name']} did not run: {failure['error']}", flush=True)
    if given.output:
        report.write(given.output, models, given)
    problems = [f"{model['model']}, {result['case']}: {failure['name']} failed: {failure['error']}"
                for model in models for result in model["results"]
                for failure in result["failures"] if failure["ours"]]  # fmt: skip
    apart = [row for model in models for result in model["results"] for row in result["rows"]
             if not row["max_difference_from_pytorch"] <= report.AGREEMENT]  # fmt: skip
    if apart:
        names = ", ".join(row["name"] for row in apart)
        problems.append(f"outputs differ from PyTorch's by more than {report.AGREEMENT:g}: {names}")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
