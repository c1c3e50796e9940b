# SPDX-License-Identifier: Apache-2.0
"""Where and with what something was measured, for the head of a results file."""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

PACKAGES = ["torch", "transformers", "tokenizers", "sentence-transformers", "onnx", "onnxruntime", "openvino",
            "ctranslate2", "safetensors", "numpy"]  # fmt: skip


def machine():
    processor = platform.processor() or platform.machine()
    flags = []
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = dict(line.split(":", 1) for line in info.read_text().split("\n\n")[0].splitlines() if ":" in line)
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        processor = fields.get("model name", processor)
        wanted = re.compile(r"avx2|fma|avx512\w*|avx_vnni|amx_\w+|asimd\w*|sve\w*")
        flags = [flag for flag in fields.get("flags", fields.get("Features", "")).split() if wanted.fullmatch(flag)]
    return {
        "processor": processor, "flags": flags, "processors": os.cpu_count(),
        "processors_used": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "kernel": f"{platform.system()} {platform.release()}", "system": platform.platform(),
        "load_average_at_the_end": list(os.getloadavg()),
    }  # fmt: skip


def commit():
    def git(*words):
        found = subprocess.run(["git", "-C", str(Path(__file__).parent), *words], capture_output=True, text=True)
        return found.stdout.strip() if found.returncode == 0 else None

    # Not the results, which a program of this folder writes before the next one starts.
    changed = git("status", "--porcelain", "--", ":/", ":(top,exclude)Benchmarks/results")
    return {"commit": git("rev-parse", "HEAD"), "uncommitted_changes": None if changed is None else bool(changed)}


AT_START = commit()  # when this is imported: a branch may move while a long run goes on


def versions():
    def version(package):
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return None

    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}


def opencl(program):
    """What `bert devices` finds, driver versions included."""
    found = subprocess.run([str(program), "devices", "--json"], capture_output=True, text=True)
    if found.returncode != 0:
        return {"error": found.stderr.strip()}
    return json.loads(found.stdout)


def run(program):
    return {
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        **AT_START, "machine": machine(), "versions": versions(), "opencl": opencl(program),
        "tuning": "none" if os.environ.get("SWIFT_BERT_NO_TUNING") == "1" else "as `bert tune` left it",
    }  # fmt: skip


def dumps(document):
    """Indented, lists of numbers on one line."""
    text = json.dumps(document, indent=1)
    number = r"-?[\d.e+-]+|-?Infinity|NaN"
    return re.sub(rf"\[\s+((?:{number})(?:,\s+(?:{number}))*)\s+\]",
                  lambda found: "[" + re.sub(r"\s+", " ", found[1]) + "]", text) + "\n"  # fmt: skip
