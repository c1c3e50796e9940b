# SPDX-License-Identifier: Apache-2.0
"""How the checkpoints of `switches`, `decoder` and `heads` lie on disk. Each writer rounds the model to F32."""

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


WRITERS = {"f32": plain, "twice": twice, "extra-heads": extra_heads, "old-names": old_names}
