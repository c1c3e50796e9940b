# SPDX-License-Identifier: Apache-2.0
"""What `training` trains: a case a task, and those where something else in the graph runs backward.

A case: name, what, task (a key of models.CLASSES), rows (a key of training_texts.ROW), config and prune as in models,
steps and batch_size where they differ, runs (a function of the model that lists them) and whole, the names of the runs
whose final weights are kept in full.
"""

import copy

from transformers.activations import ACT2FN

ACTIVATIONS = [
    "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "quick_gelu", "relu", "silu", "swish", "tanh", "mish",
]  # fmt: skip
SCHEDULES = ["linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup"]


def schedule(name, warmup):
    """A run by the names of TrainingArguments. `constant` knows no warm-up."""
    run = {"name": name, "lr_scheduler_type": name, "warmup_steps": 0 if name == "constant" else warmup}
    if name == "cosine_with_restarts":
        run["lr_scheduler_kwargs"] = {"num_cycles": 2}
    return run


def schedules(*names):
    def runs(model, steps, warmup):
        return [schedule(name, warmup) for name in names]

    return runs


def activations(model, steps, warmup):
    """A run for each activation from the same weights."""

    def with_activation(name):
        def build():
            changed = copy.deepcopy(model)
            changed.config.hidden_act = name
            for module in changed.modules():
                for field in ("intermediate_act_fn", "transform_act_fn"):
                    if hasattr(module, field):
                        setattr(module, field, ACT2FN[name])
            return changed

        return build

    return [
        {**schedule("constant", 0), "name": name, "hidden_act": name, "model": with_activation(name)} for name in ACTIVATIONS
    ]


def case(name, what, task=None, rows=None, runs=SCHEDULES, whole=("linear",), **more):
    return {
        "name": name, "what": what, "task": task or name, "rows": rows or name, "runs": schedules(*runs), "whole": whole, **more
    }  # fmt: skip


CASES = [
    case("text-classification", "pairs, three labels: cross entropy", whole=SCHEDULES, config={"num_labels": 3}),
    case("regression", "one label: mean squared error", "text-classification",
         config={"num_labels": 1, "problem_type": "regression"}),
    case("multi-label", "four labels at once: binary cross entropy", "text-classification",
         config={"num_labels": 4, "problem_type": "multi_label_classification"}),
    case("token-classification", "five labels of words' first pieces, -100 elsewhere", config={"num_labels": 5}),
    case("question-answering", "start and end; the softmax runs over padding too"),
    case("multiple-choice", "three choices a text, batches of 2", batch_size=2),
    case("masked-lm", "tied decoder; masks as recorded in the batches"),
    case("pretraining", "masked-lm and next sentence, losses added; tied decoder; masks as recorded in the batches"),
    case("causal-lm", "is_decoder, shifted labels, tied decoder", config={"is_decoder": True}),
    case("next-sentence", "pairs, next_sentence_label of a row is `labels`"),
    case("masked-lm-untied", "tie_word_embeddings false: two matrices, two gradients", "masked-lm", "masked-lm",
         ["linear"], config={"tie_word_embeddings": False}),
    case("masked-lm-relative", "relative_key_query: tables of distances are trained, position embeddings have no gradient",
         "masked-lm", "masked-lm", ["cosine"], ["cosine"], config={"position_embedding_type": "relative_key_query"}),
    case("text-classification-relative-key", "relative_key", "text-classification", "text-classification",
         ["linear"], config={"num_labels": 3, "position_embedding_type": "relative_key"}),
    case("causal-lm-cross", "a decoder with cross attention; encoder_hidden_states with padding in the batches", "causal-lm",
         "causal-lm", ["polynomial"], ["polynomial"], config={"is_decoder": True, "add_cross_attention": True}),
    case("token-classification-pruned", "pruned heads, other ones in each layer", "token-classification",
         "token-classification", ["linear"], config={"num_labels": 5}, prune={0: [0, 3], 1: [1]}),
    case("masked-lm-chunks", "chunk_size_feed_forward 1", "masked-lm", "masked-lm", ["constant_with_warmup"],
         ["constant_with_warmup"], config={"chunk_size_feed_forward": 1}),
]  # fmt: skip


def activation_case():
    return {
        "name": "activations", "what": "masked-lm with each activation, in the head too: `hidden_act` of the run replaces "
        "that of config.json; the gradients are gelu's", "task": "masked-lm", "rows": "masked-lm", "steps": 4,
        "runs": activations, "whole": ("gelu",),
    }  # fmt: skip
