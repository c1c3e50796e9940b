# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/pretraining: a small BERT from random weights, and PyTorch's loss while it learns corpus.txt.

corpus.txt beside this file is what this repository's own documentation and comments said in November 2026, cut into
sentences: one a line, an empty line between files.
"""

import collections
import copy
import random
import zlib
from pathlib import Path

import torch
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import AutoTokenizer, BertConfig, BertForPreTraining, get_scheduler

from goldens.common import check_loads, fresh_folder, generator, save_json, save_lines, save_tensors
from goldens.forward_checkpoints import write_config
from goldens.model_files import state_of
from goldens.task_vocabulary import SPECIAL, save_tokenizer
from goldens.training import ADAM, WEIGHT_DECAY, optimizer_of
from goldens.training_batches import masked

CORPUS = Path(__file__).resolve().parent / "corpus.txt"
WORDS, ENDINGS = 600, 100  # entries of the vocabulary, beside characters and special tokens
LONGEST, ROWS, SHARE = 40, 256, 0.15
BATCH, STEPS, WARMUP, LEARNING_RATE, MAX_NORM, SCHEDULE = 16, 96, 10, 4e-3, 1.0, "linear"
TOLERANCE = 1e-4  # relative, of a step's loss; issue 5


def documents():
    return [part.splitlines() for part in CORPUS.read_text(encoding="utf-8").strip().split("\n\n")]


def most(counts, number):
    return [entry for entry, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:number]]


def vocabulary(sentences):
    """The most frequent words, and of the other words the most frequent endings. tokenizers' own trainer breaks ties at
    random, so that no two of its vocabularies are the same."""
    normalize, split = BertNormalizer(lowercase=True), BertPreTokenizer()
    words = collections.Counter(
        word for line in sentences for word, _ in split.pre_tokenize_str(normalize.normalize_str(line))
    )
    characters = sorted({character for word in words for character in word})
    frequent = most({word: count for word, count in words.items() if len(word) > 1}, WORDS)
    known, endings = set(frequent), collections.Counter()
    for word, count in words.items():
        if word not in known:
            endings.update({word[-length:]: count for length in (2, 3, 4) if len(word) > length})
    return [
        *SPECIAL, *characters, *[f"##{character}" for character in characters], *frequent,
        *[f"##{ending}" for ending in most(endings, ENDINGS)],
    ]  # fmt: skip


def pairs(texts):
    """A sentence and the one after it (0), or one from anywhere (1)."""
    pick = random.Random(zlib.crc32(b"pretraining pairs"))
    follow = [(first, second) for text in texts for first, second in zip(text, text[1:])]
    sentences = [sentence for text in texts for sentence in text]
    rows = []
    for first, second in pick.sample(follow, ROWS):
        label = pick.randrange(2)
        rows.append({"text": first, "text_pair": pick.choice(sentences) if label else second, "next_sentence_label": label})
    return rows


def build(entries, folder):
    """The model as Hugging Face initialises it, its weights rounded to F16, which the file holds."""
    config = BertConfig(
        vocab_size=len(entries), hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=LONGEST, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )  # fmt: skip
    torch.manual_seed(zlib.crc32(b"pretraining weights"))
    model = BertForPreTraining(config).half().double()
    save_tensors({name: tensor.half() for name, tensor in state_of(copy.deepcopy(model), config).items()},
                 folder / "model.safetensors")  # fmt: skip
    write_config(config, folder, architectures=["BertForPreTraining"], torch_dtype="float16")
    check_loads(BertForPreTraining, model, folder, attn_implementation="eager")
    return model


def train(model, rows):
    """Loss, its two parts, gradient norm before clipping and learning rate of each step."""
    dtype = next(model.parameters()).dtype
    optimizer = optimizer_of(model, LEARNING_RATE)
    schedule = get_scheduler(SCHEDULE, optimizer, num_warmup_steps=WARMUP, num_training_steps=STEPS)
    criterion = torch.nn.CrossEntropyLoss()
    model.train()  # the config's dropout is 0
    logged = []
    for step in range(STEPS):
        chosen = [(step * BATCH + index) % ROWS for index in range(BATCH)]
        batch = {name: value[chosen] for name, value in rows.items()}
        result = model(**batch)
        assert result.loss.dtype == dtype
        result.loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        next_loss = criterion(result.seq_relationship_logits.detach(), batch["next_sentence_label"])
        logged.append({
            "step": step + 1, "loss": float(result.loss.detach()), "grad_norm": float(norm),
            "lr": schedule.get_last_lr()[0], "next_sentence_loss": float(next_loss),
        })  # fmt: skip
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return logged


def make(target, arguments):
    torch.set_num_threads(1)  # as in training.py
    fresh_folder(target)
    texts = documents()
    entries = vocabulary([sentence for text in texts for sentence in text])
    save_tokenizer(target, entries, LONGEST)
    lines = pairs(texts)
    save_lines(lines, target / "train.jsonl")
    rows = masked(lines, AutoTokenizer.from_pretrained(target), generator("pretraining masks"), SHARE, LONGEST)
    save_tensors(rows, target / "rows.safetensors")

    model = build(entries, target)
    logged = train(copy.deepcopy(model), rows)
    single = train(copy.deepcopy(model).float(), rows)
    error = max(abs(entry["loss"] / golden["loss"] - 1) for entry, golden in zip(single, logged))
    first, last = (sum(entry["loss"] for entry in part) / 16 for part in (logged[:16], logged[-16:]))  # an epoch each
    fall = last / first
    if not (error < TOLERANCE / 2 and fall < 0.8):
        raise SystemExit(f"pretraining: the loss falls to {fall}, float32 in PyTorch is off by {error}")
    save_json(
        {
            "what": "MLM and next sentence from random weights; batch k, from 0, is the rows (16 k + i) mod 256",
            "task": "pretraining",
            "arguments": {
                "max_steps": STEPS, "train_batch_size": BATCH, "gradient_accumulation_steps": 1,
                "learning_rate": LEARNING_RATE, "lr_scheduler_type": SCHEDULE, "warmup_steps": WARMUP,
                "weight_decay": WEIGHT_DECAY, **ADAM, "max_grad_norm": MAX_NORM, "max_length": LONGEST,
            },
            "relative_tolerance": {"loss": TOLERANCE, "grad_norm": 10 * TOLERANCE},
            "pytorch_float32_relative_error": {"loss": float(f"{error:.1e}")},
            "steps": logged,
            "float32_losses": [entry["loss"] for entry in single],
        },
        target / "expected.json",
    )  # fmt: skip
    torch.set_num_threads(arguments.threads)
