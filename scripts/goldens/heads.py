# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/heads: every head, its loss, and how its checkpoints lie on disk."""

import torch

from goldens.batches import right_padded, rows
from goldens.decoder import labels as token_labels
from goldens.models import exact, make_cases
from goldens.switches import FULL, both, embeds, heads, square

TINY = {"hidden_size": 12, "intermediate_size": 11, "max_position_embeddings": 13}
RIGHT = {"shape": (3, 7), "give": FULL, "mask": right_padded([7, 3, 5], 7)}
LEFT = {"shape": (3, 7), "give": FULL, "mask": rows("0011111", "0001101", "1111111")}
SETTINGS = {"multi_label": "multi_label_classification", "single": "single_label_classification", "regression": "regression"}


def give(**tensors):
    def add(inputs, config, rng):
        inputs.update({name: torch.tensor(value) for name, value in tensors.items()})

    return add


def reals(*shape):
    """Labels for a regression."""

    def add(inputs, config, rng):
        inputs["labels"] = exact(torch.randn(*shape, generator=rng, dtype=torch.float64))

    return add


def bits(*shape):
    """Labels for several classes at once, as reals, which BCEWithLogitsLoss wants."""

    def add(inputs, config, rng):
        inputs["labels"] = (torch.rand(*shape, generator=rng) < 0.5).double()

    return add


def classes(count, hidden=False):
    """Labels for every token in a space of `count`: token_labels, whose space is the vocabulary, folded."""

    def add(inputs, config, rng):
        token_labels(hidden)(inputs, config, rng)
        kept = inputs["labels"] != -100
        inputs["labels"][kept] %= count

    return add


def masked_lm_cases():
    base = {"task": "masked-lm", "config": TINY}
    tied = "tied: no cls.predictions.decoder.weight in the file"
    return [
        {"name": "masked-lm", "what": f"logits, {tied}", **base, **RIGHT},
        {"name": "masked-lm-labels", "what": "the loss; labels are -100 at padding and elsewhere", **base, **RIGHT,
         "extra": token_labels()},
        {"name": "masked-lm-labels-hidden", "what": "labels at hidden positions, too: the loss takes the logits that Hugging "
         "Face computes there, the logits put out are zero there", **base, **RIGHT, "extra": token_labels(hidden=True)},
        {"name": "masked-lm-left-labels-hidden", "what": "the same with padding on the left and holes", **base, **LEFT,
         "extra": token_labels(hidden=True)},
        {"name": "masked-lm-one-label", "what": "one label that is not -100", **base, **RIGHT, "plain": True,
         "extra": give(labels=[[-100] * 7, [-100, -100, 28] + [-100] * 4, [-100] * 7])},
        {"name": "masked-lm-no-mask", "what": "labels, no attention mask", **base, "shape": (2, 5), "give": [], "plain": True,
         "extra": token_labels()},
        {"name": "masked-lm-mask-3d", "what": "a mask [B, S, S], inputs_embeds, head_mask: no logits are zeroed", **base,
         "shape": (2, 6), "give": FULL, "mask": square("masked-lm-mask-3d", 2, 6),
         "extra": both(token_labels(hidden=True), embeds, heads([0.5, 1]))},
        {"name": "masked-lm-untied", "what": "tie_word_embeddings false: a decoder matrix of its own in the file",
         "task": "masked-lm", "config": {**TINY, "tie_word_embeddings": False}, **RIGHT, "extra": token_labels()},
        {"name": "masked-lm-twice", "what": "tied, and the decoder's matrix and bias are in the file as well, the same values",
         **base, **RIGHT, "plain": True, "save": "twice"},
        *[{"name": f"masked-lm-{act.replace('_', '-')}", "what": f"hidden_act {act}, in the head's transform too",
           "task": "masked-lm", "config": {**TINY, "hidden_act": act}, **RIGHT, "plain": True} for act in ("relu", "gelu_new", "tanh")],
        {"name": "masked-lm-relative-pruned", "what": "relative_key_query, pruned heads, chunks of 1, padding on the left",
         "task": "masked-lm", "config": {**TINY, "num_attention_heads": 4, "position_embedding_type": "relative_key_query",
                                         "chunk_size_feed_forward": 1}, "prune": {0: [0, 3], 1: [1]}, **LEFT,
         "extra": token_labels()},
        {"name": "masked-lm-extra-heads", "what": "a pooler, pre-training heads and unknown tensors beside it in the file",
         **base, **RIGHT, "plain": True, "save": "extra-heads"},
        {"name": "masked-lm-old-names", "what": "gamma and beta, in the head's LayerNorm too; position_ids", **base, **RIGHT,
         "plain": True, "save": "old-names"},
        *[{"name": f"saved-bin{suffix}", "what": what, **base, **RIGHT, "plain": True, "save": f"bin{suffix}",
           "seed": "saved-bin"} for suffix, what in (
               ("", "pytorch_model.bin, a zip; the tied decoder shares its storage with the embeddings"),
               ("-legacy", "pytorch_model.bin, the plain stream of torch before 1.6; the same tensors as saved-bin"),
               ("-sharded", "pytorch_model.bin.index.json and its shards, zips; the same tensors as saved-bin"))],
    ]  # fmt: skip


def pretraining_cases():
    base = {"task": "pretraining", "config": TINY}
    next_label = give(next_sentence_label=[1, 0, 1])
    return [
        {"name": "pretraining", "what": "both heads' logits", **base, **RIGHT},
        {"name": "pretraining-labels", "what": "the sum of both losses", **base, **RIGHT,
         "extra": both(token_labels(), next_label)},
        {"name": "pretraining-left-labels-hidden", "what": "padding on the left: the pooler reads a hidden first token; labels "
         "at hidden positions", **base, **LEFT, "extra": both(token_labels(hidden=True), next_label)},
        {"name": "pretraining-only-labels", "what": "labels without next_sentence_label: no loss", **base, **RIGHT,
         "plain": True, "extra": token_labels()},
        {"name": "pretraining-only-next-sentence", "what": "next_sentence_label without labels: no loss", **base, **RIGHT,
         "plain": True, "extra": next_label},
        {"name": "pretraining-untied-old-names", "what": "an untied decoder; gamma and beta; a next_sentence_label of -100",
         "task": "pretraining", "config": {**TINY, "tie_word_embeddings": False}, **RIGHT, "plain": True, "save": "old-names",
         "extra": both(token_labels(), give(next_sentence_label=[1, -100, 0]))},
        {"name": "pretraining-relative", "what": "relative_key, quick_gelu, a head mask", "task": "pretraining",
         "config": {**TINY, "position_embedding_type": "relative_key", "hidden_act": "quick_gelu"}, **RIGHT,
         "extra": both(token_labels(), next_label, heads([[0.5, 1], [1, 0]]))},
    ]  # fmt: skip


def pooled_cases():
    nsp = {"task": "next-sentence", "config": TINY}

    def text(labels, problem=None, **more):
        config = {**TINY, "num_labels": labels, **({"problem_type": SETTINGS[problem]} if problem else {}), **more}
        return {"task": "text-classification", "config": config}

    return [
        {"name": "next-sentence", "what": "logits [B, 2]", **nsp, **RIGHT},
        {"name": "next-sentence-labels", "what": "the loss", **nsp, **RIGHT, "plain": True, "extra": give(labels=[0, 1, 1])},
        {"name": "next-sentence-left", "what": "padding on the left: the pooler reads a hidden first token; one label -100",
         **nsp, **LEFT, "extra": give(labels=[0, -100, 1])},
        {"name": "text-classification", "what": "three labels, logits", **text(3), **RIGHT},
        {"name": "text-classification-labels", "what": "three labels, integer labels and no problem_type: cross entropy",
         **text(3), **RIGHT, "plain": True, "extra": give(labels=[2, 0, 1])},
        {"name": "text-classification-left", "what": "single_label_classification, padding on the left, one label -100",
         **text(3, "single"), **LEFT, "extra": give(labels=[2, 0, -100])},
        {"name": "text-classification-two", "what": "two labels, as num_labels is by default", **text(2), **RIGHT,
         "plain": True, "extra": give(labels=[1, 0, 1])},
        {"name": "regression", "what": "one label, no problem_type: mean squared error", **text(1), **RIGHT,
         "plain": True, "extra": reals(3)},
        {"name": "regression-column", "what": "one label, labels [B, 1], a batch of one", **text(1), "shape": (1, 5), "give": FULL,
         "plain": True, "extra": reals(1, 1)},
        {"name": "regression-three", "what": "problem_type regression with three labels: the mean over all",
         **text(3, "regression"), **LEFT, "extra": reals(3, 3)},
        {"name": "multi-label", "what": "multi_label_classification: binary cross entropy, the mean over all",
         **text(4, "multi_label"), **RIGHT, "extra": bits(3, 4)},
        {"name": "multi-label-inferred", "what": "three labels, real labels and no problem_type: binary cross entropy",
         **text(3), **RIGHT, "plain": True, "extra": bits(3, 3)},
        {"name": "multi-label-one", "what": "multi_label_classification with one label", **text(1, "multi_label"), **RIGHT,
         "plain": True, "extra": bits(3, 1)},
        {"name": "text-classification-dropout-extra", "what": "classifier_dropout 0.3, which does nothing here; other heads "
         "beside it in the file", **text(3, classifier_dropout=0.3), **RIGHT, "save": "extra-heads", "extra": give(labels=[1, 1, 0])},
        {"name": "text-classification-everything", "what": "relative_key, pruned heads, chunks of 7, gamma and beta, head mask, "
         "inputs_embeds", **text(3, position_embedding_type="relative_key", num_attention_heads=4, chunk_size_feed_forward=7),
         "prune": {0: [0, 3], 1: [1, 2]}, **LEFT, "save": "old-names",
         "extra": both(embeds, heads([0.5, 1]), give(labels=[1, 2, 0]))},
    ]  # fmt: skip


def choice_cases():
    base = {"task": "multiple-choice", "config": TINY}
    right = right_padded([5, 3, 4, 2, 5, 1], 5).reshape(2, 3, 5)
    left = rows("00111", "01010", "11111", "00001", "11011", "01111").reshape(2, 3, 5)
    shape = {"shape": (2, 3, 5), "give": FULL}
    return [
        {"name": "multiple-choice", "what": "[B, choices, S] in, logits [B, choices]; hidden states and attentions are those of "
         "the B x choices rows", **base, **shape, "mask": right},
        {"name": "multiple-choice-labels", "what": "the loss", **base, **shape, "mask": right, "plain": True,
         "extra": give(labels=[2, 0])},
        {"name": "multiple-choice-left", "what": "padding on the left and holes, position_ids", **base, "shape": (2, 3, 5),
         "give": [*FULL, "position_ids"], "mask": left, "extra": give(labels=[1, -100])},
        {"name": "multiple-choice-embeds", "what": "inputs_embeds [B, choices, S, H]; one choice would be no choice: two",
         **base, "shape": (2, 2, 4), "give": FULL, "plain": True, "extra": both(embeds, give(labels=[1, 0]))},
        {"name": "multiple-choice-relative", "what": "relative_key_query, pruned, classifier_dropout", "task": "multiple-choice",
         "config": {**TINY, "num_attention_heads": 3, "position_embedding_type": "relative_key_query",
                    "classifier_dropout": 0.2}, "prune": {1: [0]}, **shape, "mask": right, "plain": True},
    ]  # fmt: skip


def token_cases():
    ner = {"task": "token-classification", "config": {**TINY, "num_labels": 5}}
    qa = {"task": "question-answering", "config": TINY}
    return [
        {"name": "token-classification", "what": "five labels, logits", **ner, **RIGHT},
        {"name": "token-classification-labels", "what": "the loss; labels are -100 at padding and elsewhere", **ner, **RIGHT,
         "plain": True, "extra": classes(5)},
        {"name": "token-classification-labels-hidden", "what": "labels at hidden positions, too: they count in the loss",
         **ner, **RIGHT, "extra": classes(5, hidden=True)},
        {"name": "token-classification-left", "what": "padding on the left and holes", **ner, **LEFT, "plain": True,
         "extra": classes(5)},
        {"name": "token-classification-extra", "what": "other heads beside it in the file, classifier_dropout, a decoder's "
         "causal mask", "task": "token-classification", "config": {**TINY, "num_labels": 3, "classifier_dropout": 0.4,
                                                                  "is_decoder": True}, **RIGHT, "save": "extra-heads",
         "extra": classes(3)},
        {"name": "token-classification-relative-pruned", "what": "relative_key, pruned heads, gelu_fast",
         "task": "token-classification", "config": {**TINY, "num_labels": 3, "position_embedding_type": "relative_key",
                                                    "num_attention_heads": 4, "hidden_act": "gelu_fast"},
         "prune": {0: [1, 2, 3]}, **LEFT, "extra": classes(3)},
        {"name": "question-answering", "what": "start and end logits", **qa, **RIGHT},
        {"name": "question-answering-positions", "what": "the loss: its softmax runs over all S positions, hidden ones included",
         **qa, **RIGHT, "plain": True, "extra": give(start_positions=[2, 0, 1], end_positions=[5, 2, 4])},
        {"name": "question-answering-outside", "what": "a start at S and an end beyond it are ignored; a negative start is "
         "clamped to 0 and counts; a start on a hidden position counts", **qa, "shape": (4, 7), "give": FULL,
         "mask": right_padded([7, 3, 5, 6], 7), "extra": give(start_positions=[7, -2, 6, 1], end_positions=[3, 2, 30, 3])},
        {"name": "question-answering-left", "what": "padding on the left and holes, positions [B, 1]", **qa, **LEFT,
         "extra": give(start_positions=[[2], [4], [1]], end_positions=[[5], [4], [6]])},
        {"name": "question-answering-only-start", "what": "start_positions without end_positions: no loss", **qa, **RIGHT,
         "plain": True, "extra": give(start_positions=[2, 0, 1])},
        {"name": "question-answering-old-names", "what": "gamma and beta; relative_key_query; inputs_embeds",
         "task": "question-answering", "config": {**TINY, "position_embedding_type": "relative_key_query"}, **RIGHT,
         "plain": True, "save": "old-names", "extra": both(embeds, give(start_positions=[2, 0, 1], end_positions=[5, 2, 4]))},
    ]  # fmt: skip


def make(target, arguments):
    make_cases(
        target, masked_lm_cases() + pretraining_cases() + pooled_cases() + choice_cases() + token_cases()
    )  # BertLMHeadModel's are in `decoder`
