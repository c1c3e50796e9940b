# SPDX-License-Identifier: Apache-2.0
"""The loop of sentence-transformers that embed-lines.py holds `bert embed --jsonl` against, in a process of its own.

    python sentences.py MODEL THREADS

Asked {"lines": FILE, "output": FILE}, encodes the lines' texts and writes them as `bert embed --jsonl` does.
"""

import json
import sys
import time

sys.dont_write_bytecode = True
import held  # noqa: E402


def load():
    start = time.perf_counter()
    import sentence_transformers
    import torch

    path, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    model = sentence_transformers.SentenceTransformer(path, device="cpu")
    model.encode(["A cat sits on the mat."])

    def embed(lines, output):
        with open(lines, encoding="utf-8") as source, open(output, "w", encoding="utf-8") as sink:
            records = [json.loads(line) for line in source]
            # All at once: encode() sorts them by length, which suits it best.
            vectors = model.encode([record.pop("text") for record in records], batch_size=32, show_progress_bar=False)
            for record, vector in zip(records, vectors.tolist()):
                sink.write(json.dumps({**record, "embedding": vector}) + "\n")
        return {"lines": len(records)}

    return {"seconds": time.perf_counter() - start, "precision": str(next(model.parameters()).dtype)}, embed


if __name__ == "__main__":
    held.serve(load)
