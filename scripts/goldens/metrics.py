# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/metrics: what scikit-learn, SciPy, seqeval and SQuAD's script say of made-up answers."""

import random
import warnings

from scipy.stats import pearsonr, spearmanr
from seqeval import metrics as entities
from sklearn import metrics
from transformers.data.metrics import squad_metrics

from goldens.common import save_json

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-X-Y", "I-X-Y"]
MORE_TAGS = [*TAGS, "E-PER", "S-LOC", "PERSON", "I", "B", "B-"]
ANSWERS = [
    ("the Red House", ["red house", "a house"]),
    ("", []),
    ("something", []),
    ("", ["a river"]),
    ("in Oslo, Norway", ["Oslo", "Oslo (Norway)"]),
    ("An apple a day", ["apple day", "the day"]),
    ("the", ["a", "an"]),
    ("the the cat cat", ["cat the cat dog cat"]),
    ("Theatre; and a-cat", ["theatre and acat", "Atheneum"]),
    ("1,000.50 $", ["100050", "1000 50"]),
    ("naïve\u00a0Café  x", ["naïve café x"]),
    ("a_b the_c", ["a_b the_c d"]),
    ("東京 the 我", ["東京 我"]),
    ("Straße und STRASSE", ["strasse", "Straße"]),
    ("«the» “a” b", ["b", "«» “” b"]),
    ("tab\tand\nline", ["tab and line"]),
    ("the²", ["²"]),
    ("a\u0301 the", ["\u0301"]),
]


def classification(rng, classes, count, present):
    labels = [rng.choice(present) for _ in range(count)]
    predictions = [label if rng.random() < 0.6 else rng.randrange(classes) for label in labels]
    case = {
        "classes": classes, "labels": labels, "predictions": predictions,
        "accuracy": metrics.accuracy_score(labels, predictions),
        "f1_macro": metrics.f1_score(labels, predictions, average="macro", zero_division=0),
        "f1_micro": metrics.f1_score(labels, predictions, average="micro", zero_division=0),
        "matthews_correlation": metrics.matthews_corrcoef(labels, predictions),
    }  # fmt: skip
    if classes == 2:
        case["f1"] = metrics.f1_score(labels, predictions, average="binary", zero_division=0)
    return case


def several_labels(rng, classes, count):
    labels = [[int(rng.random() < 0.4) for _ in range(classes)] for _ in range(count)]
    predictions = [[bit if rng.random() < 0.7 else 1 - bit for bit in row] for row in labels]
    for rows in (labels, predictions):  # a label that never occurs
        for row in rows:
            row[-1] = 0
    return {
        "labels": labels, "predictions": predictions, "accuracy": metrics.accuracy_score(labels, predictions),
        "f1": metrics.f1_score(labels, predictions, average="micro", zero_division=0),
        "f1_macro": metrics.f1_score(labels, predictions, average="macro", zero_division=0),
    }  # fmt: skip


def correlation(rng, count, levels):
    x = [round(rng.gauss(0, 1), 3) if levels is None else float(rng.randrange(levels)) for _ in range(count)]
    y = [round(0.7 * value + rng.gauss(0, 1), 3) if levels is None else float(rng.randrange(levels)) for value in x]
    return {"x": x, "y": y, "pearson": float(pearsonr(x, y)[0]), "spearmanr": float(spearmanr(x, y)[0])}


def sentences(rng, tags, count):
    labels = [[rng.choice(tags) for _ in range(rng.randrange(1, 12))] for _ in range(count)]
    predictions = [[tag if rng.random() < 0.8 else rng.choice(tags) for tag in row] for row in labels]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = {
            name: float(getattr(entities, f"{name}_score")(labels, predictions))
            for name in ("precision", "recall", "f1", "accuracy")
        }
        found = [[list(entity) for entity in entities.sequence_labeling.get_entities(row)] for row in labels]
    return {"labels": labels, "predictions": predictions, "entities": found, **scores}


def answer(prediction, answers):
    wanted = [text for text in answers if squad_metrics.normalize_answer(text)] or [""]
    return {
        "prediction": prediction, "answers": answers,
        "exact_match": max(squad_metrics.compute_exact(text, prediction) for text in wanted),
        "f1": max(squad_metrics.compute_f1(text, prediction) for text in wanted),
    }  # fmt: skip


def make(folder, _):
    rng = random.Random("metrics")
    save_json(
        {
            "classification": [
                classification(rng, 2, 50, [0, 1]), classification(rng, 2, 7, [0]), classification(rng, 4, 80, [0, 1, 3]),
                classification(rng, 5, 9, [2, 4]), classification(rng, 3, 1, [1]),
            ],
            "several_labels": [several_labels(rng, 4, 30), several_labels(rng, 2, 3)],
            "correlation": [correlation(rng, 40, None), correlation(rng, 25, 4), correlation(rng, 3, 9)],
            "entities": [sentences(rng, TAGS, 30), sentences(rng, MORE_TAGS, 40), sentences(rng, ["O"], 2)],
            "answers": [answer(*case) for case in ANSWERS],
        },
        folder / "metrics.json",
    )  # fmt: skip
