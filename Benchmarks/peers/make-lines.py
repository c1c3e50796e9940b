#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lines of English for `bert embed --jsonl` and its peers: {"id": 0, "text": "..."} and so on, on standard output.

    Benchmarks/peers/make-lines.py --lines 100000 --seed 0 > lines.jsonl

The sentences are those of Python's own language reference and of the docstrings of its standard library, which every
machine with Python has: real words with a few names and numbers among them, 8 to 40 words long. They are drawn with
replacement. The same Python and the same seed give the same lines.
"""
import argparse
import importlib
import inspect
import json
import random
import re
import sys
import textwrap
from pydoc_data.topics import topics

WORDS = range(8, 41)
# Parts of the standard library that do nothing on import but define things.
MODULES = """
    argparse ast asyncio bisect calendar codecs collections concurrent.futures configparser contextlib copy csv ctypes
    datetime decimal difflib dis email enum fractions functools glob gzip hashlib heapq html http.client http.server
    importlib inspect io ipaddress itertools json locale logging mailbox math mimetypes multiprocessing numbers operator
    optparse os pathlib pickle platform plistlib pprint queue random re sched selectors shelve shlex shutil signal
    smtplib socket socketserver ssl statistics string subprocess tarfile tempfile textwrap threading time timeit
    tokenize traceback types typing unittest unittest.mock urllib.parse urllib.request uuid warnings wave weakref
    xml.dom.minidom xml.etree.ElementTree zipfile
""".split()  # fmt: skip


def texts():
    """Every piece of prose, in an order that depends on nothing but the Python version."""
    yield from (topics[name] for name in sorted(topics))
    for name in MODULES:
        module = importlib.import_module(name)
        yield inspect.getdoc(module) or ""
        for _, item in sorted(vars(module).items()):
            if not (inspect.isclass(item) or inspect.isroutine(item)):
                continue
            yield inspect.getdoc(item) or ""
            if inspect.isclass(item):
                for _, member in sorted(vars(item).items()):
                    yield (inspect.getdoc(member) or "") if inspect.isroutine(member) else ""


def sentences():
    """The sentences in it: flowing text alone, no code, no tables."""
    found = {}
    for text in texts():
        for paragraph in re.split(r"\n\s*\n", textwrap.dedent(text)):
            if re.search(r">>>|::$|^\s*[|+=*#~-]{2,}|->", paragraph, re.M):
                continue
            flowing = re.sub(r'["*`]+', "", " ".join(paragraph.split()))
            for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", flowing):
                words = sentence.split()
                letters = sum(character.isalpha() or character == " " for character in sentence)
                if len(words) in WORDS and sentence[-1] in ".!?" and letters > 0.9 * len(sentence):
                    found[sentence] = None
    return list(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lines", default=100_000, type=int)
    parser.add_argument("--seed", default=0, type=int)
    options = parser.parse_args()
    pool = sentences()
    generator = random.Random(options.seed)
    for number in range(options.lines):
        json.dump({"id": number, "text": generator.choice(pool)}, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
