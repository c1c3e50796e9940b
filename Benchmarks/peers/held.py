# SPDX-License-Identifier: Apache-2.0
"""A process that answers a JSON line with a JSON line, and stands still in between."""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys

PATIENCE = 1800  # seconds for an answer: torch.compile takes minutes a shape on a small machine


class Failure(Exception):
    """A peer could not do what it was asked."""


def exit_on_sigterm():
    """An asker that is told to end goes through its `finally`, where it kills those it holds."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def signal_group(leader, number):
    """To all of a session that was started for `leader`, who may be gone while others of it live."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        pass


class Held:
    """The asking end. Stopped by SIGSTOP while not asked anything, so that no spinning thread of it troubles others."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            self.greeting = self.answer()
        except BaseException:  # SystemExit of a SIGTERM too: nobody else knows of this process yet
            self.close()
            raise
        signal_group(self.process.pid, signal.SIGSTOP)

    def answer(self):
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.close()
            raise Failure(f"no answer within {PATIENCE} s")
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"its process ended with {self.process.wait()}")
        try:
            answer = json.loads(line)
        except ValueError:
            raise Failure(f"its answer is no JSON: {line[:80]!r}") from None
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def ask(self, question):
        if self.process.poll() is not None:
            raise Failure(f"its process ended with {self.process.returncode}")
        try:
            signal_group(self.process.pid, signal.SIGCONT)
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            return self.answer()
        except OSError as error:  # a broken pipe, where it ended since it was asked the last time
            raise Failure(f"it cannot be asked: {error}") from None
        finally:
            if self.process.poll() is None:
                signal_group(self.process.pid, signal.SIGSTOP)

    def close(self):
        signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()


def serve(load):
    """The answering end: `load()` gives the greeting and a function of the questions' keys. Errors are answers too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a stopped process does not outlive its asker
    # Libraries print to standard output; answers go where only this function writes.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(make):
        try:
            answer = make()
        except Exception as error:  # whatever a library raises is this peer's result, and the asker says so
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        return "error" not in answer

    reply = None

    def begin():
        nonlocal reply
        greeting, reply = load()
        return greeting

    if say(begin):
        for line in sys.stdin:
            say(lambda: reply(**json.loads(line)))
