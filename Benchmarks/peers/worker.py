# SPDX-License-Identifier: Apache-2.0
"""A process that holds one engine and times what it is told to; turns.py starts it.

    python worker.py ENGINE MODEL THREADS FOLDER

Reads a JSON object a line: {"inputs": FILE, "groups": G, "warm": S, "seconds": S, "outputs": FILE or null}. Answers
{"seconds": [...], "first": S} or {"error": TEXT}, a line each; the first line, after loading, is {"versions": {...}}.
"""

import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import held  # noqa: E402


def until(seconds, run):
    """Calls `run` until so many seconds have passed, not at all if that is 0; the time of each."""
    taken = []
    while sum(taken) < seconds:
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return taken


class Turns:
    def __init__(self, engine):
        self.engine = engine
        self.feeds = {}

    def feed(self, inputs, groups):
        """The batch's parts as the engine takes them, made once; the seconds of the first forward, or 0 if not now."""
        import cases
        from safetensors.numpy import load_file

        if (inputs, groups) in self.feeds:
            return *self.feeds[inputs, groups], 0.0
        parts = cases.parts(load_file(inputs), groups)
        feeds = [self.engine.feed(part, one_shape=len(parts) == 1) for _, part in parts]
        self.feeds[inputs, groups] = parts, feeds
        start = time.perf_counter()
        for feed in feeds:
            self.engine.forward(feed)
        return parts, feeds, time.perf_counter() - start

    def answer(self, inputs, groups, warm, seconds, outputs):
        parts, feeds, first = self.feed(inputs, groups)

        def run():
            for feed in feeds:
                self.engine.forward(feed)

        until(warm, run)
        times = until(seconds, run)
        if outputs:
            self.save(parts, feeds, outputs)
        return {"seconds": times, "first": first, "versions": self.engine.versions}

    def save(self, parts, feeds, outputs):
        import numpy as np
        from safetensors.numpy import save_file

        rows = sum(len(rows) for rows, _ in parts)
        width = max(part["input_ids"].shape[1] for _, part in parts)
        whole = None
        for (places, _), feed in zip(parts, feeds):
            state = self.engine.array(self.engine.forward(feed))
            if whole is None:
                whole = np.zeros((rows, width, state.shape[2]), state.dtype)
            whole[places, : state.shape[1]] = state
        save_file({"last_hidden_state": whole}, outputs)


def load():
    import engines

    name, model, threads, folder = sys.argv[1:]
    turns = Turns(engines.ENGINES[name](Path(model), int(threads), Path(folder)))
    return {"versions": turns.engine.versions}, turns.answer


if __name__ == "__main__":
    held.serve(load)
