# SPDX-License-Identifier: Apache-2.0
"""The rows of `training`: a few sentences of a small vocabulary for each task, as `bert train` reads them."""

import random
import zlib

from goldens.task_vocabulary import SPECIAL

ADJECTIVES = "red old big small good slow warm quick".split()
NOUNS = "cat dog bird house river city street train boat ship book paper king doctor teacher child".split()
VERBS = "walk jump read play sleep sail work see hear find".split()
PLACES = "in on by to from with".split()
ADVERBS = "often never here always".split()
OTHERS = "the a and is was what where who does it , . ?".split()
SUFFIXES = ["##s", "##ed", "##ing", "##er", "##ly"]
VOCABULARY = [*SPECIAL, *OTHERS, *ADJECTIVES, *NOUNS, *VERBS, *PLACES, *ADVERBS, *SUFFIXES]
UNKNOWN = ["zebra", "Quagga"]  # not in the vocabulary: [UNK]
LONGEST = 24  # positions of the models
MAX_LENGTH = 20  # to which rows are truncated; some are longer
ROWS = 11  # no multiple of a batch: batches wrap around at another place each time


def noun_phrase(pick):
    words = [pick.choice(["the", "a"])]
    if pick.random() < 0.5:
        words.append(pick.choice(ADJECTIVES))
    noun = pick.choice(UNKNOWN) if pick.random() < 0.06 else pick.choice(NOUNS) + pick.choice(["", "", "s"])
    return [*words, noun]


def words_of(pick, longer=0.5):
    """The words of a sentence, some of which are two pieces or none that the vocabulary has."""
    words = noun_phrase(pick) + [pick.choice(VERBS) + pick.choice(["", "s", "ed", "ing"])]
    while pick.random() < longer:
        words += [pick.choice(PLACES), *noun_phrase(pick)]
    if pick.random() < 0.3:
        words.append(pick.choice(ADVERBS))
    return words


def sentence(pick, longer=0.5):
    text = " ".join(words_of(pick, longer))
    return text[0].upper() + text[1:] + "."


def text_classification(pick):
    return {"text": sentence(pick), "text_pair": sentence(pick), "label": pick.randrange(3)}


def regression(pick):
    return {"text": sentence(pick), "label": pick.randrange(-20, 21) / 8}


def multi_label(pick):
    return {"text": sentence(pick), "label": [float(pick.random() < 0.5) for _ in range(4)]}


def token_classification(pick):
    tokens = words_of(pick) + ["."]
    return {"tokens": tokens, "ner_tags": [pick.randrange(5) for _ in tokens]}


def question_answering(pick):
    words = words_of(pick)[:8]
    question = pick.choice(["What does it?", "Where is it?", "Who was it?"])
    row = {"question": question, "context": " ".join(words) + ".", "answers": {"text": [], "answer_start": []}}
    if pick.random() < 0.85:  # otherwise there is no answer
        first = pick.randrange(len(words))
        last = min(len(words) - 1, first + pick.randrange(3))
        row["answers"]["text"].append(" ".join(words[first : last + 1]))
        row["answers"]["answer_start"].append(len("".join(word + " " for word in words[:first])))
    return row


def multiple_choice(pick):
    return {
        "text": sentence(pick, 0.3), "choices": [" ".join(words_of(pick, 0.2)) for _ in range(3)], "label": pick.randrange(3)
    }  # fmt: skip


def text(pick):
    return {"text": sentence(pick)}


def pair(pick):
    return {"text": sentence(pick, 0.4), "text_pair": sentence(pick, 0.4), "next_sentence_label": pick.randrange(2)}


ROW = {
    "text-classification": text_classification,
    "regression": regression,
    "multi-label": multi_label,
    "token-classification": token_classification,
    "question-answering": question_answering,
    "multiple-choice": multiple_choice,
    "masked-lm": text,
    "pretraining": pair,
    "causal-lm": text,
    "next-sentence": pair,
}


def rows_of(kind, name):
    pick = random.Random(zlib.crc32(f"training rows {name}".encode()))
    return [ROW[kind](pick) for _ in range(ROWS)]
