# SPDX-License-Identifier: Apache-2.0
"""The shortest program that turns one text into a vector with a peer; start.py starts it and waits for its line.

    python first.py ENGINE MODEL FOLDER THREADS TEXT

Imports only what that takes: the models in FOLDER are those that prepare.py wrote. Mean pooling, normalised.
"""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True


def sentence_transformers(model, folder, threads, text):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    return SentenceTransformer(str(model), device="cpu").encode([text])[0]


def pytorch(model, folder, threads, text):
    import torch
    from transformers import BertModel, BertTokenizerFast

    torch.set_num_threads(threads)
    bert = BertModel.from_pretrained(model, add_pooling_layer=False).eval()
    with torch.inference_mode():
        return pooled(bert(**BertTokenizerFast.from_pretrained(model)(text, return_tensors="pt"))[0][0].numpy())


def onnxruntime(model, folder, threads, text):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(folder / "onnxruntime" / "fused.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return pooled(session.run(["last_hidden_state"], tokens(model, text))[0][0])


def openvino(model, folder, threads, text):
    import openvino

    core = openvino.Core()
    core.set_property({"CACHE_DIR": str(folder / "openvino-cache")})  # what it compiled the last time
    compiled = core.compile_model(str(folder / "openvino" / "model.xml"), "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(threads),
    })  # fmt: skip
    return pooled(compiled(tokens(model, text))[0][0])


def ctranslate2(model, folder, threads, text):
    import ctranslate2

    encoder = ctranslate2.Encoder(
        str(folder / "ctranslate2"), device="cpu", compute_type="float32", intra_threads=threads
    )
    import numpy as np

    ids = tokens(model, text)["input_ids"].tolist()
    return pooled(np.array(encoder.forward_batch(ids).last_hidden_state)[0])


def tokens(model, text):
    import numpy as np
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    found = tokenizer.encode(text)
    return {"input_ids": np.array([found.ids]), "attention_mask": np.array([found.attention_mask]),
            "token_type_ids": np.array([found.type_ids])}  # fmt: skip


def pooled(states):
    mean = states.mean(0)
    return mean / (mean**2).sum() ** 0.5


if __name__ == "__main__":
    name, model, folder, threads, text = sys.argv[1:]
    vector = globals()[name](Path(model), Path(folder), int(threads), text)
    print(json.dumps({"embedding": vector.tolist()}), flush=True)
