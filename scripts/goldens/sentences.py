# SPDX-License-Identifier: Apache-2.0
"""500 texts in many scripts and lengths, put together from phrases written for this project: nobody else's text."""

import random

from goldens.phrases import CODE, ENGLISH, LANGUAGES, ODD, URL_PARTS

COUNT = 500


def english_sentence(pick):
    """One sentence from the English parts."""
    form = pick.randrange(6)
    who, what, where, when = (pick.choice(ENGLISH[part]) for part in ("who", "did", "where", "when"))
    other_who, other_what = pick.choice(ENGLISH["who"]), pick.choice(ENGLISH["did"])
    if form == 0:
        return f"{who} {what} {where}."
    if form == 1:
        return f"{when}, {who} {what}."
    if form == 2:
        return f"{who} {what} {where} {when}, but {other_who} {other_what}."
    if form == 3:
        return f"Did you know that {who} {what} {when}?"
    if form == 4:
        return f"\"{pick.choice(ENGLISH['said'])},\" said {who}, and {other_what} {where}!"
    return f"{pick.choice(ENGLISH['said'])} because {who} {what}; {other_who} {other_what} {when}."


def capitalised(text):
    return text[:1].upper() + text[1:]


def english(pick, sentences):
    return " ".join(capitalised(english_sentence(pick)) for _ in range(sentences))


def foreign(pick, language):
    """The language's phrases as they stand, in pairs and in threes, so that every length comes up."""
    phrases = LANGUAGES[language]
    glue = "" if language in ("Chinese", "Japanese", "Thai") else " "
    texts = list(phrases)
    texts += [glue.join(pick.sample(phrases, count)) for count in (2, 2, 3, 4)]
    texts.append(glue.join(pick.choice(phrases) for _ in range(9 if glue else 12)))
    return texts


def numbers(pick):
    yield from ("0", "42", "-17", "3.14159", "1,234,567.89", "1e-10", "0x7fff_ffff", "50 %", "№ 5", "10⁶", "½ + ¾", "Ⅳ")
    for _ in range(8):
        day, month = pick.randint(1, 28), pick.randint(1, 12)
        yield f"{pick.randint(1000, 2100)}-{month:02}-{day:02}T{pick.randrange(24):02}:{pick.randrange(60):02}:00Z"
        yield f"Invoice {pick.randrange(10**6):06}: {pick.randrange(10**5) / 100:.2f} EUR, due {day}/{month}"


def addresses(pick):
    for _ in range(12):
        path = "/".join(pick.choice(URL_PARTS["path"]) for _ in range(pick.randint(0, 4)))
        yield f"https://{pick.choice(URL_PARTS['host'])}/{path}?q={pick.randrange(1000)}&lang=en#part-{pick.randrange(9)}"
    yield "mail someone@example.org or see http://localhost:8080/"
    yield "ftp://files.example.com/pub/archive-2.0.tar.gz"


def repeated(pick):
    yield "very " * 300 + "long"
    yield "a" * 100
    yield "a" * 101  # one more than WordPiece takes: [UNK]
    yield "b" * 5000
    yield "the cat " * 127  # 254 words: just what fits between [CLS] and [SEP]
    yield "the cat " * 127 + "the"  # 255: one too many
    yield "!" * 400
    yield "猫" * 260
    yield "🙂" * 120
    yield "ha" * 60
    yield "one two three four five six seven eight nine ten " * 30
    yield "\n".join(["- item"] * 90)


def texts():
    pick = random.Random(20240229)
    found = [text for texts in ODD.values() for text in texts]
    for language in LANGUAGES:
        found += foreign(pick, language)
    found += [*numbers(pick), *addresses(pick), *CODE, *repeated(pick)]
    for _ in range(12):
        mixed = pick.sample(list(LANGUAGES), pick.randint(2, 4))
        found.append(" / ".join(pick.choice(LANGUAGES[language]) for language in mixed) + " " + english(pick, 1))
    lengths = [1] * 24 + [2] * 12 + [3] * 8 + [5] * 6 + [8] * 4 + [11] * 4 + [14, 15, 16, 17, 18, 19, 24, 30]
    while len(found) < COUNT:
        found.append(english(pick, lengths[len(found) % len(lengths)]))
    if len(found) != COUNT or len(set(found)) != COUNT:
        raise SystemExit(f"{len(found)} sentences, {len(set(found))} of them different, wanted {COUNT}")
    pick.shuffle(found)
    return found
