# SPDX-License-Identifier: Apache-2.0
"""Writes a checkpoint in the form a peer reads: a process of its own, so that the peer's carries no second library.

    python prepare.py onnxruntime|openvino|ctranslate2 MODEL FOLDER

All float32. onnxruntime: torch.onnx's graph with ONNX Runtime's fusions for BERT (attention, GELU, LayerNorm), and
fused.json that counts them. openvino: OpenVINO's IR from the PyTorch model, weights not compressed to float16 (which
is the default when saving). ctranslate2: its converter's output.
"""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
NAMES = ["input_ids", "attention_mask", "token_type_ids"]
FORMATS = ["onnxruntime", "openvino", "ctranslate2"]


def encoder(model, attention):
    """The model as a function of three tensors that returns last_hidden_state, and example arguments."""
    import torch
    import transformers

    class LastHiddenState(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = transformers.BertModel.from_pretrained(
                model, attn_implementation=attention, torch_dtype=torch.float32, add_pooling_layer=False
            )

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state

    example = torch.ones(2, 8, dtype=torch.int64)
    return LastHiddenState().eval(), dict(zip(NAMES, (example, example, torch.zeros_like(example))))


def onnxruntime(model, folder):
    import torch
    from onnxruntime.transformers import optimizer

    module, example = encoder(model, "eager")  # the pattern that the fusion of attention looks for
    plain = folder / "plain.onnx"
    torch.onnx.export(
        module, tuple(example.values()), str(plain), input_names=NAMES, output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "batch", 1: "sequence"} for name in [*NAMES, "last_hidden_state"]},
        opset_version=17, dynamo=False,
    )  # fmt: skip
    config = module.bert.config
    fused = optimizer.optimize_model(
        str(plain), model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size,
        opt_level=1,
    )  # fmt: skip
    fused.save_model_to_file(str(folder / "fused.onnx"))
    plain.unlink()
    counts = {name: int(count) for name, count in fused.get_fused_operator_statistics().items() if count}
    (folder / "fused.json").write_text(json.dumps(counts))


def openvino(model, folder):
    import openvino

    module, example = encoder(model, "sdpa")
    graph = openvino.convert_model(module, example_input=example)
    openvino.save_model(graph, str(folder / "model.xml"), compress_to_fp16=False)


def ctranslate2(model, folder):
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):
        def load_model(self, model_class, path, **options):
            # CTranslate2 4.8 says `dtype`, as transformers 5 does; transformers 4.49 knows it as torch_dtype.
            options["torch_dtype"] = options.pop("dtype")
            return super().load_model(model_class, path, **options)

    Converter(str(model)).convert(str(folder), force=True)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in FORMATS:
        sys.exit(__doc__)
    target = Path(sys.argv[3])
    target.mkdir(parents=True, exist_ok=True)
    globals()[sys.argv[1]](Path(sys.argv[2]), target)
