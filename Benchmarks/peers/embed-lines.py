#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time `bert embed --jsonl` on many lines against a loop of sentence-transformers, in turns, a chunk of the file each.

    python Benchmarks/peers/make-lines.py --lines 100000 --seed 7 > lines.jsonl
    python Benchmarks/peers/embed-lines.py MODEL --bert .build/release/bert --file lines.jsonl --output results

Both read the same lines {"id", "text"} and write {"id", "embedding"} to a file, on the same processors with the same
threads; the other stands still meanwhile. sentence-transformers is loaded once, outside the clock, and encodes a chunk
with one call of model.encode(batch_size=32), which sorts by length. `bert embed` is a process a chunk, its start and
load inside the clock. Of each chunk the first 200 vectors and every hundredth must agree to 1e-5, or the exit status
is 1. Writes embed-lines.json.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
AGREEMENT = 1e-5


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL", help="checkpoint folder with a tokenizer and modules.json")
    parser.add_argument("--bert", type=Path, required=True, help="the `bert` program")
    parser.add_argument("--file", type=Path, required=True, help="JSON lines with a text")
    parser.add_argument("--device", default="opencl", help="of `bert` (default: opencl)")
    parser.add_argument("--lines", type=int, help="only the first so many")
    parser.add_argument("--chunks", type=int, default=10, help="turns each takes (default 10)")
    parser.add_argument("--threads", type=int, default=2, help="processors and threads for both (default 2)")
    parser.add_argument("--output", type=Path, help="folder for embed-lines.json (default: print only)")
    given = parser.parse_args()
    if not (given.model / "modules.json").is_file():
        parser.error(f"{given.model}/modules.json is not there: sentence-transformers needs it")
    for file in (given.bert, given.file):
        if not file.is_file():
            parser.error(f"{file} is not a file")
    if given.chunks < 1 or given.threads < 1 or (given.lines is not None and given.lines < given.chunks):
        parser.error("--chunks and --threads are at least 1, --lines at least --chunks")
    return given


def ours(given, lines, output):
    command = [str(given.bert), "embed", str(given.model), "--jsonl", "--device", given.device]
    with open(lines, "rb") as source, open(output, "wb") as sink:
        # A session of its own, as the peer has: Linux shares out processors among sessions first.
        done = subprocess.run(
            command, stdin=source, stdout=sink, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")


def apart(first, second, lines):
    """Largest difference of a component, and how many vectors were compared. Everything else must be equal."""
    largest, compared = 0.0, 0
    with open(first, encoding="utf-8") as one, open(second, encoding="utf-8") as other:
        for number, pair in enumerate(itertools.zip_longest(one, other)):
            if None in pair or number >= lines:
                sys.exit(f"{lines} lines went in; the outputs' numbers of lines differ from that")
            if number >= 200 and number % 100:
                continue
            a, b = map(json.loads, pair)
            left, right = a.pop("embedding"), b.pop("embedding")
            if a != b or len(left) != len(right):
                sys.exit(f"line {number + 1}: {a}, {len(left)} numbers, against {b}, {len(right)} numbers")
            largest = max(largest, *(abs(x - y) for x, y in zip(left, right)))
            compared += 1
    if compared != min(lines, 200) + len(range(200, lines, 100)):
        sys.exit(f"{lines} lines went in, fewer came out")
    return largest, compared


def main():
    given = arguments()
    import about
    import turns
    from held import Failure, Held, exit_on_sigterm

    exit_on_sigterm()
    given.bert = given.bert.resolve()
    turns.confine(given.threads)
    with open(given.file, "rb") as file:
        lines = list(itertools.islice(file, given.lines))
    if given.lines and len(lines) < given.lines:
        sys.exit(f"{given.file} has {len(lines)} lines, not {given.lines}")
    bounds = [len(lines) * index // given.chunks for index in range(given.chunks + 1)]
    chunks = [lines[begin:end] for begin, end in zip(bounds, bounds[1:])]
    times = {"ours": [], "theirs": []}
    largest, compared = 0.0, 0
    with tempfile.TemporaryDirectory(prefix="bert-lines-") as folder:
        source, outputs = Path(folder) / "lines.jsonl", {name: Path(folder) / f"{name}.jsonl" for name in times}
        try:
            peer = Held([sys.executable, str(turns.HERE / "sentences.py"), str(given.model), str(given.threads)])
        except Failure as failure:
            sys.exit(f"sentence-transformers did not start: {failure}")
        try:
            source.write_bytes(chunks[0][0])
            ours(given, source, outputs["ours"])  # fills the caches of compiled programs
            for number, chunk in enumerate(chunks):
                source.write_bytes(b"".join(chunk))
                for name in sorted(times, reverse=number % 2 == 1):
                    start = time.perf_counter()
                    if name == "ours":
                        ours(given, source, outputs["ours"])
                    else:
                        peer.ask({"lines": str(source), "output": str(outputs["theirs"])})
                    times[name].append(time.perf_counter() - start)
                difference, count = apart(outputs["ours"], outputs["theirs"], len(chunk))
                largest, compared = max(largest, difference), compared + count
                print(f"chunk {number + 1} of {given.chunks}: {len(chunk)} lines, bert {times['ours'][-1]:.1f} s, "
                      f"sentence-transformers {times['theirs'][-1]:.1f} s", file=sys.stderr, flush=True)  # fmt: skip
        except Failure as failure:
            sys.exit(f"sentence-transformers failed: {failure}")
        finally:
            peer.close()
    total = {name: sum(seconds) for name, seconds in times.items()}
    each = [theirs / mine for mine, theirs in zip(times["ours"], times["theirs"])]
    for name, words in (("ours", "bert embed --jsonl"), ("theirs", "sentence-transformers")):
        print(f"{words:<24}{total[name]:>9.1f} s {len(lines) / total[name]:>9.0f} lines/s")
    print(f"{len(lines)} lines of {given.file.name}: ratio {total['theirs'] / total['ours']:.2f}, "
          f"chunks {min(each):.2f} ... {max(each):.2f}, median {statistics.median(each):.2f}; "
          f"{compared} vectors compared, largest difference {largest:.1e}")  # fmt: skip
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
        settings = {key: getattr(given, key) for key in ("device", "chunks", "threads")}
        (given.output / "embed-lines.json").write_text(about.dumps({
            **about.run(given.bert), "settings": settings | {"model": given.model.name, "file": given.file.name},
            "lines": len(lines), "characters": sum(len(json.loads(line)["text"]) for line in lines),
            "bert_seconds": times["ours"], "sentence_transformers_seconds": times["theirs"],
            "sentence_transformers_loading": peer.greeting, "lines_per_second": {
                "bert": len(lines) / total["ours"], "sentence_transformers": len(lines) / total["theirs"],
            },
            "ratio": total["theirs"] / total["ours"], "ratio_of_chunks": [min(each), max(each)],
            "vectors_compared": compared, "max_difference": largest,
        }))  # fmt: skip
        print(f"written: {given.output}/embed-lines.json")
    if not largest <= AGREEMENT:
        sys.exit(f"vectors differ by {largest:g}, more than {AGREEMENT:g}")


if __name__ == "__main__":
    main()
