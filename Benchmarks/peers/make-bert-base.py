#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a checkpoint of BERT-base's sizes with random weights: speed does not depend on what they are.

    python Benchmarks/peers/make-bert-base.py MINILM FOLDER

transformers.BertConfig()'s defaults, torch.manual_seed(0), float32, 438 MB. The tokenizer is MINILM's: the same
vocabulary of 30,522 pieces.
"""

import shutil
import sys
from pathlib import Path


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    import torch
    import transformers

    source, target = map(Path, sys.argv[1:])
    work = target.with_name(target.name + ".unfinished")  # renamed into place whole
    shutil.rmtree(work, ignore_errors=True)
    torch.manual_seed(0)
    transformers.BertModel(transformers.BertConfig()).save_pretrained(work)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(source / name, work / name)
    work.rename(target)


if __name__ == "__main__":
    main()
