# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/features: training files, and what Hugging Face's example scripts and collators make of them.

The functions are those of transformers 4.49's `examples/pytorch` (`run_glue.py`, `run_ner.py`, `run_qa.py`, `run_swag.py`,
`run_mlm.py --line_by_line`), around the tokenizer of `tasks`.
"""

from pathlib import Path

import torch
from transformers import (
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
)

from goldens.common import save_lines
from goldens.task_cases import DECOMPOSED, LONG, PAIRS, SHORT, TEXTS, UNICODE

LENGTH = 24
TAGS = ["B-LOC", "B-PER", "I-PER", "O"]
NAMES = ["bad", "good", "news"]

TEXT_ROWS = [
    {"text": text, "label": NAMES[index % 3]} for index, text in enumerate([*TEXTS, DECOMPOSED, LONG])
] + [
    {"text": first, "text_pair": second, "label": NAMES[index % 3]}
    for index, (first, second) in enumerate([*PAIRS, (SHORT, LONG)])
]
WORDS = [
    (["Anna", "Smith", "lives", "in", "Berlin", "."], ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]),
    (["Unpronounceable", "Xylophonists", "sail", "to", "Oslo"], ["B-PER", "I-PER", "O", "O", "B-LOC"]),
    (["don't", "U.S.", "e.g.", "5€", "Cafe\u0301"], ["O", "B-LOC", "O", "O", "B-LOC"]),
    (["a", "\u00ad", "b"], ["O", "B-PER", "O"]),
    (LONG.split(), [TAGS[len(word) % 4] for word in LONG.split()]),
]
CHOICES = [
    ("The sailor drinks", ["water", "a house", "the red train to Oslo"], 0),
    ("Anna goes to the city.", ["She sees the king.", "She eats the river.", ""], 1),
    (LONG, ["yes", SHORT, "no"], 2),
]


def question(asked, context, *answers):
    return {
        "question": asked, "context": context,
        "answers": {"text": list(answers), "answer_start": [context.index(answer) for answer in answers]},
    }  # fmt: skip


QUESTIONS = [
    question("Where does Maria live?", SHORT, "Vienna", "in Vienna"),
    question("Which house?", SHORT, "small green house"),
    question("What is cold?", LONG, "the mountain"),
    question("Who went to sleep?", LONG, "Peter"),
    question("Who is a king?", SHORT),
    question("Which tower?", LONG, "red boat, a blue train"),
    question("What costs?", UNICODE, "“Straße”"),
    question("Where?", SHORT, "river."),
    question("What is it?", "unpronounceable words", "pronounce"),
]
PLAIN = [{"text": text} for text in [*TEXTS[:4], *TEXTS[5:], SHORT, LONG]]
SENTENCES = [
    {"text": first, "text_pair": second, "next_sentence_label": index % 2}
    for index, (first, second) in enumerate([*PAIRS, (LONG, SHORT), (SHORT, LONG)])
]


def text_classification(tokenizer):
    features = []
    for row in TEXT_ROWS:
        # A batch of one each, since rows with and without a second text do not go into one.
        texts = [[row[name]] for name in ("text", "text_pair") if name in row]
        encoded = tokenizer(*texts, max_length=LENGTH, truncation=True)
        features.append({name: values[0] for name, values in encoded.items()} | {"label": NAMES.index(row["label"])})
    return TEXT_ROWS, features, DataCollatorWithPadding(tokenizer)


def token_classification(tokenizer):
    encoded = tokenizer([words for words, _ in WORDS], truncation=True, is_split_into_words=True, max_length=LENGTH)
    labels = []
    for index, (_, tags) in enumerate(WORDS):
        previous, row = None, []
        for word in encoded.word_ids(batch_index=index):
            row.append(-100 if word is None or word == previous else TAGS.index(tags[word]))
            previous = word
        labels.append(row)
    features = [
        {name: encoded[name][index] for name in ("input_ids", "token_type_ids", "attention_mask")} | {"labels": row}
        for index, row in enumerate(labels)
    ]
    rows = [{"tokens": words, "ner_tags": tags} for words, tags in WORDS]
    return rows, features, DataCollatorForTokenClassification(tokenizer)


def question_answering(tokenizer):
    encoded = tokenizer(
        [row["question"].lstrip() for row in QUESTIONS], [row["context"] for row in QUESTIONS],
        truncation="only_second", max_length=LENGTH, stride=LENGTH // 2, return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )  # fmt: skip
    features = []
    for index, offsets in enumerate(encoded["offset_mapping"]):
        answers = QUESTIONS[encoded["overflow_to_sample_mapping"][index]]["answers"]
        none = encoded["input_ids"][index].index(tokenizer.cls_token_id)
        start, end = span(none, encoded.sequence_ids(index), offsets, answers)
        names = ("input_ids", "token_type_ids", "attention_mask")
        features.append(
            {name: encoded[name][index] for name in names} | {"start_positions": start, "end_positions": end}
        )
    return QUESTIONS, features, DataCollatorWithPadding(tokenizer)


def span(none, sequence_ids, offsets, answers):
    """run_qa.py's labels, except that the search for the start ends with the context.

    There it goes on over [SEP], whose offsets are (0, 0), so that an answer in the context's last word starts at [SEP].
    """
    if not answers["answer_start"]:
        return none, none
    start_char = answers["answer_start"][0]
    end_char = start_char + len(answers["text"][0])
    first = sequence_ids.index(1)
    last = len(sequence_ids) - 1 - sequence_ids[::-1].index(1)
    if not (offsets[first][0] <= start_char and offsets[last][1] >= end_char):
        return none, none
    limit = last
    while first <= limit and offsets[first][0] <= start_char:
        first += 1
    while offsets[last][1] >= end_char:
        last -= 1
    return first - 1, last + 1


def multiple_choice(tokenizer):
    features = []
    for text, choices, label in CHOICES:
        encoded = tokenizer([text] * len(choices), choices, max_length=LENGTH, truncation=True)
        features.append({"label": label, "choices": [
            {name: encoded[name][index] for name in ("input_ids", "token_type_ids", "attention_mask")}
            for index in range(len(choices))
        ]})  # fmt: skip
    rows = [{"text": text, "choices": choices, "label": label} for text, choices, label in CHOICES]

    def collate(examples):
        """run_swag.py: flattened, padded, and a dimension for the choices (left out here: rows lie together)."""
        batch = DataCollatorWithPadding(tokenizer)([choice for example in examples for choice in example["choices"]])
        return {**batch, "labels": torch.tensor([example["label"] for example in examples])}

    return rows, features, collate


def causal_lm(tokenizer):
    encoded = tokenizer([row["text"] for row in PLAIN], truncation=True, max_length=LENGTH)
    features = [{name: encoded[name][index] for name in encoded} for index in range(len(PLAIN))]
    return PLAIN, features, DataCollatorForLanguageModeling(tokenizer, mlm=False)


def unmasked(rows, key):
    """What the masking collator begins with: ids and the tokens that it never masks."""

    def features(tokenizer):
        texts = [[row[name] for row in rows] for name in ("text", "text_pair") if name in rows[0]]
        encoded = tokenizer(*texts, truncation=True, max_length=LENGTH)
        features = [{name: encoded[name][index] for name in encoded} for index in range(len(rows))]
        if key:
            for feature, row in zip(features, rows):
                feature["label"] = row[key]
        return rows, features, DataCollatorWithPadding(tokenizer)

    return features


TASKS = {
    "text-classification": text_classification,
    "token-classification": token_classification,
    "question-answering": question_answering,
    "multiple-choice": multiple_choice,
    "causal-lm": causal_lm,
    "masked-lm": unmasked(PLAIN, None),
    "pretraining": unmasked(SENTENCES, "next_sentence_label"),
    "next-sentence": unmasked(SENTENCES, "next_sentence_label"),
}


def make(folder, _):
    model = Path(__file__).resolve().parent.parent.parent / "Tests/Goldens/tasks/models/text-classification"
    tokenizer = AutoTokenizer.from_pretrained(model)
    for task, build in TASKS.items():
        rows, features, collate = build(tokenizer)
        batches = []
        for indices in (list(range(len(features))), [len(features) - 1, 0], [1]):
            # The collators change what they are given.
            batch = collate([dict(features[index]) for index in indices])
            tensors = {name: values.tolist() for name, values in batch.items()}
            batches.append({"max_length": LENGTH, "count": len(features), "indices": indices, **tensors})
        save_lines(rows, folder / f"{task}.jsonl")
        save_lines(batches, folder / f"{task}-batches.jsonl")
