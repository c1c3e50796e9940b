#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Characters per second of this project's tokenizer and of Hugging Face's Rust one, in one run, one thread each.

    pip install tokenizers
    python3 Benchmarks/tokenizer/compare.py MODEL [TEXT ...] [--seconds 3]

MODEL is a directory with a tokenizer.json (all-MiniLM-L6-v2, bert-base-uncased). Each TEXT is a file of lines. Without
one, two are made: words of the vocabulary in a Zipf distribution as English-like prose, and the mixed scripts of the
test fixtures. The checksums of all ids must agree. Both sides get the text line by line; the Rust tokenizer's better
of `encode` and `encode_batch` counts.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent.parent / "Tests/TokenizersTests/Fixtures"


def prose(vocabulary, characters=2_000_000):
    r = random.Random(1)
    words = sorted((w for w in vocabulary if w.isascii() and w.isalpha()), key=vocabulary.get)
    weights = [1 / (i + 3) for i in range(len(words))]
    lines, total = [], 0
    while total < characters:
        sentence = r.choices(words, weights, k=r.randrange(5, 40))
        for i in range(len(sentence)):
            if r.random() < 0.05:
                sentence[i] += r.choice(["ation", "izes", "ness", "like"])
            if r.random() < 0.1:
                sentence[i] += ","
        sentence[0] = sentence[0].capitalize()
        lines.append(" ".join(sentence) + ".")
        total += len(lines[-1]) + 1
    return "\n".join(lines) + "\n"


def mixed():
    texts = [json.loads(line)["text"] for line in open(FIXTURES / "lines.jsonl")]
    # Lines are the unit here, for getline as for Python.
    clean = [t.replace("\n", " ").replace("\r", " ").replace("\0", " ") for t in texts]
    return "\n".join(clean * 8) + "\n"


def best(run, seconds):
    fastest, end = float("inf"), time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        run()
        fastest = min(fastest, time.perf_counter() - start)
        if time.perf_counter() > end:
            return fastest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("text", nargs="*")
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    subprocess.run(["swift", "build", "-c", "release", "--package-path", HERE], check=True)
    tool = subprocess.check_output(["swift", "build", "-c", "release", "--package-path", HERE, "--show-bin-path"], text=True)
    tool = pathlib.Path(tool.strip()) / "tokenizer-bench"
    tokenizer = Tokenizer.from_file(arguments.model + "/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = {name: pathlib.Path(name).read_text() for name in arguments.text}
    if not texts:
        texts = {"prose": prose(tokenizer.get_vocab()), "mixed scripts": mixed()}
    for name, text in texts.items():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            lines = text.split("\n")[:-1]
            rows = subprocess.check_output([tool, arguments.model, file.name, str(arguments.seconds)], text=True)
        ours = {kind: (float(s), int(c)) for kind, s, c in (row.split() for row in rows.splitlines())}
        checksum = sum(sum(e.ids) for e in tokenizer.encode_batch(lines))
        assert all(c == checksum for _, c in ours.values()), (checksum, ours)
        full = min(
            best(lambda: [tokenizer.encode(line) for line in lines], arguments.seconds),
            best(lambda: tokenizer.encode_batch(lines), arguments.seconds),
        )
        fast = best(lambda: tokenizer.encode_batch_fast(lines), arguments.seconds)
        size = len(text) / 1e6
        print(f"{name}: {len(lines)} lines, {size:.1f} M characters; M characters/s")
        print(f"  with offsets   ours {size / ours['encode'][0]:7.2f}   tokenizers {size / full:6.2f}   {full / ours['encode'][0]:6.1f}x")
        print(f"  ids only       ours {size / ours['ids'][0]:7.2f}   tokenizers {size / fast:6.2f}   {fast / ours['ids'][0]:6.1f}x")
        print(f"  ids, all cores ours {size / ours['batch'][0]:7.2f}")


main()
