# SPDX-License-Identifier: Apache-2.0
"""The tokenizer of `tasks`: a small uncased WordPiece vocabulary, written for this project."""

from transformers import BertTokenizerFast

WORDS = """the a an and or not in on of to for with from by at is was are were be it he she they we you i this that
cat dog bird house river mountain city street train boat ship school book paper letter music food bread water wine
king queen doctor teacher farmer sailor child friend mother father brother sister
red blue green old new big small long short good bad happy sad quick slow warm cold
run walk jump read write sing play eat drink see hear go come make take give find live work sleep sail
anna peter maria john smith berlin paris london rome vienna oslo tokyo acme global north south east west
monday friday june july year day night morning evening hour time
very never always often then there here who what where when which how many much one two three four five
example sports politics science travel cooking news about game team""".split()
SUFFIXES = "s es ed ing er est ly ness ful less ion tion al ish able ment th y ie in an en on ia berg ton land".split()
PUNCTUATION = list(".,!?;:'\"()-/&%$#@*+=<>[]{}") + ["…", "—", "“", "”", "’", "¿", "€"]
OTHERS = ["東", "京", "我", "и", "##и", "м", "##м", "р", "##р", "ß", "##ß", "σ", "##σ"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = list(dict.fromkeys([
    *SPECIAL, *LETTERS, *[f"##{letter}" for letter in LETTERS], *WORDS, *[f"##{suffix}" for suffix in SUFFIXES],
    *PUNCTUATION, *OTHERS,
]))  # fmt: skip
LONGEST = 64  # of the models and of the tokenizer


def save_tokenizer(folder, entries=VOCABULARY, longest=LONGEST):
    """vocab.txt, tokenizer.json, tokenizer_config.json and special_tokens_map.json, as save_pretrained writes them."""
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(vocabulary), do_lower_case=True, model_max_length=longest)
    tokenizer.save_pretrained(folder)
