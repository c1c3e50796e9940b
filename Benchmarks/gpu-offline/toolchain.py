# SPDX-License-Identifier: Apache-2.0
"""Compiles OpenCL C for NVIDIA GPUs without one: PTX by clang, machine code by ptxas, its listing by nvdisasm."""
import importlib.util, os, pathlib, re, shutil, subprocess, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = ROOT / "Kernels"
LIBCLC = "/usr/lib/clc/nvptx64--nvidiacl.bc"
# Per multiprocessor: registers, warps, groups, and bytes of shared memory, of which each group also costs 1 KiB.
# Source: CUDA C++ Programming Guide 12.9, table "Technical Specifications per Compute Capability".
LIMITS = {"sm_80": (65536, 64, 32, 164 << 10), "sm_90": (65536, 64, 32, 228 << 10)}


class CompileError(Exception):
    """A tool is missing, or refuses a kernel; the text says which and why."""


def tool(name):
    found = os.environ.get(name.upper()) or shutil.which(name)
    if not found and (spec := importlib.util.find_spec("triton")):
        found = os.path.join(spec.submodule_search_locations[0], "backends/nvidia/bin", name)
    if not found or not os.path.exists(found):
        raise CompileError(f"no {name}: set {name.upper()}, or run this with a Python that has the package triton")
    return found


def run(*command, **options):
    try:
        result = subprocess.run(command, capture_output=True, text=True, **options)
    except FileNotFoundError:
        raise CompileError(f"no {command[0]}: needed are Debian's packages clang-15 and libclc-15") from None
    if result.returncode:
        raise CompileError(f"{' '.join(command[:1])} failed:\n{result.stderr[:3000]}")
    return result.stdout + result.stderr


def versions():
    if not os.path.exists(LIBCLC):
        raise CompileError(f"no {LIBCLC}: needed is Debian's package libclc-15")
    return [run("clang-15", "--version").splitlines()[0], run(tool("ptxas"), "--version").splitlines()[-2]]


def compile_ptx(source, defines, path):
    clang = "clang-15 -x cl -cl-std=CL1.2 -O3 -S -target nvptx64-nvidia-nvcl -Wno-linker-warnings".split()
    for option in ("-finclude-default-header", "-target-cpu", "sm_80", "-target-feature", "+ptx75",
                   "-mlink-builtin-bitcode", LIBCLC):
        clang += ["-Xclang", option]
    run(*clang, *(f"-D{key}={value}" for key, value in defines.items()), "-o", path, "-", input=source)


def open_instructions(ptx):
    """Takes the marks off instructions of sm_90a, as HopperBinary.swift does."""
    text = pathlib.Path(ptx).read_text()
    mark = re.search(r'static let mark = "(.*?)"', (ROOT / "Sources/OpenCLBackend/MatrixEngine/HopperBinary.swift").read_text())[1]
    if mark not in text:
        raise CompileError("no instructions of sm_90a in the PTX")
    opened = text.replace(mark, "").replace(".target sm_80", ".target sm_90a")
    pathlib.Path(ptx).write_text(re.sub(r"\.version \d\.\d", ".version 8.0", opened))


def assemble(ptx, arch, cubin):
    """Per kernel of a PTX file, what ptxas reports and the listing of its machine code."""
    log = run(tool("ptxas"), f"-arch={arch}", "-v", ptx, "-o", cubin)
    listing = run(tool("nvdisasm"), "-c", cubin)
    sections = dict(re.findall(r"\.section\s+\.text\.(\w+),.*?\n(.*?)(?=\n\s*\.section\s|\Z)", listing, re.S))
    kernels = {}
    for name, report in re.findall(r"entry function '(\w+)'.*\n((?:(?!.*entry function).*\n?)*)", log):
        number = lambda pattern: int(match[1]) if (match := re.search(pattern, report)) else 0
        kernels[name] = {
            "registers": number(r"Used (\d+) registers"),
            "spilled_bytes": number(r"(\d+) bytes spill stores") + number(r"(\d+) bytes spill loads"),
            "stack_bytes": number(r"(\d+) bytes stack frame"), "shared_bytes": number(r"(\d+) bytes smem"),
        }, sections[name]
    if "wgmma.mma_async instructions are serialized" in log:
        raise CompileError("ptxas lets no wgmma run beside another: " + log)
    if not kernels:
        raise CompileError(f"ptxas compiled no kernel:\n{log}")
    return kernels


def compile_kernels(parts, defines, architectures):
    """Per architecture, the kernels of the files `parts` (put together as KernelLibrary.swift does): see `assemble`."""
    source = "".join((KERNELS / f"{part}.cl").read_text() for part in parts)
    defines = {"WG_SIZE": 128, "VECTOR_WIDTH": 1} | defines
    with tempfile.TemporaryDirectory() as folder:
        compile_ptx(source, defines, f"{folder}/kernel.ptx")
        suffix = ""
        if defines.get("WARPGROUP_SIZE") == 4:
            open_instructions(f"{folder}/kernel.ptx")
            suffix = "a"  # Hopper's own instructions
        return {arch: assemble(f"{folder}/kernel.ptx", arch + suffix, f"{folder}/kernel.cubin") for arch in architectures}


def occupancy(arch, items, registers, shared):
    """Groups that a multiprocessor holds, and the share of its warps that they are."""
    all_registers, warps, groups, memory = LIMITS[arch]
    group_warps = (items + 31) // 32
    by_registers = all_registers // ((registers + 7) // 8 * 8 * 32 * group_warps)
    held = min(groups, warps // group_warps, by_registers, memory // (shared + 1024))
    return held, held * group_warps / warps
