# SPDX-License-Identifier: Apache-2.0
"""How the checkpoints of `switches`, `decoder` and `heads` lie on disk. Each writer rounds the model to F32."""

import io
import pickle
import pickletools

import torch

from goldens.common import save_tensors
from goldens.forward_checkpoints import OLD_NAMES, rounded, write_config

TIED_BIAS = "cls.predictions.decoder.bias"
TIED_WEIGHT = "cls.predictions.decoder.weight"


def state_of(model, config):
    """The state without what Hugging Face's save_pretrained leaves out: the tied decoder, its bias under a second name."""
    state = rounded(model, torch.float32)
    state.pop(TIED_BIAS, None)
    if config.tie_word_embeddings:
        state.pop(TIED_WEIGHT, None)
    return state


def write(state, model, config, folder):
    save_tensors(state, folder / "model.safetensors")
    write_config(config, folder, architectures=[type(model).__name__], torch_dtype="float32")


def plain(model, config, folder, rng):
    write(state_of(model, config), model, config, folder)


def twice(model, config, folder, rng):
    """As torch.save wrote them: the tied decoder and its bias under both names, with the same values."""
    state = rounded(model, torch.float32)
    assert TIED_BIAS in state and TIED_WEIGHT in state
    write(state, model, config, folder)


def extra_heads(model, config, folder, rng):
    """Beside what the task needs: a pooler, the pre-training heads, another task's classifier, something unknown."""
    hidden = config.hidden_size
    others = {
        "bert.pooler.dense.weight": [hidden, hidden],
        "bert.pooler.dense.bias": [hidden],
        "cls.predictions.bias": [config.vocab_size],
        "cls.predictions.transform.dense.weight": [hidden, hidden],
        "cls.seq_relationship.weight": [2, hidden],
        "cls.seq_relationship.bias": [2],
        "qa_outputs.weight": [2, hidden],
        "qa_outputs.bias": [2],
        "unheard_of.weight": [3],
    }
    state = state_of(model, config)
    for name, shape in others.items():
        values = torch.randn(shape, generator=rng)
        state.setdefault(name, values)
    write(state, model, config, folder)


def old_names(model, config, folder, rng):
    state = {}
    for name, tensor in state_of(model, config).items():
        for new, old in OLD_NAMES.items():
            name = name.replace(new, old)
        state[name] = tensor
    state["bert.embeddings.position_ids"] = torch.arange(config.max_position_embeddings).unsqueeze(0)
    write(state, model, config, folder)


def as_torch(model):
    """The state as save_pretrained(safe_serialization=False) pickles it: tied tensors share their storage."""
    rounded(model, torch.float32)
    model.float()
    return model.state_dict()


def binary(model, config, folder, rng):
    torch.save(as_torch(model), folder / "pytorch_model.bin")
    model.double()
    write_config(config, folder, architectures=[type(model).__name__], torch_dtype="float32")


def legacy(model, config, folder, rng):
    stream = io.BytesIO()
    torch.save(as_torch(model), stream, _use_new_zipfile_serialization=False)
    model.double()
    (folder / "pytorch_model.bin").write_bytes(without_addresses(stream.getvalue()))
    write_config(config, folder, architectures=[type(model).__name__], torch_dtype="float32")


def without_addresses(data):
    """The stream with its storages named by number, in the order of the tensors, and not by memory address."""
    stream = io.BytesIO(data)
    ends, keys = [], None
    for _ in range(5):  # magic number, protocol version, system, the tensors, the storages' names
        for opcode, value, _ in pickletools.genops(stream):
            if len(ends) == 4 and opcode.name in ("SHORT_BINUNICODE", "BINUNICODE"):
                keys.append(value)
        ends.append(stream.tell())
        keys = [] if len(ends) == 4 else keys
    storages = {}
    for key in keys:
        begin = stream.tell()
        count = int.from_bytes(stream.read(8), "little")
        stream.seek(4 * count, io.SEEK_CUR)
        storages[key] = data[begin : stream.tell()]
    head, tensors = data[: ends[2]], data[ends[2] : ends[3]]
    order = sorted(keys, key=lambda key: tensors.index(pickled(key)))
    names = [f"{number:04}" for number in range(len(order))]
    for key, name in zip(order, names):
        tensors = tensors.replace(pickled(key), pickled(name))
    return head + tensors + pickle.dumps(names, protocol=2) + b"".join(storages[key] for key in order)


def pickled(text):
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def sharded_binary(model, config, folder, rng):
    as_torch(model)
    model.save_pretrained(folder, safe_serialization=False, max_shard_size="4KB")
    model.double()
    assert (folder / "pytorch_model.bin.index.json").exists() and not (folder / "pytorch_model.bin").exists()
    (folder / "config.json").unlink()
    write_config(config, folder, architectures=[type(model).__name__], torch_dtype="float32")


WRITERS = {
    "f32": plain,
    "twice": twice,
    "extra-heads": extra_heads,
    "old-names": old_names,
    "bin": binary,
    "bin-legacy": legacy,
    "bin-sharded": sharded_binary,
}
