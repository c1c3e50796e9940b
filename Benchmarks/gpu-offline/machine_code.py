# SPDX-License-Identifier: Apache-2.0
"""Counts in a listing of NVIDIA machine code: loops by control flow, and in each the instructions that are executed."""
import collections, re

from toolchain import CompileError

Instruction = collections.namedtuple("Instruction", "opcode guarded operands")
# What the paths through a loop are chosen by: copies, loads of fragments and products belong to the work itself, so the
# executed path is the one that has most of them; of those with equally many, the shortest. It leaves out copying element
# by element, which rows that are not aligned take, and the slow way of divisions.
WORK = ("HMMA", "HGMMA", "LDSM", "LDGSTS", "FFMA")


class Code:
    """A kernel's basic blocks: `blocks` lists of instructions, `successors` of each."""

    def __init__(self, listing):
        instructions, labels = [], {}
        for line in listing.splitlines():
            if label := re.match(r"\s*(\.L_\w+|\$\w+|\w+):", line):
                labels[label[1]] = len(instructions)
            elif found := re.match(r"\s+/\*[0-9a-f]+\*/\s+(@!?U?P\w+)?\s*([A-Z][A-Z0-9_.]*)\s*(.*?);", line):
                # ptxas pads some copies with loads that are never executed; they only take their turn.
                opcode = "NOP" if found[1] == "@!PT" else found[2]
                if opcode.startswith("CALL") and "`(.L_" in found[3]:
                    opcode = "BRA"  # functions have names; to a label a call is a far jump
                instructions.append(Instruction(opcode, bool(found[1]), found[3]))
        starts = {0} | set(labels.values())
        starts |= {i + 1 for i, each in enumerate(instructions) if each.opcode.split(".")[0] in ("BRA", "EXIT", "RET")}
        starts = sorted(start for start in starts if start < len(instructions))
        place = {start: i for i, start in enumerate(starts)}
        ends = starts[1:] + [len(instructions)]
        self.blocks = [instructions[start:end] for start, end in zip(starts, ends)]
        self.successors = []
        for i, block in enumerate(self.blocks):
            last, name = block[-1], block[-1].opcode.split(".")[0]
            if name in ("BRX", "JMX", "JMP"):
                raise CompileError(f"a jump that this script cannot follow: {last.opcode} {last.operands}")
            following = []
            if name == "BRA":
                target = re.search(r"\((\.L_\w+)\)", last.operands)
                if not target or target[1] not in labels:
                    raise CompileError(f"a branch to nowhere: {last.opcode} {last.operands}")
                following.append(place[labels[target[1]]])
            conditional = last.guarded or (name == "BRA" and not last.operands.startswith("`"))
            if (name not in ("BRA", "EXIT", "RET") or conditional) and i + 1 < len(self.blocks):
                following.append(i + 1)
            self.successors.append(following)

    def opcodes(self):
        return [instruction.opcode for block in self.blocks for instruction in block]


def components(nodes, successors):
    """Strongly connected components of part of a graph, those that lead nowhere first (Tarjan, without recursion)."""
    nodes, index, low, stack, found = set(nodes), {}, {}, [], []
    for root in sorted(nodes):
        if root in index:
            continue
        work = [(root, iter(successors[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in nodes:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    work.append((other, iter(successors[other])))
                    break
                if other in stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    found.append(stack[at:])
                    del stack[at:]
    return found


def is_loop(component, successors):
    return len(component) > 1 or component[0] in successors[component[0]]


def loops(code, opcode):
    """The innermost loops that contain an instruction `opcode`: lists of blocks, with the loop's first block."""
    result = []

    def search(nodes, successors, first):
        inner = False
        for component in components(nodes, successors):
            has = any(each.opcode.startswith(opcode) for block in component for each in code.blocks[block])
            if not has or not is_loop(component, successors):
                continue
            inner = True
            inside = set(component)
            entries = {b for a in range(len(code.blocks)) if a not in inside for b in code.successors[a] if b in inside}
            entry = min(entries or inside)
            cut = [[b for b in following if b != entry] for following in successors]
            if not search(component, cut, entry):
                result.append((component, entry))
        return inner

    search(range(len(code.blocks)), code.successors, 0)
    return sorted(result, key=lambda loop: loop[1])


def best_path(code, nodes, start, ends, value):
    """Instructions on the path of most `value`, then of fewest instructions, from `start` to one of `ends`."""
    inside = set(nodes)
    successors = [[b for b in following if b in inside] if a in inside else [] for a, following in enumerate(code.successors)]
    for a in inside:  # the way back to the start is not a part of the path
        successors[a] = [b for b in successors[a] if b != start]
    best = {}
    for component in components(inside, successors):
        members = set(component)
        body = [each for block in sorted(component) for each in code.blocks[block]]
        score = (value(body), -len(body))
        onward = [best[b] for a in component for b in successors[a] if b not in members and best.get(b)]
        choices = [(tuple(map(sum, zip(score, rest))), [*body, *tail]) for rest, tail in onward]
        if members & ends:
            choices.append((score, body))
        chosen = max(choices, key=lambda choice: choice[0], default=None)
        for block in component:
            best[block] = chosen
    if not best.get(start):
        raise CompileError("a loop without a way through it")
    return best[start][1]


def executed_loop(code, loop):
    """Instructions of one turn of a loop."""
    component, entry = loop
    ends = {a for a in component if entry in code.successors[a]}
    work = lambda body: sum(each.opcode.split(".")[0] in WORK for each in body)
    return best_path(code, component, entry, ends, work)


def executed_end(code, loop):
    """Instructions from behind a loop to the kernel's end, where everything is stored in whole words."""
    component, _ = loop
    inside = set(component)
    exits = {a for a in range(len(code.blocks)) if code.blocks[a][-1].opcode.startswith("EXIT")}
    starts = {b for a in component for b in code.successors[a] if b not in inside}
    if not starts:
        raise CompileError("a loop without an end")
    nodes = set(range(len(code.blocks))) - inside
    paths = [best_path(code, nodes, start, exits, stored_bytes) for start in starts]
    return max(paths, key=lambda path: (stored_bytes(path), -len(path)))


def stored_bytes(body):
    """Bytes that a work-item stores in whole words: what stores less is for odd rows and ends."""
    def size(opcode):
        return next((count for part, count in ((".128", 16), (".64", 8), (".U16", 0), (".U8", 0)) if part in opcode), 4)
    return sum(size(each.opcode) for each in body if each.opcode.startswith("STG"))


FP32 = ("FFMA", "FADD", "FMUL", "FMNMX", "FSETP", "FSEL")  # what the lanes for fp32 do
COUNTED = ("HMMA", "HGMMA", "LDSM", "LDGSTS", "FFMA", "MUFU", "LDS", "STS", "LDG", "STG", "BAR", "SHFL", "LDL", "STL")


def count(body):
    """How many instructions of each kind a list of opcodes has, and of all kinds."""
    names = collections.Counter(opcode.split(".")[0] for opcode in body)
    counts = {"instructions": names.total(), "fp32": sum(names[name] for name in FP32)}
    return {name: value for name, value in counts.items() if value} | {n: names[n] for n in COUNTED if names[n]}


def multiplying_loops(code, opcode):
    """Counts of each innermost loop that multiplies, in the order of the code."""
    return [count(each.opcode for each in executed_loop(code, loop)) for loop in loops(code, opcode)]
