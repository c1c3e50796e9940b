# SPDX-License-Identifier: Apache-2.0
"""The peers, each loaded by a worker process of its own. All compute in float32.

An engine takes (model, threads, folder): the checkpoint, the number of threads, and the folder that prepare.py wrote.
`feed(part)` makes a batch's arrays into what the engine takes, outside the clock. `forward(feed)` is what is timed: it
ends with last_hidden_state in host memory. `array(output)` is that as numpy. `versions` says what computed it.
"""

import json
import os

import numpy as np


class PyTorch:
    """transformers' BertModel, eager, attention by scaled_dot_product_attention."""

    def __init__(self, model, threads, folder):
        import torch
        import transformers

        self.torch = torch
        torch.set_num_threads(threads)
        transformers.logging.set_verbosity_error()
        self.versions = {"torch": torch.__version__, "transformers": transformers.__version__, "attention": "sdpa"}
        self.model = transformers.BertModel.from_pretrained(
            model, attn_implementation="sdpa", torch_dtype=torch.float32, add_pooling_layer=False
        ).eval()

    def feed(self, part, one_shape):
        return {name: self.torch.from_numpy(array) for name, array in part.items()}

    def forward(self, feed):
        with self.torch.inference_mode():
            return self.model(**feed).last_hidden_state

    def array(self, output):
        return output.numpy()


class TorchCompile(PyTorch):
    """The same through torch.compile: inductor, a compilation a shape."""

    def __init__(self, model, threads, folder):
        super().__init__(model, threads, folder)
        self.torch._dynamo.config.recompile_limit = 64  # every shape is compiled, and not the ninth run eagerly
        self.model = self.torch.compile(self.model, dynamic=False, fullgraph=True)
        self.versions["compile"] = "inductor, dynamic=False, fullgraph=True"

    def forward(self, feed):
        with self.torch.no_grad():
            return self.model(**feed).last_hidden_state


class TorchCompileFrozen(TorchCompile):
    """With inductor's freezing: weights become constants, packed beforehand for oneDNN's products."""

    def __init__(self, model, threads, folder):
        import torch._inductor.config

        torch._inductor.config.freezing = True
        super().__init__(model, threads, folder)
        self.versions["compile"] += ", freezing"


class ONNXRuntime:
    """The graph with attention, GELU and LayerNorm fused by ONNX Runtime's optimizer for BERT."""

    def __init__(self, model, threads, folder):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.versions = {
            "onnxruntime": onnxruntime.__version__, "fused": json.loads((folder / "fused.json").read_text())
        }  # fmt: skip
        self.session = onnxruntime.InferenceSession(
            str(folder / "fused.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def feed(self, part, one_shape):
        return part

    def forward(self, feed):
        return self.session.run(["last_hidden_state"], feed)[0]

    def array(self, output):
        return output


class OpenVINO:
    """One stream for latency. Compiled for the very shape where there is one (a little faster), else for any."""

    def __init__(self, model, threads, folder):
        import openvino

        self.core = openvino.Core()
        # float32 has to be asked for: where the processor has bfloat16, the default is to compute in that.
        self.settings = {
            "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(threads),
        }  # fmt: skip
        self.versions = {"openvino": openvino.__version__, "settings": self.settings}
        self.graph = self.core.read_model(str(folder / "model.xml"))
        self.requests = {}

    def request(self, shape):
        if shape not in self.requests:
            graph = self.graph.clone()
            if shape:
                graph.reshape({name: list(shape) for name in graph.inputs})
            compiled = self.core.compile_model(graph, "CPU", self.settings)
            kinds = {str(node.get_rt_info()["runtimePrecision"].astype(str))
                     for node in compiled.get_runtime_model().get_ops()}  # fmt: skip
            if kinds & {"bf16", "f16"}:
                raise RuntimeError(f"OpenVINO computes in {sorted(kinds)} and not in f32 only")
            self.versions["precisions"] = sorted(kinds)
            self.requests[shape] = compiled.create_infer_request()
        return self.requests[shape]

    def feed(self, part, one_shape):
        return self.request(part["input_ids"].shape if one_shape else None), part

    def forward(self, feed):
        request, part = feed
        return request.infer(part, share_inputs=True)[0]  # the output is a copy

    def array(self, output):
        return np.asarray(output)


class CTranslate2:
    """Encoder of CTranslate2, which takes lengths for a mask and leaves the padding out of its matrix products."""

    def __init__(self, model, threads, folder):
        import ctranslate2

        self.library = ctranslate2
        self.versions = {"ctranslate2": ctranslate2.__version__, "compute_type": "float32"}
        self.encoder = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="float32", inter_threads=1, intra_threads=threads
        )

    def feed(self, part, one_shape):
        lengths = part["attention_mask"].sum(1).astype(np.int32)
        view = self.library.StorageView.from_array
        ids = part["input_ids"].astype(np.int32)
        return view(ids), view(lengths), ids, lengths  # the arrays too: a view does not own its memory

    def forward(self, feed):
        return self.encoder.forward_batch(feed[0], feed[1]).last_hidden_state

    def array(self, output):
        return np.array(output)


class CTranslate2MKL(CTranslate2):
    """The same with MKL, which CTranslate2 takes by itself on Intel's processors only."""

    def __init__(self, model, threads, folder):
        os.environ["CT2_USE_MKL"] = "1"
        super().__init__(model, threads, folder)
        self.versions["CT2_USE_MKL"] = "1"


ENGINES = {
    "PyTorch": PyTorch, "torch.compile": TorchCompile, "torch.compile, frozen": TorchCompileFrozen,
    "ONNX Runtime": ONNXRuntime, "OpenVINO": OpenVINO, "CTranslate2": CTranslate2,
    "CTranslate2, MKL": CTranslate2MKL,
}  # fmt: skip
FORMATS = {"ONNX Runtime": "onnxruntime", "OpenVINO": "openvino", "CTranslate2": "ctranslate2",
           "CTranslate2, MKL": "ctranslate2"}  # fmt: skip
