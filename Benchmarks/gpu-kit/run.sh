#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves and measures swift-bert on this host: finds the GPU driver's OpenCL library, checks every operation against
# double precision, tunes, measures BERT-base and MiniLM beside PyTorch where Python has it, and writes tables and plots.
# Needs bash, coreutils and a GPU driver; a CPU with PoCL does as well, with smaller sizes.
#
#   ./run.sh [--budget SECONDS] [--output FOLDER] [--device opencl:P:D] [--python PROGRAM | --no-python] [--quick]
#
# --budget   seconds for everything, default 540: phases in order of importance, each within a share of what is left
# --output   default: results, beside this script; at most 8 files; a rerun replaces them
# --device   as `bert devices` lists it; default: the best one
# --python   a Python that has PyTorch and transformers to compare with, default python3; --no-python compares with nothing
# --quick    the sizes of a CPU, whatever the device is
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
budget=540 output=$here/results device= python=python3 quick=
while [ $# -gt 0 ]; do
  case "$1" in
    --budget | --output | --device | --python)
      [ $# -ge 2 ] || { echo "run.sh: $1 needs a value; see --help" >&2; exit 64; }
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    --no-python) python= ;;
    --quick) quick=yes ;;
    -h | --help) sed -n '4,16s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run.sh: unknown argument $1; see --help" >&2; exit 64 ;;
  esac
  shift
done
case "$budget" in '' | *[!0-9]*) echo "run.sh: --budget is a number of seconds" >&2; exit 64 ;; esac
mkdir -p "$output" || { echo "run.sh: cannot write to $output; name a folder with --output" >&2; exit 1; }
output=$(cd "$output" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/swift-bert-kit.XXXXXX") || { echo "run.sh: no temporary folder" >&2; exit 1; }
SECONDS=0
log=$output/log.txt results=$output/results.jsonl
rm -f "$output"/{log.txt,results.jsonl,summary.md} "$output"/*.svg
: >"$log"
: >"$results"
export XDG_CACHE_HOME=$work/cache  # tuned and compiled by this run alone, so that a rerun is one
mkdir -p "$XDG_CACHE_HOME"
. "$here/drivers.sh"
. "$here/phases.sh"
trap 'finish; rm -rf "$work"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

say "swift-bert kit, $(date -u +%Y-%m-%dT%H:%M:%SZ), budget $budget s, results in $output"
say "$(uname -srm); $(nproc) processors"
find_drivers
libraries=$here/lib
add_fallbacks
bert() { LD_LIBRARY_PATH=$libraries${driver_folders:+:$driver_folders}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$here/bert" "$@"; }

# Weights are made while the device is looked at: they need a processor and no device.
for name in bert-base minilm; do
  LD_LIBRARY_PATH=$libraries nice "$here/bert" init "$here/configs/$name" "$work/$name" --seed 1 >>"$log" 2>&1 &
done

phase devices 20 devices
choose_device || exit 1
phase supported "$((budget / 9))" supported
[ -n "$precisions" ] || { say "no precision is known to run on $device: see $log"; exit 1; }
say "precisions: $precisions; matrix products: $products"
phase verify "$((budget / 5))" verify
for precision in $precisions; do phase "gemm $precision" "$((budget / 18))" gemm "$precision"; done
wait
# Choices are kept for each precision. Half precision is what a GPU is bought for, so it comes first.
for precision in $(in_order float16 float32); do
  phase "tune $precision" "$((budget / 9))" tune "$precision"
  phase "bert-base $precision" "$((budget / 12))" measure bert-base "$precision"
done
has_torch && phase "PyTorch gemm" "$((budget / 18))" peer --gemm "$gemm_shapes"
has_torch && phase "PyTorch bert-base" "$((budget / 6))" peer --model bert-base --modes eager,sdpa
for precision in $(in_order float16 float32); do
  phase "minilm $precision" "$((budget / 18))" measure minilm "$precision"
done
has_torch && phase "PyTorch minilm" "$((budget / 12))" peer --model minilm --modes sdpa,eager
phase "gemm products" "$((budget / 12))" gemm_products
for precision in $(in_order bfloat16); do
  phase "tune $precision" "$((budget / 12))" tune "$precision"
  phase "bert-base $precision" "$((budget / 12))" measure bert-base "$precision"
  phase "minilm $precision" "$((budget / 18))" measure minilm "$precision"
done
for product in $products; do phase "verify product $product" "$((budget / 18))" verify_product "$product"; done
# Last, because it compiles for long: what it does not reach is left out.
has_torch && phase "PyTorch compile" "$budget" peer --model bert-base --modes compile --few
phase "verify gradients" "$((budget / 4))" verify_gradients
finish
wait
[ -z "$failed" ] || { say "FAILED:$failed"; exit 1; }
