# SPDX-License-Identifier: Apache-2.0
"""Who takes turns in compare.py: peers in workers that stand still between their turns, and our tool."""

import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import engines
from held import Failure, Held

HERE = Path(__file__).resolve().parent
# Into how many batches a ragged one is split, beside one, to find what serves a peer best.
ANY_GROUPS = [2, 4, 8, 16, 32]
GROUPS = {"torch.compile": [], "torch.compile, frozen": [4]}  # a compilation a shape: all would take an hour
THREAD_VARIABLES = [
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "POCL_CPU_MAX_CU_COUNT", "POCL_MAX_PTHREAD_COUNT",  # PoCL 5 and later, PoCL before
]  # fmt: skip


def confine(threads):
    """Holds this process and its children to `threads` processors, before any library starts its own threads."""
    if hasattr(os, "sched_setaffinity"):
        available = sorted(os.sched_getaffinity(0))
        if len(available) < threads:
            sys.exit(f"--threads {threads}: only {len(available)} processors here")
        os.sched_setaffinity(0, available[:threads])
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    os.environ["SWIFT_BERT_NO_TUNING"] = "1"  # the standard configurations, whatever `bert tune` has left here
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # no pool of compiling processes that would outlast a turn


def prepared(name, model, folder):
    """The folder with the checkpoint as this peer reads it, written if it is not there."""
    if name not in engines.FORMATS:
        return folder
    target = folder / engines.FORMATS[name]
    if not target.is_dir():
        work = folder / f"{engines.FORMATS[name]}.unfinished"
        command = [sys.executable, str(HERE / "prepare.py"), engines.FORMATS[name], str(model), str(work)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure((done.stderr.strip() or f"prepare.py ended with {done.returncode}").splitlines()[-1])
        work.rename(target)
    return target


class Peer:
    """An engine in a process of its own, which runs only during its turns: no spinning thread troubles the others."""

    ours = False

    def __init__(self, name, model, threads, folder):
        self.name = name
        source = prepared(name, model, folder)
        command = [sys.executable, str(HERE / "worker.py"), name, str(model), str(threads), str(source)]
        self.held = Held(command)
        self.versions = self.held.greeting["versions"]

    def turn(self, inputs, groups=1, warm=0.2, seconds=0.5, outputs=None):
        """Seconds of each timed forward, and of the first of all (compilation included), 0 if this was not it."""
        answer = self.held.ask({"inputs": str(inputs), "groups": groups, "warm": warm, "seconds": seconds,
                                "outputs": outputs and str(outputs)})  # fmt: skip
        self.versions = answer["versions"]
        return answer["seconds"], answer["first"]

    def close(self):
        self.held.close()

    def description(self):
        return {"name": self.name, **self.versions}


class Bert:
    """Our tool: a process a turn. It times its own forwards, so that start, load and warm-up are outside the clock."""

    ours = True

    def __init__(self, program, model, device):
        self.name = f"swift-bert, {device}"
        self.command = [str(program), "bench", str(model), "--device", device]
        self.pace = {}  # seconds a forward, by inputs
        version = subprocess.run([str(program), "--version"], capture_output=True, text=True)
        self.versions = {
            "version": version.stdout.strip(), "sha256": hashlib.sha256(program.read_bytes()).hexdigest()
        }  # fmt: skip

    def turn(self, inputs, groups=1, warm=0.2, seconds=0.5, outputs=None):
        first = 0.0
        if inputs not in self.pace:
            # Run once before, to fill the caches of compiled programs and to learn how many forwards make a turn.
            (first, *_, last) = self.bench(inputs, 3, 0, None)
            self.pace[inputs] = last
        pace = self.pace[inputs]
        times = self.bench(inputs, math.ceil(seconds / pace), math.ceil(warm / pace), outputs)
        self.pace[inputs] = min(times)
        return times, first

    def bench(self, inputs, repeat, warmup, outputs):
        command = [*self.command, "--inputs", str(inputs), "--repeat", str(repeat), "--warmup", str(warmup),
                   "--json", "-", *(["--outputs", str(outputs)] if outputs else [])]  # fmt: skip
        # A session of its own, as the peers have: Linux shares out processors among sessions first.
        process = subprocess.run(command, capture_output=True, text=True, start_new_session=True)
        if process.returncode != 0:
            raise Failure(f"{' '.join(command)} ended with {process.returncode}: {process.stderr.strip()}")
        try:
            answer = json.loads(process.stdout)
            times = answer["seconds"]
            self.versions |= {"device": answer["device"], "precision": answer["precision"]}
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f"{' '.join(command)} printed no such JSON as it should: {error!r}") from None
        if len(times) != repeat:
            raise Failure(f"{len(times)} times where {repeat} were asked for")
        return times

    def close(self):
        pass

    def description(self):
        return {"name": self.name, "command": self.command, **self.versions}
