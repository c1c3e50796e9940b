# SPDX-License-Identifier: Apache-2.0
"""What compare.py says: a table, results.json and a drawing of it, results.svg."""

import datetime
import json
import os
import platform
import statistics
import subprocess
from html import escape
from pathlib import Path

COLOURS = ["#8a8f98", "#c58b3b", "#2f6fb0", "#3a8f5c", "#8a4fa3"]


def case(name, batch, times, differences):
    """One batch's result. Speed is that of the median turn; the best and the spread stand beside it."""
    mask = batch["attention_mask"]
    tokens = int(mask.sum())
    peers = []
    for peer, seconds in times.items():
        median = statistics.median(seconds)
        peers.append({
            "name": peer, "tokens_per_second": tokens / median, "median_seconds": median, "best_seconds": min(seconds),
            "worst_seconds": max(seconds), "seconds": seconds, "max_difference_from_pytorch": differences[peer],
        })  # fmt: skip
    for peer in peers:
        peer["ratio_to_pytorch"] = peer["tokens_per_second"] / peers[0]["tokens_per_second"]
    return {
        "case": name, "shape": list(mask.shape), "tokens": tokens, "padded_tokens": mask.numel(),
        "lengths": mask.sum(1).tolist(), "peers": peers,
    }  # fmt: skip


def title(result):
    rows, width = result["shape"]
    share = 100 * result["tokens"] / result["padded_tokens"]
    return f"{result['case']}: {rows} x {width}, {result['tokens']} tokens, {share:.0f} % of the padded area"


def table(result):
    lines = [title(result), f"  {'':<22}{'tokens/s':>10}{'ratio':>8}{'median ms':>11}{'best ms':>10}{'max diff':>11}"]
    for peer in result["peers"]:
        lines.append(
            f"  {peer['name']:<22}{peer['tokens_per_second']:>10,.0f}{peer['ratio_to_pytorch']:>8.2f}"
            f"{1e3 * peer['median_seconds']:>11.1f}{1e3 * peer['best_seconds']:>10.1f}"
            f"{peer['max_difference_from_pytorch']:>11.1e}"
        )
    return "\n".join(lines)


def machine():
    processor = platform.processor() or platform.machine()
    flags = []
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = dict(line.split(":", 1) for line in info.read_text().split("\n\n")[0].splitlines() if ":" in line)
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        processor = fields.get("model name", processor)
        flags = [flag for flag in ("avx2", "fma", "avx512f", "amx_tile") if flag in fields.get("flags", "").split()]
    return {
        "processor": processor, "flags": flags, "processors": os.cpu_count(), "system": platform.platform(),
        "load_average_at_the_end": list(os.getloadavg()),
    }  # fmt: skip


def commit():
    def git(*words):
        found = subprocess.run(["git", "-C", str(Path(__file__).parent), *words], capture_output=True, text=True)
        return found.stdout.strip() if found.returncode == 0 else None

    changed = git("status", "--porcelain")
    return {"commit": git("rev-parse", "HEAD"), "uncommitted_changes": None if changed is None else bool(changed)}


def svg(results):
    """Bars of tokens per second, a group a batch, each group on its own scale."""
    row, left, width = 26, 170, 420
    height = sum(46 + row * len(result["peers"]) for result in results) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="760" height="{height}" fill="white"/>',
    ]
    y = 0
    for result in results:
        parts.append(f'<text x="12" y="{y + 28}" font-weight="bold">{escape(title(result))}</text>')
        y += 40
        top = max(peer["tokens_per_second"] for peer in result["peers"])
        for index, peer in enumerate(result["peers"]):
            length = width * peer["tokens_per_second"] / top
            label = f"{peer['tokens_per_second']:,.0f} tokens/s  ({peer['ratio_to_pytorch']:.2f}x)"
            parts += [
                f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{escape(peer["name"])}</text>',
                f'<rect x="{left}" y="{y + 3}" width="{length:.1f}" height="{row - 8}" fill="{COLOURS[index % 5]}"/>',
                f'<text x="{left + length + 6:.1f}" y="{y + 16}">{label}</text>',
            ]
            y += row
        y += 6
    return "\n".join([*parts, "</svg>", ""])


def write(folder, results, given, peers):
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        key: getattr(given, key) for key in ("threads", "rounds", "repeat", "warmup", "seed")
    } | {"model": str(given.model)}  # fmt: skip
    document = {
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        **commit(), "machine": machine(), "python": platform.python_version(), "settings": settings, "peers": peers,
        "results": results,
    }  # fmt: skip
    (folder / "results.json").write_text(json.dumps(document, indent=2, allow_nan=True) + "\n")
    (folder / "results.svg").write_text(svg(results), encoding="utf-8")
    print(f"written: {folder}/results.json, {folder}/results.svg")
