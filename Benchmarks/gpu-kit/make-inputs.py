#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The batches that the kit measures, as safetensors: dense ones, and ragged ones with a mean of 0.6 of the longest.

    make-inputs.py FOLDER GOLDEN

Writes FOLDER/BxS.safetensors and FOLDER/BxS-ragged.safetensors, and tiny.safetensors for the model of the folder GOLDEN.
Standard library alone.
"""

import json
import pathlib
import random
import shutil
import struct
import sys
from array import array

BATCHES = [1, 8, 32, 128]
LENGTHS = [16, 128, 512]
VOCABULARY = 30522
MEAN = 0.6


def lengths(sequences, longest, pick):
    """Uniform around the mean, so that it is met and the shortest is a fifth of the longest; one is the longest."""
    low = round((2 * MEAN - 1) * longest)
    drawn = [pick.randint(max(low, 1), longest) for _ in range(sequences)]
    drawn[pick.randrange(sequences)] = longest
    # The mean exactly, whatever was drawn.
    missing = round(MEAN * longest * sequences) - sum(drawn)
    while missing:
        row = pick.randrange(sequences)
        step = 1 if missing > 0 else -1
        if drawn[row] != longest and 1 <= drawn[row] + step < longest:
            drawn[row] += step
            missing -= step
    return drawn


def write(path, rows, longest, pick):
    ids, mask = array("q"), array("q")
    for row in rows:
        ids.extend([pick.randint(1, VOCABULARY - 1) for _ in range(row)] + [0] * (longest - row))
        mask.extend([1] * row + [0] * (longest - row))
    header, data = {}, b""
    for name, numbers in (("input_ids", ids), ("attention_mask", mask)):
        raw = numbers.tobytes()
        header[name] = {
            "dtype": "I64", "shape": [len(rows), longest], "data_offsets": [len(data), len(data) + len(raw)]
        }  # fmt: skip
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, golden = map(pathlib.Path, sys.argv[1:])
    pick = random.Random(1)
    for sequences in BATCHES:
        for longest in LENGTHS:
            write(folder / f"{sequences}x{longest}.safetensors", [longest] * sequences, longest, pick)
            if sequences > 1:  # one sequence is the longest, and never padded
                rows = lengths(sequences, longest, pick)
                write(folder / f"{sequences}x{longest}-ragged.safetensors", rows, longest, pick)
    shutil.copy(golden / "inputs.safetensors", folder / "tiny.safetensors")


if __name__ == "__main__":
    main()
