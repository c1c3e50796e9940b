# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/sentence: complete tiny model folders, loaded and run by sentence-transformers itself in float64."""

import json
import logging

import torch
from sentence_transformers import SentenceTransformer
from transformers import BertConfig, BertModel

from goldens.common import fresh_folder, generator, randomise, relative_error, save_json, save_lines, save_tensors
from goldens.pooling import FLAGS

WORDS = """the a cat dog sat on mat ran to house big small red blue is was it he she they and or not in of
##s ##ed ##ing ##er ##ly un play walk jump read happy sad caf caff über uber na ##ive naive 1 2 3 ##1 ##2 ##3 . , ! ? ' - ( )
东 京 我 你 κ ##α ##ι και м ##и ##р мир""".split()
VOCABULARY = list(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *"abcdefghij", *[f"##{letter}" for letter in "abcdefgh"]]))
TEXTS = [
    "the cat sat on the mat .",
    "A big dog ran to the red house !",
    "THE CAT SAT ON THE MAT .",
    "",
    "   ",
    "cat",
    "she walked, jumped and played; it was not unhappy?",
    "naïve café 东京 και мир",
    "[MASK] is not in the house",
    "zzz qqq 123 (1-2)",
    "  the   small\tblue\ncat  ",
    "the cat and the dog and the cat and the dog and the cat and the dog and the cat and the dog and the cat",
    "он не мир 我你 happily reading 🙂",
]



HIDDEN = 18
TOLERANCE = 5e-6
CASES = {
    "cls": {
        "what": "the first token's state, not normalised; sentence_bert_config.json lower-cases for a cased tokenizer and "
        "cuts at 12; the checkpoint has no pooler, which a sentence encoder does not need",
        "modes": ["cls"], "bert_config": {"max_seq_length": 12, "do_lower_case": True}, "lower": False, "pooler": False,
    },
    "mean-max": {
        "what": "mean and max concatenated: max comes first; names with the prefix `bert.`; cuts at 16",
        "modes": ["mean", "max"], "bert_config": {"max_seq_length": 16, "do_lower_case": False}, "prefix": "bert.",
    },
    "dense-normalize": {
        "what": "mean, Dense 18 to 10 with tanh, Normalize; no sentence_bert_config.json: the limit is the tokenizer's "
        "model_max_length 14, below the model's 20 positions",
        "modes": ["mean"], "dense": {"out": 10, "bias": True, "activation": torch.nn.Tanh}, "normalize": True,
        "model_max_length": 14,
    },
    "dense-identity": {
        "what": "every pooling mode concatenated, Dense without a bias and with the identity, no Normalize; "
        "the limit is the model's 20 positions, below the tokenizer's 512",
        "modes": list(FLAGS), "dense": {"out": 7, "bias": False, "activation": torch.nn.Identity},
        "bert_config": {"max_seq_length": None, "do_lower_case": False},
    },
    "old-layout": {
        "what": "the transformer in its own folder 0_Transformer, as old checkpoints have it; a pooling config of four "
        "keys, as old checkpoints have it; normalised",
        "modes": ["mean"], "folder": "0_Transformer", "normalize": True, "old_pooling": True,
        "bert_config": {"max_seq_length": 18, "do_lower_case": False},
    },
    "no-modules": {
        "what": "no modules.json: mean, not normalised, the limit is the model's 20 positions; no model_max_length either",
        "modules": False, "modes": ["mean"], "model_max_length": None,
    },
}  # fmt: skip


def write_transformer(folder, case, rng):
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=3, intermediate_size=23,
        max_position_embeddings=20, type_vocab_size=2, attn_implementation="eager",
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=case.get("pooler", True)).double()
    randomise(model, rng, 0.2)
    prefix = case.get("prefix", "")
    save_tensors({prefix + k: v.float() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    values = json.loads(config.to_json_string())
    save_json({**values, "architectures": ["BertModel"]}, folder / "config.json")
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in VOCABULARY), encoding="utf-8")
    tokenizer = {"do_lower_case": case.get("lower", True), "tokenizer_class": "BertTokenizer", "unk_token": "[UNK]",
                 "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]",
                 "tokenize_chinese_chars": True, "strip_accents": None, "never_split": None}  # fmt: skip
    limit = case.get("model_max_length", 512)
    if limit is not None:
        tokenizer["model_max_length"] = limit
    save_json(tokenizer, folder / "tokenizer_config.json")
    if "bert_config" in case:
        save_json(case["bert_config"], folder / "sentence_bert_config.json")


def write_modules(folder, case, rng):
    modules = [(case.get("folder", ""), "sentence_transformers.models.Transformer")]
    pooling = folder / "1_Pooling"
    pooling.mkdir()
    config = {"word_embedding_dimension": HIDDEN}
    order = ["cls", "mean", "max", "mean_sqrt_len", "weightedmean", "lasttoken"]  # the order of the keys in the file
    config.update({FLAGS[mode]: mode in case["modes"] for mode in (order[:4] if case.get("old_pooling") else order)})
    if not case.get("old_pooling"):
        config["include_prompt"] = True
    save_json(config, pooling / "config.json")
    modules.append(("1_Pooling", "sentence_transformers.models.Pooling"))
    if "dense" in case:
        dense = case["dense"]
        folder_name = folder / "2_Dense"
        folder_name.mkdir()
        width = HIDDEN * len(case["modes"])
        activation = dense["activation"]
        save_json({"in_features": width, "out_features": dense["out"], "bias": dense["bias"],
                   "activation_function": f"{activation.__module__}.{activation.__name__}"},
                  folder_name / "config.json")  # fmt: skip
        weights = {"linear.weight": 0.2 * torch.randn(dense["out"], width, generator=rng)}
        if dense["bias"]:
            weights["linear.bias"] = 0.2 * torch.randn(dense["out"], generator=rng)
        save_tensors(weights, folder_name / "model.safetensors")
        modules.append(("2_Dense", "sentence_transformers.models.Dense"))
    if case.get("normalize"):
        # No folder: Normalize has no files, and git keeps no empty folders.
        modules.append((f"{len(modules)}_Normalize", "sentence_transformers.models.Normalize"))
    save_json(
        [{"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(modules)],
        folder / "modules.json",
    )


def make(target, arguments):
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    fresh_folder(target)
    for name, case in CASES.items():
        rng = generator(f"sentence {name}")
        folder = fresh_folder(target / name)
        transformer = folder / case.get("folder", "")
        transformer.mkdir(exist_ok=True)
        write_transformer(transformer, case, rng)
        if case.get("modules", True):
            write_modules(folder, case, rng)
        model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"attn_implementation": "eager"},
                                    local_files_only=True).double().eval()  # fmt: skip
        embeddings = model.encode(TEXTS, batch_size=len(TEXTS), convert_to_tensor=True, show_progress_bar=False)
        if embeddings.dtype != torch.float64 or not torch.isfinite(embeddings).all():
            raise SystemExit(f"{name}: {embeddings.dtype}, or not finite")
        alone = torch.cat([model.encode([text], convert_to_tensor=True, show_progress_bar=False) for text in TEXTS])
        if (alone - embeddings).abs().max() > 1e-12:
            raise SystemExit(f"{name}: a sentence's vector depends on its batch")
        single = model.float().encode(TEXTS, convert_to_tensor=True, show_progress_bar=False)
        if relative_error(single, embeddings) > TOLERANCE / 2:
            raise SystemExit(f"{name}: float32 in PyTorch is off by {relative_error(single, embeddings)}")
        save_lines([{"text": text} for text in TEXTS], folder / "sentences.jsonl")
        save_tensors({"embeddings": embeddings}, folder / "embeddings.safetensors")
        ids = [model.tokenize([text])["input_ids"][0].tolist() for text in TEXTS]
        save_json(
            {"what": case["what"], "relative_tolerance": TOLERANCE, "max_seq_length": model.max_seq_length,
             "dimension": embeddings.shape[1], "tokens": [len(row) for row in ids]},
            folder / "case.json",
        )  # fmt: skip
