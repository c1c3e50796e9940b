#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes Tests/TokenizersTests/Fixtures from the real `tokenizers` package: what every scalar and many lines become.

    pip install tokenizers==0.21.4 transformers==4.49.0
    python3 scripts/make-tokenizer-goldens.py [flags] [cases] [lines] [scalars]

Fixtures/uncased/vocab.txt is bert-base-uncased's vocabulary (Apache-2.0), as all-MiniLM-L6-v2 ships it.
  scalars.txt   one line per setting: for each block of 256 scalars (surrogates left out) the CRC-32 of words, ids and
                offsets of each scalar, alone and between "a" and "b"; words only except for uncased and cased
  lines.jsonl   mixed lines: text, ids and offsets uncased, CRC-32 of the same cased
  cases.json    pairs, truncation, overflow, padding, decoding, split words (see `cases`)
  flags/        a small tokenizer.json with every flag an added token may have, and cases for it
"""

import json
import pathlib
import random
import sys
import zlib

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertTokenizerFast

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests/TokenizersTests/Fixtures"
SETTINGS = {
    "uncased": dict(lowercase=True, strip_accents=None),
    "cased": dict(lowercase=False, strip_accents=None),
    "lower-keep-accents": dict(lowercase=True, strip_accents=False),
    "cased-strip-accents": dict(lowercase=False, strip_accents=True),
    "bare": dict(lowercase=True, strip_accents=True, clean_text=False, handle_chinese_chars=False),
}
ENCODED = ["uncased", "cased"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tokenizer(setting):
    vocab = {line: i for i, line in enumerate((FIXTURES / "uncased/vocab.txt").read_text().split("\n")[:-1])}
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(**SETTINGS[setting])
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 101), ("[SEP]", 102)],
    )
    t.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIAL])
    return t


def flat(offsets):
    return [n for pair in offsets for n in pair]


def digest(encoding):
    return ",".join(map(str, encoding.ids)) + ";" + ",".join(map(str, flat(encoding.offsets)))


def scalars():
    lines = []
    for setting in SETTINGS:
        t, line = tokenizer(setting), setting + " "
        for block in range(0, 0x110000, 256):
            if 0xD800 <= block < 0xE000:
                continue
            texts = [x for c in range(block, block + 256) for x in (chr(c), "a" + chr(c) + "b")]
            encodings = t.encode_batch(texts) if setting in ENCODED else None
            crc = 0
            for i, text in enumerate(texts):
                words = t.pre_tokenizer.pre_tokenize_str(t.normalizer.normalize_str(text))
                row = "\x01".join(w for w, _ in words) + "\x02"
                if encodings:
                    row += digest(encodings[i])
                crc = zlib.crc32((row + "\n").encode(), crc)
            line += f"{crc:08x}"
        lines.append(line)
    (FIXTURES / "scalars.txt").write_text("\n".join(lines) + "\n")


SENTENCES = """The quick brown fox doesn't jump over 3,141.59 lazy dogs @ http://example.com/a_b?c=d&e=f#g !
I like natural language progressing! unaffable, pneumonoultramicroscopicsilicovolcanoconiosis.
Élève façade naïve coöperate Ångström São Paulo İstanbul ıI ÆØÅ ß ẞ ŉ ǅ ﬁ ﬂ Ω Å K
Привет, мир! Ёлка й Й їжак ўзор Њ ҐґЪъ
Ελληνικά: Ὀδυσσεύς ᾳ ᾼ ΐ ΰ ς Σ; ῼ ΌΔΟΣ
שלום עולם, מה שְׁלוֹמְךָ? וּבְרֵאשִׁית בָּרָא
السلام عليكم، كَيْفَ حَالُكَ؟ لا إله ﷺ ١٢٣
हिन्दी में लिखा हुआ वाक्य। क़ ख़ ग़ ज़ ड़ ढ़ फ़ य़
বাংলা ভাষা ো ৌ ড় ঢ় য় தமிழ் மொழி ொ ோ ௌ తెలుగు ಕನ್ನಡ ೀ ೇ ೈ ೊ ೋ മലയാളം ൊ ോ ൌ
ภาษาไทยง่ายนิดเดียว กำ ລາວ ຳ ខ្មែរ မြန်မာ ဦး སྐད་ ཀྵ གྷ ཱི
日本語のテキスト、ガギグ ば゛パ。ｶﾞ ヴ゙ 中文测试，豈更車賈滑 串句龜 㐀㐁 𠀀𠀁 𪜀 丽丸乁
한국어 텍스트 각힣가 ᄀ ᅡ ᆨ 가각 ㄱㅏ ﾡ 조선말
👍🏽 👨‍👩‍👧‍👦 🇩🇪 ❤️ ☕️ 😀 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ™ © ½ ² ∀x∈ℝ ⇒ ≠ ∄ ≮
ᏣᎳᎩ ꭰꭱ Ⴀⴀ ᲀ Ა ა ႠႡ 𐐀𐐨 𞤀𞤢 Ⰰⰰ Ꙁ ꙁ Ⓐⓐ Ａａ！？
tab\tnewline\nreturn\rvt\x0bff\x0cnel\x85nbsp\xa0ogham\u1680ls\u2028ps\u2029zwsp\u200bzwj\u200dbom\ufeffideo\u3000end
\x00nul\x00 \ufffd repl\ufffdaced \x07bell \x1besc \x7fdel \x9fapc \ue000private \U000f0000plane15 \u0378unassigned""".split("\n")
SENTENCES = [s.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in s else s for s in SENTENCES]
MARKS = [0x300, 0x301, 0x308, 0x316, 0x323, 0x327, 0x334, 0x338, 0x345, 0x35C, 0x360, 0x5B0, 0x5BC, 0x64B, 0x651, 0x93C,
         0x94D, 0xE38, 0xE48, 0xF39, 0xF71, 0xF72, 0xF73, 0xF75, 0xF81, 0x344, 0x302A, 0x302E, 0x302F, 0x3099, 0x1D165,
         0x1D166, 0x1D16D, 0x1D15E, 0x1D160, 0x1D1BB, 0x1D1C0, 0x16FF0, 0x16FF1, 0x1B44, 0x1BAA, 0xA953, 0xA9C0, 0x110B9,
         0x1134D, 0x20D0, 0x20DD, 0x488, 0x903, 0x93E, 0x9BE, 0x9CB, 0xD4C, 0x1B35, 0x1B06, 0x41, 0xE9, 0x1E69, 0x200D, 0xAD]


def mixed_lines(count, seed):
    r = random.Random(seed)
    words = [w for s in SENTENCES for w in s.split(" ") if w]
    vocab = (FIXTURES / "uncased/vocab.txt").read_text().split("\n")

    def scalar():
        while True:
            c = r.choice([r.randrange(0x250), r.randrange(0x3000), r.randrange(0x11000), r.randrange(0x20000), r.randrange(0x110000)])
            if not 0xD800 <= c < 0xE000:
                return chr(c)

    def fragment():
        kind = r.randrange(14)
        if kind < 4:
            return r.choice(words)
        if kind < 6:
            w = r.choice(vocab)
            return r.choice([w, w.upper(), w.capitalize(), w.replace("##", "")])
        if kind == 6:
            return "".join(scalar() for _ in range(r.randrange(1, 6)))
        if kind == 7:
            return r.choice(["a", "é", "", "한", "か", "\U0001d15e"]) + "".join(chr(r.choice(MARKS)) for _ in range(r.randrange(1, 9)))
        if kind == 8:
            return r.choice(SPECIAL + ["[mask]", "[MASK", "MASK]", "[[MASK]]", "[SEP][SEP]", "[CLS]x", "x[PAD]"])
        if kind == 9:
            return "".join(r.choice(words) for _ in range(3))
        if kind == 10:
            return r.choice(["", "\t", "\n", "  ", "\x00", "\x01", "\xad", "\ufeff", "\u2003", "\x85", "\u200b"])
        if kind == 11:
            w = r.choice(words)
            i = r.randrange(len(w) + 1)
            return w[:i] + r.choice([scalar(), chr(r.choice(MARKS)), "́", "-", "'"]) + w[i:]
        if kind == 12 and r.randrange(12) == 0:
            return r.choice(["a", "é", "ß", "中a", "が"]) * r.choice([33, 50, 99, 100, 101, 130])
        return r.choice("0123456789.,;:!?()[]{}<>@#$%^&*_+=~`|\\/\"'-–—…“”‘’«»¿¡。、，§¶•°") * r.randrange(1, 4)

    lines = list(SENTENCES) + ["", " ", "a", "[MASK]", "\u0301", "\u0301a", "[MASK]\u0301", "\x00", "\u302e\u0301\u0316"]
    while len(lines) < count:
        lines.append("".join(fragment() + r.choice([" ", " ", " ", "", "\t"]) for _ in range(r.randrange(1, 7))))
    return lines


def lines():
    uncased, cased = tokenizer("uncased"), tokenizer("cased")
    texts = mixed_lines(5300, 20240607)
    with open(FIXTURES / "lines.jsonl", "w") as out:
        for text, a, b in zip(texts, uncased.encode_batch(texts), cased.encode_batch(texts)):
            row = {"text": text, "ids": a.ids, "offsets": flat(a.offsets), "cased": f"{zlib.crc32(digest(b).encode()):08x}"}
            out.write(json.dumps(row, separators=(",", ":")) + "\n")


def full(e, nested=False):
    row = {
        "ids": e.ids,
        "type_ids": e.type_ids,
        "attention_mask": e.attention_mask,
        "special_tokens_mask": e.special_tokens_mask,
        "tokens": e.tokens,
        "offsets": flat(e.offsets),
        "word_ids": e.word_ids,
        "sequence_ids": e.sequence_ids,
    }
    # The package leaves copies of the overflow inside the overflow; transformers does not look at them either.
    if e.overflowing and not nested:
        row["overflowing"] = [full(o, nested=True) for o in e.overflowing]
    return row


def attempt(run):
    try:
        return run()
    except BaseException as error:  # a panic of the Rust side is no Exception
        return {"error": str(error)[:120]}


def cases():
    t = tokenizer("uncased")
    texts = ["I like natural language progressing!", "unaffable", "Hello, [MASK] wörld 中文", "one two three four five six seven",
             "", "a", "The capital of France is [MASK]."]
    r = random.Random(7)
    rows = []
    for a in texts:
        rows.append({"a": a, "expect": full(t.encode(a))})
        rows.append({"a": a, "special": False, "expect": full(t.encode(a, add_special_tokens=False))})
        for b in texts:
            rows.append({"a": a, "b": b, "expect": full(t.encode(a, b))})
    for _ in range(360):
        a = r.choice(texts)
        b = r.choice(texts + [None])
        row = {"a": a, "b": b, "special": r.random() < 0.8, "max_length": r.randrange(0, 16), "stride": r.choice([0, 0, 0, 1, 2, 3, 5]),
               "strategy": r.choice(["longest_first", "only_first", "only_second"]), "direction": r.choice(["right", "right", "left"])}

        def run():
            t.enable_truncation(row["max_length"], stride=row["stride"], strategy=row["strategy"], direction=row["direction"])
            return full(t.encode(a, b, add_special_tokens=row["special"]))

        # Underflow in the release build of the Rust code wraps around: nothing to be compared with.
        if row["max_length"] < (3 if b is not None else 2):
            row["max_length"] += 3
        row["expect"] = attempt(run)
        t.no_truncation()
        rows.append(row)
    batches = []
    for _ in range(60):
        batch = [r.choice(texts) for _ in range(r.randrange(1, 6))]
        row = {"batch": batch, "length": r.choice([None, None, 4, 12, 20]), "multiple": r.choice([None, None, 4, 8]),
               "side": r.choice(["right", "right", "left"])}
        t.enable_padding(direction=row["side"], pad_id=0, pad_token="[PAD]", length=row["length"], pad_to_multiple_of=row["multiple"])
        row["expect"] = [full(e) for e in t.encode_batch(batch)]
        t.no_padding()
        batches.append(row)
    words = []
    for a in [["Hello", ",", "[MASK]", "unaffable wörld", "", "中文"], [], ["a"], ["New-York", "\u0301", "x"]]:
        words.append({"a": a, "expect": full(t.encode(a, is_pretokenized=True))})
        words.append({"a": a, "b": ["two", "words!"], "expect": full(t.encode(a, ["two", "words!"], is_pretokenized=True))})
    hf = BertTokenizerFast(tokenizer_object=t)
    decoded = []
    for text in mixed_lines(250, 99) + ["don't do not can't I've we're John's 'tis a ' b . , ! ?", "##ing ##s"]:
        ids = t.encode(text).ids + [r.randrange(30522), 40000]
        decoded.append({"ids": ids, "skip": [hf.decode(ids, skip_special_tokens=s, clean_up_tokenization_spaces=c)
                                             for s in (False, True) for c in (False, True)]})
    (FIXTURES / "cases.json").write_text(json.dumps({"encode": rows, "pad": batches, "words": words, "decode": decoded}, separators=(",", ":")))


def flags():
    pieces = SPECIAL + list("abcdefgh") + ["##" + c for c in "abcdefgh"] + ["cafe", "##fe", "<", ">", "/", "!", "中"]
    t = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]", max_input_chars_per_word=8))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece(cleanup=False)
    t.add_special_tokens([AddedToken(s, normalized=False, special=True, lstrip=s == "[MASK]") for s in SPECIAL])
    t.add_tokens([
        AddedToken("<l>", lstrip=True, normalized=False), AddedToken("<r>", rstrip=True, normalized=False),
        AddedToken("<lr>", lstrip=True, rstrip=True, normalized=False), AddedToken("<w>", single_word=True, normalized=False),
        AddedToken("<L>", normalized=True), AddedToken("Café", normalized=True), AddedToken("dé g", normalized=True, single_word=True),
        AddedToken("ab", normalized=False), AddedToken("abcd", normalized=False), AddedToken("中b", normalized=True),
    ])
    t.post_processor = processors.TemplateProcessing(
        single="[SEP]:3 $A:2", pair="$B:1 [SEP]:4 $A:0 [CLS]:5 [SEP]:6", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    (FIXTURES / "flags").mkdir(exist_ok=True)
    t.save(str(FIXTURES / "flags/tokenizer.json"), pretty=False)
    atoms = ["<l>", "<r>", "<lr>", "<w>", "<L>", "<l", "café", "CAFÉ", "Café", "cafe\u0301", "dé g", "DE G", "ab", "abc", "abcd", "abcde", "中b", "中 b",
             "中", "b", " ", "  ", "\t", "\u3000", "\n", "a", "é", "h", "\u0301", "_", "9", "!", "[MASK]", "[SEP]", "\u200b", "abcdefgh", "abcdefgha", "z", "\u302e"]
    r = random.Random(5)
    rows = []
    for _ in range(700):
        text = "".join(r.choice(atoms) for _ in range(r.randrange(1, 8)))
        pair = "".join(r.choice(atoms) for _ in range(3)) if r.random() < 0.15 else None
        row = {"a": text, "expect": full(t.encode(text, pair))}
        del row["expect"]["attention_mask"], row["expect"]["special_tokens_mask"]
        if pair is not None:
            row["b"] = pair
        row["decoded"] = t.decode(row["expect"]["ids"], skip_special_tokens=False)
        rows.append(row)
    (FIXTURES / "flags/cases.json").write_text(json.dumps(rows, separators=(",", ":")))


for make in (flags, cases, lines, scalars):
    if not sys.argv[1:] or make.__name__ in sys.argv[1:]:
        make()
        print(make.__name__, "done", flush=True)
