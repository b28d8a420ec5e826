#!/usr/bin/env bash
# Digests of six fixed runs: checkpoint, samples, their ln q, and metrics without times. A change that is to leave results alone
# prints the same lines as the commit before it, on the same machine and adapter.
#   tools/fixed_runs.sh [target/release/han-gpu] > before
# HAN_GPU_TEST_DEVICE names the adapter of the three runs on a GPU, as in tools/test.sh.
set -euo pipefail
program=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/han-gpu}")
gpu=${HAN_GPU_TEST_DEVICE:-0}
export NODEVICE_SELECT=1 HAN_GPU_CACHE=none
# Networks of twenty steps are suspect, and every command says so.
exec 2> >(grep -v WARNING >&2)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Name, device and settings of a run.
fixed_run() {
    local name=$1 device=$2
    shift 2
    "$program" -q train --device "$device" --batch 64 --steps 20 --objective reverse --seed 7 --out "$name" "$@" \
        --set baseline=global --set metrics_every=5 --set evaluation_samples=100 --set verification_samples=0 >/dev/null
    "$program" -q sample "$name" --device "$device" --count 100 --seed 3 --out "$name.npz" >/dev/null
    "$program" -q evaluate "$name" --device "$device" --spins "$name.npz" --out "$name.npy" >/dev/null
    # The last two columns are times.
    sed 's/,[^,]*,[^,]*$//' "$name/metrics.csv" >"$name.metrics"
    for file in "$name/checkpoint.safetensors" "$name.npz" "$name.npy" "$name.metrics"; do
        sha256sum "$file"
    done
}

fixed_run cpu-8-published cpu --size 8 --preset published
fixed_run cpu-16 cpu --size 16
fixed_run cpu-64 cpu --size 64
fixed_run gpu-8 "$gpu" --size 8 --field 0.2
fixed_run gpu-32-published "$gpu" --size 32 --preset published
fixed_run gpu-16-f16 "$gpu" --size 16 --set storage=f16
