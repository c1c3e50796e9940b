# SPDX-License-Identifier: Apache-2.0
"""What there is to compile: every kernel that a GPU runs, in each form that the Swift sources build it in."""
import itertools, re

from toolchain import KERNELS, ROOT, CompileError

BACKEND = ROOT / "Sources/OpenCLBackend"
# In front of other files, never alone; and kernels of CPU devices.
SHARED = {"common", "panels", "philox", "sum_rows", "tiles", "warp", "warpgroup"}
CPU_ONLY = {"attention", "attention_gradient", "attention_step", "gradient_panels", "linear_panels", "pack_panels"}
PRECISIONS = {0: "float32", 1: "float16", 2: "bfloat16"}
HEADS = (32, 64, 128)


def product(**choices):
    return [dict(zip(choices, values)) for values in itertools.product(*choices.values())]


# The forms of a kernel file: lists of defines (WG_SIZE 64: DeviceProfile.attentionGroupSize). What is not here has one form, without any. (linear_* are below.)
FORMS = {
    "activation_gradient": product(ACTIVATION=range(1, 9), HAS_BIAS=(0, 1)),
    "attention_context": product(HEAD_SIZE=HEADS, WG_SIZE=(64,)),
    "attention_context_gradient": product(HEAD_SIZE=HEADS, WG_SIZE=(64,)),
    "attention_gradient_tiled": product(HEAD_SIZE=HEADS, OF_KEYS=(0, 1), CAUSAL=(0, 1), HAS_DROPOUT=(0, 1), ROW_ITEMS=(8,)),
    # As AttentionWarps.swift has them: 32 queries a warp for heads up to 64.
    "attention_mma": product(
        HEAD_SIZE=(32, 64), CAUSAL=(0, 1), MATRIX_ENGINE=(1,), WHOLE_CHUNKS=(1,), WARPS=(4,), WARP_QUERIES=(16, 32))
    + product(HEAD_SIZE=(128,), CAUSAL=(0, 1), MATRIX_ENGINE=(1,), WHOLE_CHUNKS=(1,), WARPS=(4, 8), WARP_QUERIES=(16,)),
    "attention_probabilities": product(
        HEAD_SIZE=HEADS, HAS_MASK=(0, 1), RELATIVE=(0, 1, 2), CAUSAL=(0, 1), TILE_QUERIES=(1,), WG_SIZE=(64,)),
    "attention_probabilities_gradient": product(HEAD_SIZE=HEADS, RELATIVE=(0, 1), WG_SIZE=(64,)),
    "attention_tiled": product(HEAD_SIZE=HEADS, ITEM_QUERIES=(1, 4, 8), CAUSAL=(0, 1)),
    "bias_activation": product(ACTIVATION=range(9), HAS_BIAS=(0, 1)),
    "distance_gradient": product(HEAD_SIZE=HEADS, RELATIVE=(1, 2), WG_SIZE=(64,)),
    "embedding_layer_norm": product(HAS_WORD_IDS=(0, 1), HAS_POSITIONS=(0, 1)),
    "embedding_sum": product(HAS_WORD_IDS=(0, 1), HAS_POSITIONS=(0, 1)),
    "fma_peak": product(CHAINS=(12,)),
    "layer_norm_gradient": product(HAS_RESIDUAL=(0, 1)),
    "mean": product(HAS_LABELS=(0, 1)),
    "mean_gradient": product(HAS_LABELS=(0, 1)),
    "probe_mma": product(MATRIX_ENGINE=(1,), PASSES=(1, 3)),
    "query_sums": product(HEAD_SIZE=HEADS, RELATIVE=(0, 1), WG_SIZE=(64,)),
}
# Forms for training, which are in float32 only, of kernels that have others as well.
TRAINING_FORMS = {
    "attention_tiled": product(
        HEAD_SIZE=HEADS, ITEM_QUERIES=(1, 4, 8), CAUSAL=(0, 1), SAVES_LOG_SUM_EXP=(1,), HAS_DROPOUT=(0, 1)),
}
TILED_TRAINING = [{"HAS_BIAS": 0, "WEIGHT_TRANSPOSED": 1}, {"HAS_BIAS": 0, "HAS_ADDEND": 1, "X_TRANSPOSED": 1, "WEIGHT_TRANSPOSED": 1}]
# Bytes of a stack frame that the source means: file -> (most bytes, why).
STACK = {"mean": (128, "LEVELS partial sums of pairwise summation, indexed by the number of runs")}


class Configuration:
    """A value of a Swift type of sizes: its defines, and what its computed properties say."""

    def __init__(self, text, sizes):
        self.sizes = sizes
        self.properties = dict(re.findall(r"var (\w+): Int \{ ([^{}\n]*) \}", text))
        table = re.search(r"var defines: \[String: Int\] \{\s*\[(.*?)\]", text, re.S)
        self.defines = {name: sizes[key] for name, key in re.findall(r'"(\w+)": (\w+)', table[1])}
        self.name = re.search(r'var description: String \{\s*"(.*?)"\s*\}', text, re.S)[1]
        self.name = re.sub(r"\\\((\w+)\)", lambda match: str(sizes[match[1]]), self.name)

    def __getattr__(self, key):
        if key in self.__dict__["sizes"]:
            return self.sizes[key]
        if key not in self.__dict__["properties"]:
            raise CompileError(f"no property {key} in {self.sizes}")
        expression = re.sub(r"[a-z]\w*", lambda match: str(getattr(self, match[0])), self.properties[key])
        return eval(expression.replace("/", "//"), {})  # numbers and operators of our own source


def configurations(path):
    """The configurations that a Swift file spells out, as `.init(tileRows: 8, ...)` or by the type's name."""
    text = (BACKEND / path).read_text()
    found = []
    for match in re.findall(r"(?:\.init|\w+Configuration)\(\s*(\w+: \d+(?:,\s*\w+: \d+)+)\)", text):
        sizes = {key: int(default) for key, default in re.findall(r"public var (\w+) = (\d+)", text)}
        sizes |= {key: int(value) for key, value in re.findall(r"(\w+): (\d+)", match)}
        if sizes not in [each.sizes for each in found]:
            found.append(Configuration(text, sizes))
    if not found:
        raise CompileError(f"no configurations in {path}")
    return found


def shared_files(file):
    """What KernelLibrary.swift puts in front of a file: its `switch`, read."""
    text = (BACKEND / "KernelLibrary.swift").read_text()
    body = re.search(r"func shared\(_ file: String\).*?switch file \{(.*?)\n    \}", text, re.S)
    for labels, suffix, parts in re.findall(
            r'(?:case ((?:"\w+",?\s*)+)|case _ where file\.hasSuffix\("(\w+)"\)|default)\s*:\s*\[([^\]]*)\]', body[1]):
        if f'"{file}"' in labels or (suffix and file.endswith(suffix)) or not (labels or suffix):
            return re.findall(r'"(\w+)"', parts)
    raise CompileError(f"KernelLibrary.swift does not say what is put in front of {file}")


def label(defines):
    hidden = ("WG_SIZE", "MATRIX_ENGINE", "PRECISION", "PASSES")
    return " ".join(f"{key}={value}" for key, value in defines.items() if key not in hidden)


def job(file, defines, precision, **more):
    defines = defines | {"PRECISION": precision}
    parts = shared_files(file)
    if "MATRIX_ENGINE" in defines and "warp" not in parts:
        raise CompileError(f"KernelLibrary.swift does not put warp.cl in front of {file}")
    return {"file": file, "parts": [*parts, file], "defines": defines, "form": label(defines),
            "precision": PRECISIONS[precision]} | more


def linear_jobs(tiled, mma):
    jobs = []
    for each in tiled:
        common = {"tile": each.name, "items": each.workGroupItems, "local_bytes": each.localByteCount}
        stored = "REAL" in (KERNELS / "linear_tiled.cl").read_text()
        for precision, activation in itertools.product(PRECISIONS if stored else (0,), (0, 1)):
            jobs.append(job("linear_tiled", each.defines | {"ACTIVATION": activation}, precision, **common))
        jobs += [job("linear_tiled", each.defines | form, 0, **common) for form in TILED_TRAINING]
    for each in mma:
        common = {"tile": each.name, "items": each.workGroupItems, "local_bytes": each.localByteCount, "sizes": each.sizes}
        if each.warpgroupSize == 4:  # for sm_90a alone
            for kind, precision, activation, whole in (
                    ("f16 wgmma", 1, 0, 1), ("f16 wgmma", 1, 1, 1), ("f16 wgmma", 1, 0, 0), ("bf16 wgmma", 2, 0, 1)):
                defines = {"MATRIX_ENGINE": 1, "PASSES": 3, "ACTIVATION": activation, "WHOLE_CHUNKS": whole}
                jobs.append(job("linear_mma", each.defines | defines, precision, kind=kind, passes=1, **common))
            continue
        for kind, precision, passes in (("f16", 1, 1), ("bf16", 2, 1), ("tf32x3", 0, 3), ("tf32", 0, 1)):
            if kind == "tf32x3" and each.sizes["warpRows"] * each.sizes["warpColumns"] > 64 * 32:
                continue  # a warp has the sums twice: MMAConfiguration.fits
            # WHOLE_CHUNKS 0: depths that are no multiple of a chunk, copied element by element. The end is the same code
            # in bf16 as in f16, and in tf32 as in tf32x3.
            for activation, whole in ((0, 1), (1, 1), (0, 0)) if kind in ("f16", "tf32x3") else ((0, 1),):
                defines = {"MATRIX_ENGINE": 1, "PASSES": passes, "ACTIVATION": activation, "WHOLE_CHUNKS": whole}
                jobs.append(job("linear_mma", each.defines | defines, precision, kind=kind, passes=passes, **common))
    return jobs


def jobs():
    """Every program to compile: its file and defines, its work-items where they are known, and what must come out."""
    found = linear_jobs(configurations("TiledConfiguration.swift"), configurations("MatrixEngine/MMAConfiguration.swift"))
    for path in sorted(KERNELS.glob("*.cl")):
        file, text = path.stem, path.read_text()
        if file in SHARED | CPU_ONLY or file in ("linear_tiled", "linear_mma"):
            continue
        precisions = PRECISIONS if re.search(r"\bREAL\b", text) else (0,)
        if file == "attention_mma":
            precisions = (1, 2)
        for form, precision in itertools.product(FORMS.get(file, [{}]), precisions):
            if file == "attention_probabilities" and precision and form["HEAD_SIZE"] != 64:
                continue  # twelve forms of each head: one head stands for the others where only loads and stores differ
            more = {"kind": {1: "f16", 2: "bf16"}[precision], "passes": 1} if file == "attention_mma" else {}
            found.append(job(file, form, precision, items=32 if file == "probe_mma" else form.get("WG_SIZE", 128), **more))
        found += [job(file, form, 0, items=128) for form in TRAINING_FORMS.get(file, [])]
    return found
