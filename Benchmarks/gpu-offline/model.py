# SPDX-License-Identifier: Apache-2.0
"""What counts in machine code predict: the rate that each unit of a GPU would allow, and which is the lowest.

The units are taken to work beside each other and never to wait: latencies, clocks under load and the tail of a launch's
last groups beyond whole fillings are left out, so a prediction is a ceiling. What was measured by us says so.
"""

# Rates of whole GPUs; `per_clock` ones are per multiprocessor. mma_share: what mma.sync reaches of the dense peak.
GPUS = {
    "H100": {
        "arch": "sm_90", "name": "H100 SXM", "processors": 132, "clock": 1.83e9, "f16": 989.4e12, "tf32": 494.7e12,
        "mma_share": 0.62, "l2": 5.5e12, "memory": 3.35e12, "fp32_lanes": 128},
    "A100": {
        "arch": "sm_80", "name": "A100 SXM 80 GB", "processors": 108, "clock": 1.41e9, "f16": 312e12, "tf32": 156e12,
        "mma_share": 1.0, "l2": 4.0e12, "memory": 2.04e12, "fp32_lanes": 64},
}
SOURCES = {
    "multiprocessors, dense peaks, device memory": "NVIDIA's H100 and A100 datasheets and architecture whitepapers",
    "clock": "the whitepapers' boost clock; 4096 (H100) and 2048 (A100) flop per clock and multiprocessor give the peaks",
    "mma.sync on Hopper, 62 % of the dense peak": "taken over from the project's notes on performance, as measured by "
    "others (compare arXiv:2402.13499); not checked by us. On A100 mma.sync is how the peak is reached",
    "L2, 5.5 and 4.0 TB/s": "taken over from the brief of this count, of the order of what others measure; not checked "
    "by us, and the least certain number here",
    "wgmma, all of the dense peak": "NVIDIA's whitepaper; 855 to 883 TFLOP/s measured from local memory on an H200, "
    "Benchmarks/results/2026-11-28-h200; that it reads both tiles from local memory for each product is an assumption",
    "local memory, 128 bytes per clock and multiprocessor; copies written there count as reads do": "whitepapers (32 "
    "banks of 4 bytes); that writes of cp.async cost the same is an assumption",
    "issue, 4 warp instructions per clock and multiprocessor": "whitepapers (4 schedulers)",
    "fp32 and special function lanes, 128 / 64 and 16 per clock and multiprocessor": "CUDA C++ Programming Guide, "
    "throughput of native arithmetic instructions",
}
LOCAL_BYTES, ISSUE, SPECIAL_LANES = 128, 4, 16
FLOP = {"f16": 4096, "bf16": 4096, "tf32": 2048, "tf32x3": 2048}  # of an mma instruction


def copy_bytes(loop):
    return 512 * loop.get("LDGSTS", 0)  # 16 bytes for each lane


def local_bytes(loop):
    # ldmatrix.x4: four matrices of 128 bytes; wgmma: 32 bytes of each row of both tiles, for four warps
    return 512 * loop.get("LDSM", 0) + 8 * (64 + loop.get("wgmma_columns", 0)) * loop.get("HGMMA", 0) + copy_bytes(loop)


def turn_flop(loop, kind, passes):
    """Useful flop of a warp in one turn: three products of tf32 are one of fp32."""
    if "HGMMA" in loop:
        return loop["HGMMA"] * 2 * 64 * loop["wgmma_columns"] * 16 / 4
    return loop["HMMA"] * FLOP[kind] / passes


def peak(gpu, kind, passes):
    """The dense peak of the engine in useful flop per second."""
    return gpu["tf32" if kind.startswith("tf32") else "f16"] / passes


def unit_rates(gpu, loop, kind, passes):
    """Useful flop per second that each unit allows in the loop."""
    flop = turn_flop(loop, kind, passes)
    clocks = gpu["processors"] * gpu["clock"]
    share = 1 if "HGMMA" in loop else gpu["mma_share"]
    rates = {"mma": peak(gpu, kind, passes) * share, "issue": ISSUE * clocks * flop / loop["instructions"]}
    if local_bytes(loop):
        rates["local memory"] = LOCAL_BYTES * clocks * flop / local_bytes(loop)
    if copy_bytes(loop):
        rates["L2"] = gpu["l2"] * flop / copy_bytes(loop)
    if loop.get("MUFU"):
        rates["special functions"] = SPECIAL_LANES / 32 * clocks * flop / loop["MUFU"]
    if loop.get("fp32"):
        rates["fp32"] = gpu["fp32_lanes"] / 32 * clocks * flop / loop["fp32"]
    return rates


def predict(gpu, loop, kind, passes):
    """The lowest of the rates, its share of the dense peak, and its unit."""
    rates = unit_rates(gpu, loop, kind, passes)
    unit = min(rates, key=rates.get)
    return rates[unit], rates[unit] / peak(gpu, kind, passes), unit


def shape_bytes(rows, columns, depth, size):
    """Bytes that a product moves between device memory and the chip, each operand and the result once."""
    return size * (rows * depth + columns * depth + rows * columns)


def layer_time(gpu, row, rows, columns, depth):
    """Seconds of a dense layer, by count, and what bounds it; `row` is a row of results of `linear_mma`.

    A multiprocessor works through its share of the groups, all of which are as long as the slowest unit needs. Where two
    groups or more fit, the end of one overlaps with the turns of another; else it adds to them.
    """
    sizes, loop, kind = row["sizes"], row["loop"], row["kind"]
    warps = row["items"] // 32
    chunk = 4 if kind.startswith("tf32") else 8
    turns = -(-depth // (sizes["tileChunks"] * chunk))
    groups = -(-rows // sizes["tileRows"]) * -(-columns // sizes["tileColumns"])
    share = -(-groups // gpu["processors"])
    clocks, flop = gpu["clock"], turn_flop(loop, kind, row["passes"]) * warps * turns
    rates = unit_rates(gpu, loop, kind, row["passes"])
    seconds = {unit: flop * gpu["processors"] / rate for unit, rate in rates.items()}
    end = row["end"]["instructions"] * warps / ISSUE / clocks
    if row["groups"] >= 2:
        seconds["issue"] += end
        group = max(seconds.values())
    else:
        group = max(seconds.values()) + end
    unit = max(seconds, key=seconds.get)
    total, memory = share * group, shape_bytes(rows, columns, depth, 16 // chunk) / gpu["memory"]
    return (memory, "device memory") if memory > total else (total, unit)
