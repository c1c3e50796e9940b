#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Derives Sources/Tokenizers/UnicodeTables.swift from the `tokenizers` package by asking it about every scalar.

The fast tokenizer's Unicode tables come from several crates of different ages; no published Unicode version equals
their sum. So nothing is read from a Unicode database here: each question goes to the package itself, and what it
answers is the truth that the Swift tokenizer is tested against.

    pip install tokenizers==0.21.4
    python3 scripts/make-unicode-tables.py

Format of the strings: numbers in base 36. A range table is `gap,length` pairs separated by blanks, where gap counts
from the end of the previous range. A map is runs `gap,count:t.t;t.t;...` of consecutive scalars, where each t is a
target scalar and `.` joins several; lower case, being regular, has runs `gap,count,step,delta` instead.
"""

import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

OUT = pathlib.Path(__file__).resolve().parent.parent / "Sources/Tokenizers/UnicodeTables.swift"
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(n):
    digits = ""
    while True:
        n, r = divmod(n, 36)
        digits = DIGITS[r] + digits
        if n == 0:
            return digits


def bert(**on):
    flags = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**flags, **on}).normalize_str


def encode_ranges(members):
    members = sorted(members)
    parts, end, i = [], 0, 0
    while i < len(members):
        j = i
        while j + 1 < len(members) and members[j + 1] == members[j] + 1:
            j += 1
        parts.append(f"{base36(members[i] - end)},{base36(j - i + 1)}")
        end, i = members[j] + 1, j + 1
    return " ".join(parts)


def encode_map(table):
    keys = sorted(table)
    parts, end, i = [], 0, 0
    while i < len(keys):
        j = i
        while j + 1 < len(keys) and keys[j + 1] == keys[j] + 1:
            j += 1
        values = ";".join(".".join(base36(t) for t in table[k]) for k in keys[i : j + 1])
        parts.append(f"{base36(keys[i] - end)},{base36(j - i + 1)}:{values}")
        end, i = keys[j] + 1, j + 1
    return " ".join(parts)


def encode_deltas(table):
    """Runs of scalars `step` apart whose targets all lie the same distance away; a delta is zigzagged."""
    keys = sorted(table)
    parts, end, i = [], 0, 0
    while i < len(keys):
        delta, step, j = table[keys[i]] - keys[i], 1, i
        if i + 1 < len(keys) and keys[i + 1] - keys[i] <= 2:
            step = keys[i + 1] - keys[i]
        while j + 1 < len(keys) and keys[j + 1] == keys[j] + step and table[keys[j + 1]] - keys[j + 1] == delta:
            j += 1
        zigzag = delta * 2 if delta >= 0 else -delta * 2 - 1
        parts.append(f"{base36(keys[i] - end)},{base36(j - i + 1)},{base36(step)},{base36(zigzag)}")
        end, i = keys[j] + 1, j + 1
    return " ".join(parts)


def single_word_neighbours():
    """The scalars that the regex crate calls \\w: next to one, a single_word added token is not recognised."""
    token = "<added>"
    tokenizer = Tokenizer(models.WordLevel({"x": 0, token: 1}, unk_token="x"))
    tokenizer.add_tokens([AddedToken(token, single_word=True, normalized=False)])
    found = set()
    for start in range(0, len(SCALARS), 65536):
        block = SCALARS[start : start + 65536]
        for c, encoding in zip(block, tokenizer.encode_batch([chr(c) + token for c in block])):
            if 1 not in encoding.ids:
                found.add(c)
    return found


def combining_classes(nfd, decompositions):
    """Canonical combining classes, as ranks: what matters is only which mark sorts before which.

    The candidates come from Python's tables, but each scalar's place among them is found by reordering tests.
    """
    lowest, highest = chr(0x334), chr(0x345)
    assert nfd(highest + lowest) == lowest + highest

    def is_mark(s):
        return nfd(s + lowest) != s + lowest or nfd(highest + s) != highest + s

    references = {1: lowest, 240: highest}
    for c in SCALARS:
        rank = unicodedata.combining(chr(c))
        if rank and rank not in references and c not in decompositions and is_mark(chr(c)):
            references[rank] = chr(c)
    classes = {}
    for c in SCALARS:
        s = chr(c)
        # U+0334 itself never moves before itself: both of its tests are silent, and so it is known by name.
        if c in decompositions or c in HANGUL or not (is_mark(s) or s in (lowest, highest)):
            continue
        equal = [k for k, r in references.items() if nfd(s + r) == s + r and nfd(r + s) == r + s]
        if len(equal) != 1:
            sys.exit(f"U+{c:04X} has {len(equal)} combining classes; add a reference mark for its class")
        classes.setdefault(equal[0], set()).add(c)
    return classes


def main():
    nfd = normalizers.NFD().normalize_str
    lower = normalizers.Lowercase().normalize_str
    clean, chinese, strip = bert(clean_text=True), bert(handle_chinese_chars=True), bert(strip_accents=True)
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str

    removed, spaces, ideographs, white, punctuation, marks = set(), set(), set(), set(), set(), set()
    decompositions, lowercase, lowercase_many = {}, {}, {}
    for c in SCALARS:
        s = chr(c)
        cleaned = clean("a" + s + "b")
        if cleaned == "ab":
            removed.add(c)
        elif cleaned == "a b":
            spaces.add(c)
        elif cleaned != "a" + s + "b":
            sys.exit(f"U+{c:04X} is cleaned to {cleaned!r}")
        if chinese(s) == f" {s} ":
            ideographs.add(c)
        words = [w for w, _ in split("a" + s + "b")]
        if words == ["a", "b"]:
            white.add(c)
        elif words == ["a", s, "b"]:
            punctuation.add(c)
        elif words != ["a" + s + "b"]:
            sys.exit(f"U+{c:04X} splits into {words}")
        d = nfd(s)
        if d != s and c not in HANGUL:
            decompositions[c] = [ord(t) for t in d]
        elif c in HANGUL:
            i = c - 0xAC00
            expected = chr(0x1100 + i // 588) + chr(0x1161 + i % 588 // 28) + (chr(0x11A7 + i % 28) if i % 28 else "")
            assert d == expected, hex(c)
        elif strip("a" + s + "b") == "ab":
            marks.add(c)
        low = lower(s)
        if len(low) > 1:
            lowercase_many[c] = [ord(t) for t in low]
        elif low != s:
            lowercase[c] = ord(low)
    # clean_text drops before it maps, so U+000B, U+000C and U+0085, white but also Cc, vanish; the rest become blanks.
    assert spaces == white - removed, sorted(spaces ^ (white - removed))
    classes = combining_classes(nfd, decompositions)
    words = single_word_neighbours()

    # The scanner relies on these: a decomposition that starts with a mark is all marks, and starters come first.
    ranked = {c: k for k, members in classes.items() for c in members}
    for c, d in decompositions.items():
        kinds = [t in ranked for t in d]
        assert not (kinds[0] and not all(kinds)), hex(c)
        assert kinds == sorted(kinds), hex(c)

    tables = [
        ("removed", "Scalars that `clean_text` drops: categories Cc, Cf, Co, and U+FFFD.", encode_ranges(removed)),
        ("whiteSpace", "Scalars that separate words; `clean_text` turns each into U+0020.", encode_ranges(white)),
        ("punctuation", "Scalars that are words of their own.", encode_ranges(punctuation)),
        ("ideographs", "Scalars that `handle_chinese_chars` surrounds with blanks.", encode_ranges(ideographs)),
        ("nonspacingMarks", "Scalars, decomposed already, that `strip_accents` drops.", encode_ranges(marks)),
        ("wordNeighbours", r"The regex `\w`: beside one, a `single_word` token is not recognised.", encode_ranges(words)),
        (
            "combiningClasses",
            "`class:ranges` per canonical combining class, separated by `|`.",
            "|".join(f"{base36(k)}:{encode_ranges(v)}" for k, v in sorted(classes.items())),
        ),
        ("decompositions", "Full canonical decompositions, without Hangul (arithmetic).", encode_map(decompositions)),
        ("lowercase", "Lower case, one scalar to one: `gap,count,step,zigzag delta`.", encode_deltas(lowercase)),
        ("lowercaseMany", "Lower case, one scalar to several.", encode_map(lowercase_many)),
    ]
    lines = [
        "// SPDX-License-Identifier: Apache-2.0",
        "//",
        f"// Made by scripts/make-unicode-tables.py from tokenizers {tokenizers.__version__}, format as told there. Do not edit.",
        "",
        "/// What the fast Hugging Face tokenizer knows about each scalar, as text that `UnicodeData` decodes once.",
        "enum UnicodeTables {",
    ]
    for name, comment, text in tables:
        lines += [f"  /// {comment}", f'  static let {name}: StaticString = """']
        width = 110
        pieces = [text[i : i + width] for i in range(0, len(text), width)]
        lines += [f"    {piece}\\" for piece in pieces[:-1]] + [f"    {pieces[-1]}", '    """', ""]
    lines[-1] = "}"
    OUT.write_text("\n".join(lines) + "\n")
    for name, _, text in tables:
        print(f"{name:18} {len(text):6} bytes")


main()
