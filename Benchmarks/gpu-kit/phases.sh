# SPDX-License-Identifier: Apache-2.0
#
# The parts of run.sh. Each writes JSON lines to "$part", which a phase adds to the results however the part has ended.

failed=
torch=
precisions= products= pairs=
finished=
say() { printf '%s\n' "$*" | tee -a "$log"; }

# phase NAME SECONDS FUNCTION ARGUMENT...: runs a part, within so many seconds and what is left of the budget.
phase() {
  local name=$1 limit=$2 start=$SECONDS status=0 came
  shift 2
  part=$work/part.jsonl
  # What is left for the summary.
  local left=$((budget - SECONDS - 10))
  [ "$limit" -le "$left" ] || limit=$left
  if [ "$limit" -lt 3 ]; then
    say "[$SECONDS s] $name: no time left"
    printf '{"phase":"%s","status":"no time left","seconds":0}\n' "$name" >>"$results"
    return
  fi
  say "[$SECONDS s] $name, at most $limit s"
  rm -f "$part"
  deadline=$((SECONDS + limit))
  "$@" || status=$?
  case $status in
    0) came=done ;;
    124 | 137) came="cut after $limit s" ;;
    *) came="failed with status $status" failed="$failed $name;" ;;
  esac
  # Whole lines of the part: a line that was being written when the time was up has no end.
  if [ -f "$part" ]; then
    while IFS= read -r line; do printf '%s\n' "$line"; done <"$part" >>"$results"
  fi
  printf '{"phase":"%s","status":"%s","seconds":%d}\n' "$name" "$came" "$((SECONDS - start))" >>"$results"
  [ "$came" = done ] || say "[$SECONDS s] $name: $came"
}

# Runs the tool within the phase's time. What it says goes to the log, and its last lines to the screen.
limited() { limited_as tool "$@"; }

# limited_as NAME ARGUMENT...: the same for one of several at once, which need names.
limited_as() {
  local status=0 left=$((deadline - SECONDS)) said=$work/$1.out complaints=$work/$1.err
  shift
  [ "$left" -gt 0 ] || return 124
  LD_LIBRARY_PATH=$libraries${driver_folders:+:$driver_folders}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    timeout -k 5 "$left" "$here/bert" "$@" >"$said" 2>"$complaints" &
  attended || status=$?
  cat "$said" "$complaints" >>"$log"
  tail -n 40 "$said" | cut -c 1-200
  tail -n 3 "$complaints" | cut -c 1-600
  return $status
}

# Waits for what was started last, in a way that a signal to this script ends both.
attended() {
  local job=$!
  # A part that runs beside others is a shell of its own, which has lost the script's own trap.
  [ "$BASHPID" = $$ ] || trap 'kill "$job" 2>/dev/null' TERM
  wait "$job"
}

devices() {
  limited devices || return
  bert devices --json 2>>"$log" | tr -d '\n' >"$part"
  echo >>"$part"
}

# Sets $device, its type, and the sizes that suit it.
choose_device() {
  local line selector= auto= json
  json=$(bert devices --json 2>/dev/null)
  [[ $json =~ \"auto\":\ *\"([^\"]*)\" ]] && auto=${BASH_REMATCH[1]}
  device=${device:-$auto}
  device_type=
  while IFS= read -r line; do
    [[ $line =~ \"selector\":\ *\"([^\"]*)\" ]] && selector=${BASH_REMATCH[1]}
    [[ $selector = "$device" && $line =~ \"type\":\ *\"([^\"]*)\" ]] && device_type=${BASH_REMATCH[1]}
  done <<<"$json"
  case "$device" in
    opencl:*) say "device: $device ($device_type)" ;;
    *) say "no OpenCL device; \`bert devices\` lists what there is"; failed=" no device"; return 1 ;;
  esac
  # By importance: what does not fit into the time is left out from the end.
  if [ -n "$quick" ] || [ "$device_type" != gpu ]; then
    inputs="1x16 8x16 8x128-ragged 1x128"
    few="8x128-ragged"
    gemm_shapes=128x768x768,128x3072x768,512x768x768,512x512x512
    gemm_few=128x768x768
    seconds=0.3 most_tokens=256 most_length=128
  else
    inputs="1x128 32x128 32x128-ragged 1x16 128x128-ragged 128x128 32x512-ragged 32x512 8x128-ragged 8x128 1x512
      128x512-ragged 128x512 8x512-ragged 8x512 32x16 32x16-ragged 128x16 128x16-ragged 8x16 8x16-ragged"
    few="32x128-ragged 1x128 128x128-ragged 32x128"
    gemm_shapes=16x2304x768,16x768x768,16x3072x768,16x768x3072,128x2304x768,128x768x768,128x3072x768,128x768x3072
    gemm_shapes=$gemm_shapes,4096x2304x768,4096x768x768,4096x3072x768,4096x768x3072
    gemm_shapes=$gemm_shapes,1024x1024x1024,2048x2048x2048,4096x4096x4096,8192x8192x8192
    gemm_few=128x3072x768,4096x3072x768,4096x4096x4096
    seconds=0.25 most_tokens=2048 most_length=512
  fi
}

# What this binary computes on this device: tried, since a build may know more or fewer. All at once, for the compiler's
# sake. What has not answered in time is kept: the parts that use it say more.
supported() {
  local precision product values job
  local -A jobs=()
  precisions= products= pairs=
  for precision in float32 float16 bfloat16; do
    limited_as "try-$precision" bench "$here/configs/tiny" --device "$device" --precision "$precision" \
      --inputs "$here/inputs/tiny.safetensors" --repeat 1 --warmup 0 --json "$work/tried-$precision.json" &
    jobs[$precision]=$!
  done
  # The names that the help lists behind "values:".
  values=$(bert bench-gemm --help 2>/dev/null | tr '\n' ' ' | tr -s ' ')
  [[ $values =~ --matrix-product.*values:\ ([^\)]*)\) ]] && values=${BASH_REMATCH[1]//,/} || values=
  for product in $values; do
    # The CPU's product needs the CPU's form of the kernels, and CLBlast is no kernel of ours.
    [ "$product" = clblast ] || { [ "$product" = panels ] && [ "$device_type" = gpu ]; } && continue
    for precision in float32 float16; do
      limited_as "try-$product-$precision" bench-gemm --device "$device" --matrix-product "$product" \
        --precision "$precision" --shapes 64x64x64 --seconds 0.01 --json "$work/tried-$product-$precision.json" &
      jobs[$product:$precision]=$!
    done
  done
  for precision in float32 float16 bfloat16; do
    tried "${jobs[$precision]}" && precisions="$precisions${precisions:+ }$precision"
  done
  for product in $values; do
    for precision in float32 float16; do
      job=${jobs[$product:$precision]:-}
      [ -n "$job" ] && tried "$job" && ! is_emulated "$product-$precision" && pairs="$pairs $product:$precision"
    done
    case "$pairs " in *" $product:"*) products="$products${products:+ }$product" ;; esac
  done
  [ -n "$precisions" ]
}

# Whether a GPU has no engine for a product, and emulates one: nobody wants to wait for that.
is_emulated() {
  [ "$device_type" = gpu ] && grep -q '"matrix_engine": *"emulated"' "$work/tried-$1.json" 2>/dev/null
}

# takes PRODUCT PRECISION: whether a trial has shown that; bfloat16 goes with float16.
takes() { case "$pairs " in *" $1:${2/bfloat16/float16} "*) ;; *) return 1 ;; esac; }

# Whether a trial has gone well, or has had too little time to end.
tried() {
  local status=0
  wait "$1" || status=$?
  [ $status -eq 0 ] || [ $status -eq 124 ]
}

# Those of the precisions named that run here, in the order named.
in_order() {
  local precision
  for precision; do case " $precisions " in *" $precision "*) echo "$precision" ;; esac; done
}

# All precisions at once, operations and whole models apart: most of the time goes into the driver's compiler, which takes
# one processor of each process. Whole models hold where each of the operations does, and show that they are put together
# as they should be.
verify() {
  local precision status=0 each=$((limit * 8 / 10)) job jobs=() models=models:forward,models:switches,models:decoder,models:heads
  for precision in $precisions; do
    limited_as "operations-$precision" verify --device "$device" --precision "$precision" --time-limit "$each" \
      --json "$work/verified-$precision-operations.json" &
    jobs+=($!)
    limited_as "models-$precision" verify --device "$device" --precision "$precision" --time-limit "$each" \
      --goldens "$here/goldens" --groups "$models" --json "$work/verified-$precision-models.json" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || status=$?; done
  for precision in $precisions; do
    for each in "$work/verified-$precision"-{operations,models}.json; do [ ! -f "$each" ] || cat "$each" >>"$part"; done
  done
  return $status
}

verify_product() {
  local precision status=0 each
  for precision in $precisions; do
    takes "$1" "$precision" || continue
    each=$work/product.json
    limited verify --device "$device" --precision "$precision" --matrix-product "$1" --groups linear,feed_forward \
      --time-limit "$((limit / 4 + 1))" --json "$each" || status=$?
    [ ! -f "$each" ] || cat "$each" >>"$part"
    rm -f "$each"
  done
  return $status
}

verify_gradients() {
  limited verify --device "$device" --gradients --groups gradients --time-limit "$((limit * 8 / 10))" --json "$part"
}

gemm() {
  limited bench-gemm --device "$device" --precision "$1" --shapes "$gemm_shapes" --seconds "$seconds" --json "$part"
}

# The products beside each other, in the precisions that they take.
gemm_products() {
  local precision product each=$work/product.jsonl
  for precision in $(in_order float32 float16); do
    for product in $products; do
      takes "$product" "$precision" || continue
      rm -f "$each"
      limited bench-gemm --device "$device" --precision "$precision" --matrix-product "$product" --shapes "$gemm_few" \
        --seconds "$seconds" --json "$each" || [ $? -ne 124 ] || return 124
      [ ! -f "$each" ] || cat "$each" >>"$part"
    done
  done
}

tune() {
  limited tune "$work/bert-base" --device "$device" --precision "$1" --max-tokens "$most_tokens" --max-length "$most_length"
}

# measure MODEL PRECISION: forward passes on every input, from tensors in host memory to tensors in host memory.
measure() {
  local name arguments=()
  for name in $inputs; do arguments+=(--inputs "$here/inputs/$name.safetensors"); done
  limited bench "$work/$1" --device "$device" --precision "$2" "${arguments[@]}" --seconds "$seconds" --json "$part"
}

# Whether Python has PyTorch; asked once, since importing it takes seconds.
has_torch() {
  [ -n "$python" ] || return 1
  if [ -z "$torch" ]; then
    torch=no
    if timeout 90 "$python" -c 'import torch, transformers; print("PyTorch", torch.__version__, "transformers", transformers.__version__, "CUDA", torch.cuda.is_available())' \
      >"$work/torch.txt" 2>&1; then torch=yes; fi
    say "$(tail -n 1 "$work/torch.txt")"
    [ $torch = yes ] || say "no PyTorch with transformers behind $python: nothing to compare with"
  fi
  [ "$torch" = yes ]
}

# peer ARGUMENT...: PyTorch on the same configurations and inputs.
peer() {
  local status=0 names=$inputs arguments=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --few) names=$few ;;
      --model) arguments+=(--model "$here/configs/$2"); shift ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
  # It ends by itself before it would be stopped; -u: lines are there as soon as they are written.
  timeout -k 5 "$((deadline - SECONDS))" "$python" -u "$here/compare.py" "${arguments[@]}" --inputs "$here/inputs" --names "$names" \
    --seconds "$seconds" --time-limit "$((limit - 2))" --device-type "${device_type/accelerator/gpu}" --json "$part" \
    >"$work/out.txt" 2>"$work/err.txt" &
  attended || status=$?
  cat "$work/out.txt" "$work/err.txt" >>"$log"
  tail -n 40 "$work/out.txt"
  tail -n 3 "$work/err.txt" | cut -c 1-600
  return $status
}

# Tables and plots of what there is, once, however the script ends.
finish() {
  [ -z "$finished" ] || return 0
  finished=yes
  bert bench-summary "$results" --plots "$output" >"$output/summary.md" 2>>"$log" || say "no summary could be made: see $log"
  say "[$SECONDS s] done; $output has: $(cd "$output" && echo *)"
}
