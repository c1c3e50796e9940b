# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/tasks: what Hugging Face's pipelines answer, on tiny random models in float64."""

import json

import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertForMultipleChoice,
    BertForNextSentencePrediction,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    pipeline,
)

from goldens import task_cases
from goldens.common import check_loads, fresh_folder, generator, randomise, save_json, save_lines
from goldens.model_files import WRITERS
from goldens.task_checks import CHECKS, apart, same
from goldens.task_vocabulary import LONGEST, VOCABULARY, save_tokenizer

ATTEMPTS = 400


def labels(*names, **more):
    return {"id2label": dict(enumerate(names)), "label2id": {name: index for index, name in enumerate(names)}, **more}


BIO = labels("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
MODELS = {
    "fill-mask": (BertForMaskedLM, {}, task_cases.FILL_MASK),
    "text-classification": (
        BertForSequenceClassification, labels("negative", "neutral", "positive"), task_cases.TEXT_CLASSIFICATION,
    ),
    "text-classification-multi-label": (
        BertForSequenceClassification,
        labels("sports", "politics", "science", "travel", problem_type="multi_label_classification"),
        task_cases.TEXT_CLASSIFICATION,
    ),
    "text-classification-one-label": (BertForSequenceClassification, labels("toxic"), task_cases.TEXT_CLASSIFICATION),
    "text-classification-regression": (
        BertForSequenceClassification, labels("LABEL_0", problem_type="regression"), task_cases.TEXT_CLASSIFICATION,
    ),
    "token-classification": (BertForTokenClassification, BIO, task_cases.TOKEN_CLASSIFICATION),
    "token-classification-plain": (
        BertForTokenClassification, labels("O", "PERSON", "PLACE", "B-", "X-Y-Z"), task_cases.TOKEN_CLASSIFICATION,
    ),
    "question-answering": (BertForQuestionAnswering, {}, task_cases.QUESTION_ANSWERING),
    "next-sentence": (BertForNextSentencePrediction, {}, task_cases.NEXT_SENTENCE),
    "multiple-choice": (BertForMultipleChoice, {}, task_cases.MULTIPLE_CHOICE),
    "rerank": (BertForSequenceClassification, labels("LABEL_0"), task_cases.RERANK),
    "zero-shot-classification": (
        BertForSequenceClassification, labels("contradiction", "neutral", "entailment"), task_cases.ZERO_SHOT,
    ),
    "zero-shot-entailment-first": (
        BertForSequenceClassification, labels("ENTAILMENT", "NEUTRAL", "CONTRADICTION"), task_cases.ZERO_SHOT,
    ),
    "zero-shot-entailment-middle": (
        BertForSequenceClassification, labels("not_entailment", "entailment", "unknown"), task_cases.ZERO_SHOT,
    ),
}  # fmt: skip
TASKS = ["fill-mask", "text-classification", "token-classification", "question-answering", "zero-shot-classification"]


def task_of(name):
    if name.startswith("zero-shot"):
        return "zero-shot-classification"
    return next((task for task in TASKS if name.startswith(task)), name)


def pairs(model, tokenizer, first, second):
    batch = tokenizer(first, second, padding=True, truncation="longest_first", return_tensors="pt")
    with torch.no_grad():
        return batch, model(**batch).logits


def next_sentence(model, tokenizer, asked, options):
    scores = pairs(model, tokenizer, asked["text"], asked["text_pair"])[1].softmax(-1)[0].tolist()
    return {"is_next": scores[0], "not_next": scores[1]}


def multiple_choice(model, tokenizer, asked, options):
    choices = asked["choices"]
    batch = tokenizer([asked["text"]] * len(choices), choices, padding=True, truncation="longest_first", return_tensors="pt")
    with torch.no_grad():
        logits = model(**{name: value.unsqueeze(0) for name, value in batch.items()}).logits[0]
    return {"logits": logits.tolist(), "scores": logits.softmax(-1).tolist()}


def rerank(model, tokenizer, asked, options):
    """As CrossEncoder.rank of sentence-transformers 3.4.1: texts stripped, a sigmoid unless told otherwise."""
    documents = [document.strip() for document in asked["documents"]]
    logits = pairs(model, tokenizer, [asked["query"].strip()] * len(documents), documents)[1][:, 0]
    scores = (logits if options.get("raw") else logits.sigmoid()).tolist()
    found = [{"corpus_id": index, "score": score} for index, score in enumerate(scores)]
    return sorted(found, key=lambda entry: entry["score"], reverse=True)[: options.get("top_k")]


OURS = {"next-sentence": next_sentence, "multiple-choice": multiple_choice, "rerank": rerank}


def pipe_of(task, model, tokenizer):
    """A function (input, options) of the task."""
    if task in OURS:
        return lambda asked, options: OURS[task](model, tokenizer, asked, options)
    pipe = pipeline(task, model=model, tokenizer=tokenizer, framework="pt", device="cpu")

    def call(asked, options):
        if task == "question-answering":
            return pipe(**asked, **options)
        if task == "zero-shot-classification":
            return pipe(asked["text"], candidate_labels=asked["candidate_labels"], **options)
        if task == "text-classification" and "text_pair" in asked:
            return pipe(asked, **options)
        return pipe(asked["text"], **options)

    return call


def disturbed(model, rng):
    """The model in float32, every weight off by a relative 1e-6: what decides an answer must not hang on that."""
    model = type(model).from_pretrained(model.name_or_path, attn_implementation="eager").eval()
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.mul_(1 + 1e-6 * torch.randn(parameter.shape, generator=rng))
    return model


def build(name, folder, number):
    kind, more, _ = MODELS[name]
    rng = generator(f"tasks {name} {number}")
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32,
        max_position_embeddings=LONGEST, type_vocab_size=2, attn_implementation="eager", **more,
    )  # fmt: skip
    model = kind(config).eval().double()
    randomise(model, rng, 0.35)
    with torch.no_grad():  # so that a softmax has something to say
        for head in ("classifier", "qa_outputs"):
            if hasattr(model, head):
                getattr(model, head).weight.mul_(2)
    WRITERS["f32"](model, model.config, folder, rng)
    return model, rng


def attempt(name, folder, number):
    kind, _, cases = MODELS[name]
    task = task_of(name)
    model, rng = build(name, folder, number)
    loaded = kind.from_pretrained(folder, torch_dtype=torch.float64, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    call = pipe_of(task, loaded, tokenizer)
    lines = []
    for asked, options in cases:
        output = json.loads(json.dumps(call(asked, options)))
        if not apart(task, call, loaded, tokenizer, asked, options, output):
            return f"a near tie in {asked} {options}"
        lines.append({"input": asked, "options": options, "output": output})
    if not CHECKS.get(task, lambda outputs: True)(lines):
        return "dull"
    again = pipe_of(task, disturbed(loaded, rng), AutoTokenizer.from_pretrained(folder))
    for line in lines:
        if not same(line["output"], json.loads(json.dumps(again(line["input"], line["options"]), default=float))):
            return f"touchy: {line['input']} {line['options']}"
    check_loads(kind, model, folder, attn_implementation="eager")
    return lines


def make(target, arguments):
    fresh_folder(target)
    listed = []
    for name in MODELS:
        folder = fresh_folder(target / "models" / name)
        save_tokenizer(folder)
        for number in range(ATTEMPTS):
            found = attempt(name, folder, number)
            if isinstance(found, list):
                break
        else:
            raise SystemExit(f"{name}: {ATTEMPTS} models, and none of them will do: {found}")
        save_lines(found, target / f"{name}.jsonl")
        listed.append({"cases": f"{name}.jsonl", "model": f"models/{name}", "task": task_of(name)})
        print(f"  {name}: {len(found)} cases, model {number}")
    save_json(listed, target / "tasks.json")
