# SPDX-License-Identifier: Apache-2.0
"""results.svg: a panel a model, a group of bars a case."""

from html import escape

ROW, LEFT, WIDTH, LABEL, TOP = 19, 190, 300, 150, 96
PANEL = LEFT + WIDTH + LABEL
OURS, PEER, SPLIT = "#2f6fb0", "#9aa1ab", "#c9a15a"


def group(result, top, y, left):
    """A case: a bar each, as long as its speed over that of the fastest peer whose batch is whole, from zero."""
    rows = result["rows"]
    whole = max(row["tokens_per_second"] for row in rows if not row["ours"] and row["groups"] == 1)
    batch, width = result["shape"]
    title = f"{batch} x {width} tokens"
    if result["tokens"] < result["padded_tokens"]:
        share = 100 * result["tokens"] / result["padded_tokens"]
        title = f"{batch} sentences of up to {width} tokens, {share:.0f} % of the padded area"
    bottom = y + 22 + ROW * len(rows)
    parts = [f'<text x="{left + LEFT}" y="{y + 14}" font-weight="bold">{escape(title)}</text>']
    step = next(step for step in (0.5, 1, 2, 5, 10, 20) if top / step <= 6)
    for tick in range(int(top / step) + 1):
        x = left + LEFT + WIDTH * tick * step / top
        heavy = tick * step == 1
        stroke = 'stroke="#555" stroke-dasharray="3 2"' if heavy else 'stroke="#e3e5e8"'
        parts.append(f'<path d="M{x:.1f} {y + 20}V{bottom}" {stroke}/>'
                     f'<text x="{x:.1f}" y="{bottom + 13}" text-anchor="middle" fill="#666" font-size="10">'
                     f'{tick * step:g}</text>')  # fmt: skip
    for index, row in enumerate(rows):
        line = y + 22 + ROW * index
        speed = row["tokens_per_second"] / whole
        slow, fast = (result["tokens"] / row["round_medians"][end] / whole for end in (1, 0))
        at = [left + LEFT + WIDTH * min(value, top) / top for value in (0, speed, slow, fast)]
        colour = OURS if row["ours"] else PEER if row["groups"] == 1 else SPLIT
        parts += [
            f'<text x="{left + LEFT - 6}" y="{line + 13}" text-anchor="end">{escape(row["name"])}</text>',
            f'<rect x="{at[0]:.1f}" y="{line + 3}" width="{at[1] - at[0]:.1f}" height="{ROW - 6}" fill="{colour}"/>',
            f'<path d="M{at[2]:.1f} {line + ROW / 2}H{at[3]:.1f}" stroke="#222"/>',
            f'<text x="{max(at[1], at[3]) + 5:.1f}" y="{line + 13}">{row["tokens_per_second"]:,.0f}/s'
            f'<tspan fill="#666">  {speed:.2f}x</tspan></text>',
        ]
    return parts, bottom + 24


def svg(models, document):
    """Dense cases of a model share a scale; a ragged one, where packing sets us further apart, has its own."""
    parts, height = [], 0
    for index, model in enumerate(models):
        left, y = index * PANEL, TOP
        parts.append(f'<text x="{left + 12}" y="{y - 6}" font-size="14" font-weight="bold">'
                     f'{escape(model["model"])}</text>')  # fmt: skip

        def reach(result):
            whole = max(r["tokens_per_second"] for r in result["rows"] if not r["ours"] and r["groups"] == 1)
            return max(result["tokens"] / row["round_medians"][0] / whole for row in result["rows"])

        dense = [result for result in model["results"] if result["tokens"] == result["padded_tokens"]]
        for result in model["results"]:
            among = dense if result in dense else [result]
            group_parts, y = group(result, 1.05 * max(map(reach, among)), y, left)
            parts += group_parts
        height = max(height, y)
    width = PANEL * len(models)
    machine = document["machine"]
    head = [
        f'{document["settings"]["threads"]} threads, {machine["processor"]}, {machine["kernel"]}, float32, '
        f'{document["when"][:10]}, commit {(document["commit"] or "unknown")[:12]}',
        "Tokens per second, padding not counted, medians; lines: the slowest and the fastest round.",
        "Bars: over the fastest peer with its batch whole (dashed line, 1).",
    ]
    key = [("swift-bert", OURS), ("peer, batch whole", PEER), ("peer, batch sorted and split", SPLIT)]
    legend, x = [], 12
    for words, colour in key:
        legend.append(f'<rect x="{x}" y="60" width="12" height="10" fill="{colour}"/>'
                      f'<text x="{x + 17}" y="69">{words}</text>')  # fmt: skip
        x += 30 + 7 * len(words)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="white"/>',
        *(f'<text x="12" y="{18 + 16 * number}">{escape(line)}</text>' for number, line in enumerate(head)),
        *legend, *parts, "</svg>", "",
    ])  # fmt: skip
