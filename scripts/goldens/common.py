# SPDX-License-Identifier: Apache-2.0
"""What the sections of make-goldens share: seeds, weights that show errors, and files."""

import json
import shutil
import zlib

import torch
from safetensors.torch import save_file

TOLERANCE = 5e-6  # of a whole model in float32, relative

def generator(name):
    """A random generator that depends on the case's name alone."""
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


def randomise(model, rng, std):
    """Fills every parameter in the order of its name: matrices N(0, std), LayerNorm weights near 1, biases not zero.

    The default initialisation (0.02, zero biases) would hide a forgotten bias, a swapped LayerNorm or a wrong scale.
    """
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = torch.randn(parameter.shape, generator=rng, dtype=torch.float64)
            if "LayerNorm.weight" in name:
                values = 1 + 0.2 * values
            elif name.endswith("bias"):
                values = 0.2 * values
            else:
                values = std * values
            parameter.copy_(values)


def save_tensors(tensors, path):
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, str(path))


def save_json(value, path):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def save_lines(values, path):
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")


def fresh_folder(path):
    """An empty folder: files of an earlier run, shards above all, must not stay behind."""
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(parents=True)
    return path


def relative_error(value, golden):
    """Relative Frobenius error, the measure of every comparison here."""
    return float(torch.linalg.vector_norm(value.double() - golden) / torch.linalg.vector_norm(golden))


def check_loads(kind, model, folder, **arguments):
    """Hugging Face, too, must find exactly these weights in the files."""
    loaded, info = kind.from_pretrained(folder, torch_dtype=torch.float64, output_loading_info=True, **arguments)
    state = model.state_dict()
    wrong = [name for name, tensor in loaded.state_dict().items() if not torch.equal(tensor, state[name])]
    if info["missing_keys"] or wrong:
        raise SystemExit(f"{folder}: from_pretrained misses {info['missing_keys']}, reads {wrong} differently")
