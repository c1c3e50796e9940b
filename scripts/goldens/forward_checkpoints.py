# SPDX-License-Identifier: Apache-2.0
"""The ways a BERT checkpoint lies on disk. Each saver rounds the model's weights to what its files hold.

A saver takes (model in float64, config, folder, rng), writes config.json and the weights, and leaves the float64 model
with exactly the saved values, widened: so the golden outputs are those of the files.
"""

import json

import torch

from goldens.common import save_json, save_tensors

OLD_NAMES = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}


def rounded(model, dtype):
    """The model's weights in `dtype`, after the model itself took on their values."""
    model.to(dtype)
    state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    model.double()
    return state


def write_config(config, folder, **changes):
    values = json.loads(config.to_json_string())
    values.update({"architectures": ["BertModel"], **changes})
    save_json({key: values[key] for key in sorted(values)}, folder / "config.json")


def single_file(dtype):
    def save(model, config, folder, rng):
        save_tensors(rounded(model, dtype), folder / "model.safetensors")
        write_config(config, folder, torch_dtype=str(dtype).removeprefix("torch."))

    return save


def mixed(model, config, folder, rng):
    """One file, four types: each tensor in the next of them."""
    types = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
    state = model.state_dict()
    saved = {name: state[name].to(types[index % 4]) for index, name in enumerate(sorted(state))}
    model.load_state_dict({name: tensor.double() for name, tensor in saved.items()})
    save_tensors(saved, folder / "model.safetensors")
    write_config(config, folder)


def sharded(model, config, folder, rng):
    state = rounded(model, torch.float32)
    model.float()
    model.save_pretrained(folder, max_shard_size="5KB")
    model.double()
    assert (folder / "model.safetensors.index.json").exists() and not (folder / "model.safetensors").exists()
    assert len(state) == len(json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"])
    (folder / "config.json").unlink()
    write_config(config, folder, torch_dtype="float32")


def heads(config, rng):
    """What BertForPreTraining saves beside the encoder, and something that nobody knows."""
    hidden = config.hidden_size
    shapes = {
        "cls.predictions.bias": [config.vocab_size],
        "cls.predictions.decoder.bias": [config.vocab_size],
        "cls.predictions.decoder.weight": [config.vocab_size, hidden],
        "cls.predictions.transform.LayerNorm.bias": [hidden],
        "cls.predictions.transform.LayerNorm.weight": [hidden],
        "cls.predictions.transform.dense.bias": [hidden],
        "cls.predictions.transform.dense.weight": [hidden, hidden],
        "cls.seq_relationship.bias": [2],
        "cls.seq_relationship.weight": [2, hidden],
        "unheard_of.weight": [3],
    }
    return {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}


def with_prefix(model, config, folder, rng):
    state = {f"bert.{name}": tensor for name, tensor in rounded(model, torch.float32).items()}
    save_tensors({**state, **heads(config, rng)}, folder / "model.safetensors")
    write_config(config, folder)


def old_names(model, config, folder, rng):
    state = {}
    for name, tensor in rounded(model, torch.float32).items():
        for new, old in OLD_NAMES.items():
            name = name.replace(new, old)
        state[f"bert.{name}"] = tensor
    state["bert.embeddings.position_ids"] = torch.arange(config.max_position_embeddings).unsqueeze(0)
    save_tensors(state, folder / "model.safetensors")
    write_config(config, folder)


def short_config(model, config, folder, rng):
    """A config.json of the kind Google's first checkpoints had: what is a default is not said."""
    save_tensors(rounded(model, torch.float32), folder / "model.safetensors")
    keys = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "max_position_embeddings"]  # fmt: skip
    save_json({key: getattr(config, key) for key in keys}, folder / "config.json")


SAVERS = {
    "f32": ("weights saved as F32 in one file", single_file(torch.float32)),
    "f16": ("weights saved as F16", single_file(torch.float16)),
    "bf16": ("weights saved as BF16", single_file(torch.bfloat16)),
    "f64": ("weights saved as F64, values that F32 cannot hold", single_file(torch.float64)),
    "mixed-types": ("weights saved as F32, F16, BF16 and F64 in one file", mixed),
    "sharded": ("weights in shards with an index, names without a prefix", sharded),
    "prefix": ("names with the prefix `bert.`, beside heads that nobody asked for", with_prefix),
    "old-names": ("LayerNorm's gamma and beta, and a buffer position_ids (I64) to be ignored", old_names),
    "short-config": ("a config.json with the sizes alone: no architectures, everything else by default", short_config),
}
