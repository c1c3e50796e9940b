#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a user of sentence-transformers writes for `bert embed MODEL --jsonl`: a loop over lines, 512 at a time.

    encode-lines.py MODEL THREADS < lines.jsonl > vectors.jsonl
"""
import itertools
import json
import sys

import torch
from sentence_transformers import SentenceTransformer


def main():
    torch.set_num_threads(int(sys.argv[2]))
    model = SentenceTransformer(sys.argv[1], device="cpu")
    while chunk := [json.loads(line) for line in itertools.islice(sys.stdin, 512)]:
        vectors = model.encode([line["text"] for line in chunk], show_progress_bar=False)
        for line, vector in zip(chunk, vectors):
            del line["text"]
            print(json.dumps(line | {"embedding": vector.tolist()}))


if __name__ == "__main__":
    main()
