# SPDX-License-Identifier: Apache-2.0
"""The table that `measure` writes from its rows."""
import itertools

from model import GPUS, SOURCES, copy_bytes, layer_time, local_bytes, peak, predict, shape_bytes, turn_flop
from toolchain import LIMITS

# Dense layers of BERT-base: columns, depth, and whether an activation ends them.
LAYERS = {"QKV": (2304, 768, 0), "attention output": (768, 768, 0), "feed-forward up": (3072, 768, 1),
          "feed-forward down": (768, 3072, 0)}
TOKENS = (128, 4096, 16384)


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + [
        "| " + " | ".join(map(str, row)) + " |" for row in rows] + [""]


def span(values):
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}...{high}"


def every_kernel(rows):
    lines = ["## Every kernel", "", "Over all forms of a kernel (what its defines make of it; `counts.json` has each): the "
             "fewest and the most. Forms are counted per precision; programs for training are in float32 only.", ""]
    body = []
    for name, group in itertools.groupby(sorted(rows, key=lambda row: row["kernel"]), lambda row: row["kernel"]):
        group = list(group)
        per = [[row for row in group if row["arch"] == arch] for arch in LIMITS]
        precisions = sorted({row["precision"] for row in group})
        body.append([f"`{name}`", max(map(len, per)), ", ".join(precisions),
                     *(span([row["registers"] for row in some]) for some in per),
                     max(row["spilled_bytes"] for row in group), max(row["stack_bytes"] for row in group),
                     span([row["shared_bytes"] for row in group]),
                     *(f"{min(row['occupancy'] for row in some):.0%}" for some in per)])
    head = ["kernel", "forms", "precisions", "registers sm_80", "sm_90", "spilled bytes", "stack bytes", "local memory",
            "least occupancy sm_80", "sm_90"]
    return lines + table(head, body)


def tiled_tables(rows):
    lines = []
    for kernel, arch in itertools.product(("linear_tiled", "attention_tiled"), LIMITS):
        chosen = [row for row in rows if row["kernel"] == kernel and row["arch"] == arch and row["precision"] == "float32"
                  and not any(word in row["form"] for word in ("TRANSPOSED", "SAVES", "DROPOUT"))]
        if not chosen:
            continue
        lines += [f"## {kernel}, {arch}, float32", "", "The innermost loops that multiply: FFMA and LDS of all instructions "
                  "that are executed in a turn.", ""]
        lines += table(["form", "items", "registers", "local memory", "groups", "occupancy", "loops", "FFMA share"], [
            [row.get("tile", row["form"]) + (" gelu" if "ACTIVATION=1" in row["form"] else ""), row["items"],
             row["registers"], row["shared_bytes"], row["groups"], f"{row['occupancy']:.0%}",
             ", ".join(f"{loop['FFMA']} + {loop.get('LDS', 0)} of {loop['instructions']}" for loop in row["loops"]),
             ", ".join(f"{loop['FFMA'] / loop['instructions']:.0%}" for loop in row["loops"])] for row in chosen])
    return lines


def mma_rows(rows, kernel, arch, activation=None):
    return [row for row in rows if row["kernel"] == kernel and row["arch"] == arch and "loop" in row
            and "WHOLE_CHUNKS=0" not in row["form"] and (activation is None or f"ACTIVATION={activation}" in row["form"])]


def mma_table(rows, kernel):
    lines = []
    for gpu in GPUS.values():
        chosen = mma_rows(rows, kernel, gpu["arch"], 0 if kernel == "linear_mma" else None)
        if not chosen:
            continue
        lines += [f"## {kernel} on {gpu['name']} ({gpu['arch']}), predicted", ""]
        body = []
        for row in chosen:
            loop, kind, passes = row["loop"], row["kind"], row["passes"]
            flop, products = turn_flop(loop, kind, passes), loop.get("HGMMA") or loop["HMMA"]
            rate, share, unit = predict(gpu, loop, kind, passes)
            body.append([
                row.get("tile", row["form"]), kind, row["registers"], row["shared_bytes"], row["groups"],
                f"{row['occupancy']:.0%}", f"{products} + {loop.get('LDSM', 0)} + {loop.get('LDGSTS', 0)} of "
                f"{loop['instructions']}", f"{loop['instructions'] / products:.2f}",
                f"{1000 * local_bytes(loop) / flop:.1f}", f"{1000 * copy_bytes(loop) / flop:.1f}",
                f"{rate / 1e12:.0f}", f"{share:.0%} of {peak(gpu, kind, passes) / 1e12:.0f}", unit])
        head = ["form", "type", "registers", "local memory", "groups", "occupancy", "HMMA or HGMMA + LDSM + LDGSTS of a turn",
                "instructions per mma", "bytes per kflop, local memory", "L2", "TFLOP/s at most", "share of the peak",
                "limit"]
        lines += table(head, body)
    return lines


def end_table(rows):
    """What the end of linear_mma costs for each element of the result."""
    body = []
    plain = {(row["tile"], row["kind"]): row for row in mma_rows(rows, "linear_mma", "sm_90", 0)}
    for gelu in mma_rows(rows, "linear_mma", "sm_90", 1):
        row = plain[gelu["tile"], gelu["kind"]]
        elements = row["sizes"]["warpRows"] * row["sizes"]["warpColumns"] / 32 / row["sizes"]["warpgroupSize"]
        body.append([row["tile"], row["kind"], *(f"{each['end']['instructions'] / elements:.1f}" for each in (row, gelu))])
    if not body:
        return []
    return ["## The end of linear_mma, sm_90", "", "Instructions of a lane for each element, from the loop's last turn to "
            "the stores, where all elements are inside: with a bias alone, and with GELU (erf).", ""] + table(
                ["form", "type", "bias", "bias and GELU"], body)


def layer_tables(rows):
    lines = []
    for gpu in GPUS.values():
        body = []
        for kind, tokens, (layer, (columns, depth, activation)) in itertools.product(("f16", "f16 wgmma", "tf32x3"), TOKENS, LAYERS.items()):
            chosen = [row for row in mma_rows(rows, "linear_mma", gpu["arch"], activation) if row["kind"] == kind]
            if not chosen:
                continue
            flop = 2 * tokens * columns * depth
            best = min(chosen, key=lambda row: layer_time(gpu, row, tokens, columns, depth)[0])
            seconds, unit = layer_time(gpu, best, tokens, columns, depth)
            groups = -(-tokens // best["sizes"]["tileRows"]) * -(-columns // best["sizes"]["tileColumns"])
            fill = groups / gpu["processors"] / -(-groups // gpu["processors"])
            size = 4 if kind == "tf32x3" else 2
            body.append([kind, tokens, f"{layer}, {columns} x {depth}", best["tile"],
                         f"{1000 * shape_bytes(tokens, columns, depth, size) / flop:.2f}", f"{fill:.0%}",
                         f"{seconds * 1e6:.1f}", f"{flop / seconds / 1e12:.0f}",
                         f"{flop / seconds / peak(gpu, kind, best['passes']):.0%}", unit])
        if body:
            lines += [f"## BERT-base's dense layers on {gpu['name']}, predicted", ""]
            lines += table(["type", "tokens", "layer", "best form by count", "bytes per kflop, device memory",
                            "filling of the multiprocessors", "microseconds at least", "TFLOP/s at most",
                            "share of the peak", "limit"], body)
    return lines


def report(rows, versions, failures):
    lines = [
        "# GPU kernels, counted in machine code", "",
        f"No GPU ran: `Benchmarks/gpu-offline/measure` compiled the kernels ({'; '.join(versions)}) and counted. These are "
        "no speeds: what is called predicted is computed from the counts.", "",
        f"{len(rows)} kernels in machine code, {len(failures)} failures (a spill, a stack frame that is not meant, local "
        "memory that is not what Swift says, matrix instructions that are missing).", "",
        "Groups and occupancy (share of a multiprocessor's warps) are computed from registers and local memory. A turn of "
        "a loop is counted along its control flow: of all paths the one with most products, loads of fragments and copies, "
        "and of those the shortest. That leaves out copying element by element, for rows that are not aligned to 16 bytes, "
        "and the slow way of divisions; ptxas's padding counts, since it takes its turn.", ""]
    lines += every_kernel(rows) + mma_table(rows, "linear_mma") + end_table(rows) + layer_tables(rows)
    lines += mma_table(rows, "attention_mma") + tiled_tables(rows)
    lines += ["## Where the numbers of the predictions come from", ""]
    lines += [f"- {what}: {source}." for what, source in SOURCES.items()]
    lines += ["", "The units are taken to work beside each other and never to wait, at full clock. A layer's time is that of "
              "the multiprocessor with most groups; where at least two groups fit one, the end of one overlaps with the "
              "turns of another, else it adds. The first loads, launches, latencies and L2's misses are left out: what is "
              "measured will be lower.", ""]
    return "\n".join(lines)
