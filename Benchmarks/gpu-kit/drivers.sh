# SPDX-License-Identifier: Apache-2.0
#
# Finds the OpenCL libraries of GPU drivers on a host that has registered none. Sourced by run.sh, which says `say`.

# Where distributions and container runtimes put the libraries of drivers. bash's globs, since a bare host may lack find.
driver_places() {
  local folder
  shopt -s nullglob globstar
  IFS=: read -ra given <<<"${LD_LIBRARY_PATH:-}"
  for folder in "${given[@]}" /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu /usr/lib64 /lib64 /usr/lib \
    /usr/lib/x86_64-linux-gnu/nvidia/** /usr/lib/nvidia* /usr/lib64/nvidia* /usr/local/nvidia/** /usr/local/cuda/lib64 \
    /usr/local/cuda/compat /usr/lib/wsl/lib /usr/lib/wsl/drivers/* /run/opengl-driver/lib /usr/local/lib \
    /usr/local/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/intel-opencl /usr/lib64/intel-opencl /opt/rocm*/lib \
    /opt/rocm*/opencl/lib /opt/amdgpu*/lib/x86_64-linux-gnu /opt/intel/**/lib; do
    [ -d "$folder" ] && printf '%s\n' "${folder%/}"
  done
  shopt -u nullglob globstar
}

# Makes a folder of .icd files: those that the host has, and one for each driver found that none of them names. Exports
# OCL_ICD_VENDORS; sets $driver_folders, which libraries of a driver need on LD_LIBRARY_PATH to find each other.
# SWIFT_BERT_KIT_VENDORS replaces /etc/OpenCL/vendors, for tests.
find_drivers() {
  local registered=${SWIFT_BERT_KIT_VENDORS:-/etc/OpenCL/vendors} folder=$work/vendors file library name kind
  local -A known=()
  driver_folders=
  mkdir -p "$folder"
  for file in "$registered"/*.icd; do
    [ -f "$file" ] || continue
    cp "$file" "$folder/" && say "registered: $file: $(head -n 1 "$file")"
    IFS= read -r name <"$file" || true
    name=${name##*/}
    known[${name%%.so*}]=yes
  done
  while IFS= read -r place; do
    for kind in libnvidia-opencl libamdocl64 libigdrcl libpocl; do
      [ -z "${known[$kind]:-}" ] || continue
      # The name with the fewest version numbers behind .so is the one that its own updates keep.
      for library in "$place/$kind.so.1" "$place/$kind.so" "$place/$kind".so.*; do
        [ -e "$library" ] || continue
        known[$kind]=yes
        printf '%s\n' "$library" >"$folder/$kind.icd"
        driver_folders=$driver_folders${driver_folders:+:}$place
        say "found: $library, in no .icd file"
        break
      done
    done
  done < <(driver_places)
  export OCL_ICD_VENDORS=$folder
  [ ${#known[@]} -gt 0 ] && return
  say "no OpenCL driver found (libnvidia-opencl.so.1, libamdocl64.so, libigdrcl.so, libpocl.so)"
  while IFS= read -r place; do
    [ -e "$place/libcuda.so.1" ] || continue
    say "$place/libcuda.so.1 is there: NVIDIA's driver without its OpenCL part; in a container, allow the capability"
    say "'compute' (NVIDIA_DRIVER_CAPABILITIES=compute,utility), or install libnvidia-opencl1"
    break
  done < <(driver_places)
}

# Adds the compiler's run-time libraries where the host lacks them. The host's own come first: a driver may need newer
# ones than these.
add_fallbacks() {
  local name place
  for name in libstdc++.so.6 libgcc_s.so.1; do
    while IFS= read -r place; do [ -e "$place/$name" ] && continue 2; done < <(driver_places)
    say "no $name on this host: the kit's is used"
    mkdir -p "$work/lib"
    ln -sf "$here/lib/fallback/$name" "$work/lib/$name"
    libraries=$here/lib:$work/lib
  done
}
