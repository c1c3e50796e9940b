# SPDX-License-Identifier: Apache-2.0
"""Rows of `training` as batches: what Hugging Face's example scripts and collators make of them."""

import torch

from goldens.models import exact
from goldens.training_texts import MAX_LENGTH

IGNORED = -100


def encoded(tokenizer, *texts, max_length=MAX_LENGTH):
    """input_ids, token_type_ids and attention_mask, padded to the longest of the batch."""
    return dict(tokenizer(*texts, truncation=True, max_length=max_length, padding=True, return_tensors="pt"))


def column(rows, name):
    return [row[name] for row in rows]


def classified(rows, tokenizer):
    texts = [column(rows, name) for name in ("text", "text_pair") if name in rows[0]]
    labels = torch.tensor(column(rows, "label"))
    return {**encoded(tokenizer, *texts), "labels": labels.double() if labels.is_floating_point() else labels}


def tagged(rows, tokenizer):
    """As run_ner: the first piece of a word has its label, the others and the special tokens -100."""
    batch = tokenizer(column(rows, "tokens"), is_split_into_words=True, truncation=True, max_length=MAX_LENGTH,
                      padding=True, return_tensors="pt")  # fmt: skip
    labels = torch.full_like(batch["input_ids"], IGNORED)
    for index, row in enumerate(rows):
        last = None
        for place, word in enumerate(batch.word_ids(index)):
            if word is not None and word != last:
                labels[index, place] = row["ner_tags"][word]
            last = word
    return {**batch, "labels": labels}


def answered(rows, tokenizer):
    """As run_qa where a context needs one window: question first, positions of tokens, 0 where there is no answer."""
    batch = tokenizer(column(rows, "question"), column(rows, "context"), truncation="only_second", max_length=MAX_LENGTH,
                      padding=True, return_tensors="pt", return_offsets_mapping=True)  # fmt: skip
    offsets = batch.pop("offset_mapping")
    starts, ends = [], []
    for index, row in enumerate(rows):
        if not row["answers"]["text"]:
            starts.append(0)
            ends.append(0)
            continue
        start = row["answers"]["answer_start"][0]
        end = start + len(row["answers"]["text"][0])
        places = [place for place, part in enumerate(batch.sequence_ids(index)) if part == 1]
        if offsets[index, places[-1], 1] != len(row["context"]):
            raise SystemExit(f"{row}: is longer than a window")
        starts.append(next(place for place in places if offsets[index, place, 0] == start))
        ends.append(next(place for place in places if offsets[index, place, 1] == end))
    return {**batch, "start_positions": torch.tensor(starts), "end_positions": torch.tensor(ends)}


def chosen(rows, tokenizer):
    """As run_swag: pairs (text, choice), padded to the longest of all, [B, choices, S]."""
    count = len(rows[0]["choices"])
    first = [row["text"] for row in rows for _ in range(count)]
    second = [choice for row in rows for choice in row["choices"]]
    batch = encoded(tokenizer, first, second)
    shaped = {name: value.reshape(len(rows), count, -1) for name, value in batch.items()}
    return {**shaped, "labels": torch.tensor(column(rows, "label"))}


def causal(rows, tokenizer):
    """Labels are the tokens themselves, -100 at padding; the model shifts them."""
    batch = encoded(tokenizer, column(rows, "text"))
    return {**batch, "labels": batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)}


def next_sentence(rows, tokenizer):
    batch = encoded(tokenizer, column(rows, "text"), column(rows, "text_pair"))
    return {**batch, "labels": torch.tensor(column(rows, "next_sentence_label"))}


def masked(rows, tokenizer, rng, share=0.3, max_length=MAX_LENGTH):
    """As DataCollatorForLanguageModeling, but with a larger share, as these rows are short, and one token at least."""
    texts = [column(rows, name) for name in ("text", "text_pair") if name in rows[0]]
    batch = encoded(tokenizer, *texts, max_length=max_length)
    ids, labels = batch["input_ids"], batch["input_ids"].clone()
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    drawn = torch.rand(ids.shape, generator=rng).masked_fill(special, 1)
    hit = drawn < max(share, float(drawn.min()) + 1e-6)
    labels[~hit] = IGNORED
    what = torch.rand(ids.shape, generator=rng)
    ids[hit & (what < 0.8)] = tokenizer.mask_token_id
    other = hit & (what >= 0.8) & (what < 0.9)
    ids[other] = torch.randint(len(tokenizer), ids.shape, generator=rng)[other]
    more = {"next_sentence_label": torch.tensor(column(rows, "next_sentence_label"))} if "text_pair" in rows[0] else {}
    return {**batch, "labels": labels, **more}


FROM_TEXT = {
    "text-classification": classified,
    "regression": classified,
    "multi-label": classified,
    "token-classification": tagged,
    "question-answering": answered,
    "multiple-choice": chosen,
    "causal-lm": causal,
    "next-sentence": next_sentence,
}


def with_encoder(batch, hidden, rng):
    """States for a cross attention, of other lengths than the texts."""
    rows, width = len(batch["input_ids"]), 7
    states = torch.randn(rows, width, hidden, generator=rng, dtype=torch.float64)
    lengths = torch.randint(2, width + 1, (rows, 1), generator=rng)
    lengths[0] = width
    batch["encoder_hidden_states"] = exact(states)
    batch["encoder_attention_mask"] = (torch.arange(width) < lengths).long()
    return batch


def batches_of(case, rows, tokenizer, config, rng):
    """`case["batches"]` batches in file order, wrapping around."""
    size = case["batch_size"]
    found = []
    for number in range(case["batches"]):
        chunk = [rows[(number * size + index) % len(rows)] for index in range(size)]
        if case["rows"] in FROM_TEXT:
            batch = FROM_TEXT[case["rows"]](chunk, tokenizer)
        else:
            batch = masked(chunk, tokenizer, rng)
        found.append(with_encoder(batch, config.hidden_size, rng) if config.add_cross_attention else batch)
    return found
