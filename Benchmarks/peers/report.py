# SPDX-License-Identifier: Apache-2.0
"""What compare.py says: rows, ratios, a table, results.json."""

import statistics

import about
import plot

AGREEMENT = 1e-4


def row_name(name, groups):
    return name if groups == 1 else f"{name}, {groups} batches"


def failure(name, error, ours):
    return {"name": name, "ours": ours, "error": str(error)}


class Row:
    """One of those compared, in one case: whole batch, or split into `groups`."""

    def __init__(self, peer, groups, first, tried=None):
        self.peer, self.groups, self.first, self.tried = peer, groups, first, tried
        self.rounds, self.output, self.difference = [], None, None

    @property
    def name(self):
        return row_name(self.peer.name, self.groups)


def described(row, tokens):
    """Speed is that of the median of the rounds' medians, so that every round counts alike; the spread is theirs."""
    medians = [statistics.median(times) for times in row.rounds]
    every = [seconds for times in row.rounds for seconds in times]
    median = statistics.median(medians)
    return {
        "name": row.name, "ours": row.peer.ours, "groups": row.groups, "tokens_per_second": tokens / median,
        "median_seconds": median, "best_seconds": min(every), "round_medians": [min(medians), max(medians)],
        "first_seconds": row.first, "tried_groups": row.tried, "max_difference_from_pytorch": row.difference,
        "seconds": [[round(seconds, 7) for seconds in times] for times in row.rounds],
    }  # fmt: skip


def ratio(ours, peers, rounds):
    """How many times as fast as the fastest of these peers: fastest by median, and fastest by best."""
    by_median = min(peers, key=lambda row: row["median_seconds"])
    by_best = min(peers, key=lambda row: row["best_seconds"])
    each = [statistics.median(b) / statistics.median(a) for a, b in zip(rounds(ours), rounds(by_median))]
    return {
        "peer": by_median["name"], "median": by_median["median_seconds"] / ours["median_seconds"],
        "rounds": [min(each), max(each)],
        "best_peer": by_best["name"], "best": by_best["best_seconds"] / ours["best_seconds"],
    }  # fmt: skip


def case(name, mask, rows, failures):
    """One case's result. A second ratio counts the peers whose batch was split to pad less, where there are any."""
    tokens = int(mask.sum())
    told = [described(row, tokens) for row in rows]
    peers = [row for row in told if not row["ours"]]
    for row in told:
        row["ratio_to_pytorch"] = told[0]["median_seconds"] / row["median_seconds"]
        if row["ours"]:
            row["to_fastest"] = ratio(row, [peer for peer in peers if peer["groups"] == 1], lambda r: r["seconds"])
            row["to_fastest_of_all"] = ratio(row, peers, lambda r: r["seconds"])
    return {
        "case": name, "shape": list(mask.shape), "tokens": tokens, "padded_tokens": int(mask.size),
        "lengths": mask.sum(1).tolist(), "rows": told, "failures": failures,
    }  # fmt: skip


def title(result):
    batch, width = result["shape"]
    share = 100 * result["tokens"] / result["padded_tokens"]
    name = f"{batch} x {width}"
    if share < 100:
        name += f" {result['case']}, {result['tokens']} tokens, {share:.0f} % of the padded area"
    return name


def table(result):
    heads = f"{'tokens/s':>10}{'ms':>9}{'best':>9}{'rounds':>21}{'max diff':>10}{'first s':>9}"
    lines = [title(result), f"  {'':<30}" + heads]
    for row in result["rows"]:
        low, high = (1e3 * seconds for seconds in row["round_medians"])
        lines.append(
            f"  {row['name']:<30}{row['tokens_per_second']:>10,.0f}{1e3 * row['median_seconds']:>9.2f}"
            f"{1e3 * row['best_seconds']:>9.2f}{f'{low:.2f} ... {high:.2f}':>21}"
            f"{row['max_difference_from_pytorch']:>10.1e}{row['first_seconds']:>9.2f}"
        )
    for row in filter(lambda row: row["ours"], result["rows"]):
        ratios = [("the fastest peer", row["to_fastest"])]
        if row["to_fastest_of_all"]["peer"] != row["to_fastest"]["peer"]:
            ratios.append(("the fastest peer, batch split", row["to_fastest_of_all"]))
        for words, value in ratios:
            low, high = value["rounds"]
            lines.append(f"  {row['name']} to {words} ({value['peer']}): {value['median']:.2f} of medians "
                         f"(rounds {low:.2f} ... {high:.2f}), {value['best']:.2f} of bests")  # fmt: skip
    lines += [f"  {failure['name']} failed: {failure['error']}" for failure in result["failures"]]
    return "\n".join(lines)


def write(folder, models, given):
    folder.mkdir(parents=True, exist_ok=True)
    settings = {key: getattr(given, key) for key in ("threads", "rounds", "minutes", "seconds", "warm", "seed")}
    document = {**about.run(given.bert), "settings": settings, "models": models}
    (folder / "results.json").write_text(about.dumps(document))
    (folder / "results.svg").write_text(plot.svg(models, document), encoding="utf-8")
    print(f"written: {folder}/results.json, {folder}/results.svg")
