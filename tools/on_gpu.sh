#!/usr/bin/env bash
# Everything that waits for a real graphics card, as one command that ends within nine minutes and needs no compiler.
#
# Where the compiler is, gather the binaries and these tools in a folder:
#   tools/on_gpu.sh --pack packed
# On the machine with the card, with this folder (its own copy of the script serves as well as that of the repository):
#   tools/on_gpu.sh --binaries packed --out results
#
# results/ gets summary.md (tables for docs/PERFORMANCE.md, and what is missing and why), test-failures.txt where tests failed, and
# raw.tar.gz (what every command printed). All three are written again after every command, so that a stop loses little.
#
#   --binaries DIR      the packed folder (default: the one that holds this script)
#   --out DIR           where results go (default: on-gpu)
#   --device D          index or name of an adapter (default: the first discrete GPU)
#   --minutes N         all time together (default 9); every part gets its share, and what earlier parts left over
#   --only PART         one part, and the facts; may be given several times: suite, steps, torch, variants, f16
#   --budget PART=S     so many seconds for a part instead of its share
#   --python PROGRAM    an interpreter for the summary, and with PyTorch for the comparison (default: python3)
#   --smoke             small sizes, to try the script on a software adapter
#
# Exit code: 0 if nothing that was asked for is missing, 1 if something is, 2 for wrong usage.
set -euo pipefail

tools=$(cd "$(dirname "$0")" && pwd)
parts=(facts suite steps torch variants f16)
# Seconds of nine minutes; the rest is for what ends late, and the summary.
declare -A share=([facts]=10 [suite]=150 [steps]=130 [torch]=80 [variants]=90 [f16]=50)
declare -A budget=()
# Modules of the suite, those first that a card is most likely to fail. Left out are those that read the sources, which are not
# there, or test what no card takes part in.
modules=(kernels single_kernels tensor_kernels normalisation gradients boxes training windows embed tuning physics measure memory baselines faults shaders cli)
readers_of_sources=(nothing_depends_on_a_clock_that_can_jump)

networks=(published default)
batch=1024
repeats=10
sizes=(32 64 128 16)
large=(512 1024)
large_batches=(64 16 4)
torch_sizes=(32 64 128)
variant_sizes=(64 128 32)
storage_sizes=(32 64 128)
kl_size=16
kl_steps=1000

stop() {
    echo "$1" >&2
    exit 2
}

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
}

# --- Packing ---

pack() {
    local folder=$1 suite
    cd "$tools/.."
    cargo build --release
    suite=$(cargo test --release --no-run --test suite --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\/suite-[^"]*\)".*/\1/p')
    mkdir -p "$folder/lib"
    cp "${CARGO_TARGET_DIR:-target}/release/han-gpu" "$folder/han-gpu"
    cp "$suite" "$folder/suite"
    if command -v strip >/dev/null; then strip "$folder/han-gpu" "$folder/suite"; fi
    cp tools/{on_gpu.sh,on_gpu_summary.py,performance_table.py,compare_torch.py,han_torch.py} "$folder"
    git describe --always --dirty >"$folder/commit"
    carry_loader "$folder/lib"
    echo "$(du -sm "$folder" | cut -f1) MiB in $folder, from $(cat "$folder/commit")."
}

# Where a card's machine has a driver, it may still lack the Vulkan loader.
carry_loader() {
    local library
    library=$(ldconfig -p 2>/dev/null | sed -n 's/.*libvulkan\.so\.1 .*=> //p' | head -n 1)
    if [ -n "$library" ]; then cp -L "$library" "$1/libvulkan.so.1"; fi
}

# --- Commands within a budget ---

# Runs a command for as long as its part may still take, or `most` seconds. Its output goes to NAME.out, its messages to NAME.err.
piece() {
    local name=$1 left code=0 began=$SECONDS state
    shift
    left=$((deadline - SECONDS))
    if ((most > 0 && most < left)); then left=$most; fi
    if ((left < 1)); then
        note "$name" "not run" 0 "$@"
        return 1
    fi
    echo "$part: $name, at most $left s." >&2
    timeout --kill-after=5 "$left" "$@" >"$raw/$name.out" 2>"$raw/$name.err" </dev/null || code=$?
    case $code in
        0) state="ok" ;;
        124 | 137) state="cut" ;;
        *) state="failed" ;;
    esac
    note "$name" "$state" $((SECONDS - began)) "$@"
    refresh
    [ "$state" = ok ]
}

note() {
    local name=$1 state=$2 seconds=$3
    shift 3
    [ "$state" = ok ] || complete=false
    printf '%s\t%s\t%s\t%s\t%s\n' "$part" "$name" "$state" "$seconds" "$*" >>"$raw/pieces.tsv"
}

# A part, or the rest of it, that is left out for a reason.
skip() {
    echo "$part: $1" >&2
    echo "$1" >"$raw/$part.skipped"
    complete=false
}

# The summary and the archive as of now.
refresh() {
    local text
    tar -C "$raw" -czf "$out/.raw.tar.gz" . && mv "$out/.raw.tar.gz" "$out/raw.tar.gz"
    if text=$("$python" "$tools/on_gpu_summary.py" "$raw" --failures "$out/test-failures.txt" 2>"$raw/summary.err"); then
        printf '%s\n' "$text" >"$out/.summary.md" && mv "$out/.summary.md" "$out/summary.md"
    else
        echo "The summary could not be made here; \`tools/on_gpu_summary.py\` makes it of the unpacked raw.tar.gz." >"$out/summary.md"
    fi
}

# --- Device ---

# A card's driver is found only through the loader, and where the loader looks.
find_driver() {
    local found=""
    if ! ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' && [ -e "$binaries/lib/libvulkan.so.1" ]; then
        export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$binaries/lib"
    fi
    if [ -z "${VK_DRIVER_FILES:-}${VK_ADD_DRIVER_FILES:-}" ]; then
        found=$(find /usr/local/nvidia/share/vulkan/icd.d -name '*.json' 2>/dev/null | paste -sd: -) || true
        if [ -n "$found" ]; then export VK_ADD_DRIVER_FILES=$found; fi
    fi
}

# Sets `device` to the index of the first discrete GPU, unless it is given; fails where it cannot be opened.
choose_device() {
    timeout 30 "$han" devices >"$raw/devices.txt" 2>&1 || true
    timeout 30 "$han" devices --json >"$raw/devices.json" 2>/dev/null || true
    if [ -z "$device" ]; then
        device=$(sed -n 's/^\([0-9][0-9]*\) .*: Discrete GPU, .*/\1/p' "$raw/devices.txt" | head -n 1)
        if [ -z "$device" ]; then no_device "There is no discrete GPU here; --device names another adapter."; fi
    fi
    case $device in
        auto | cpu) no_device "--device must be the index or the name of an adapter, and not $device." ;;
    esac
    timeout 60 "$han" bench --size 4 --batch 2 --repeats 1 --device "$device" >/dev/null 2>"$raw/open.err" ||
        no_device "The adapter \"$device\" cannot be used: $(grep -v '^ *$' "$raw/open.err" | tail -n 1)"
}

no_device() {
    echo "$1" >"$raw/no-device"
    cat "$raw/devices.txt" >&2
    refresh
    stop "$1"
}

# A number of the adapter that was opened, as `devices --json` names it; nothing where it is null.
of_adapter() {
    local name
    name=$(sed -n 's/^device \(.*\) ([^()]*); .*/\1/p' "$raw/open.err" | tail -n 1)
    awk -v name="\"name\": \"$name\"," -v key="\"$1\":" \
        'index($0, "\"name\":") { here = index($0, name) } here && $1 == key { sub(",", "", $2); print $2; exit }' \
        "$raw/devices.json" | grep -v null || true
}

# --- Parts ---

run_facts() {
    {
        echo "commit: $(cat "$binaries/commit" 2>/dev/null || echo unknown)"
        echo "version: $("$han" --version)"
        echo "date: $(date -u '+%Y-%m-%d %H:%M UTC')"
        echo "system: $(uname -srm)"
        echo "processors: $(nproc) of $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
        echo "device: $(sed -n 's/^device \(.*\); .*/\1/p' "$raw/open.err" | tail -n 1)"
        echo "command: $command_line"
    } >"$raw/facts.txt"
    piece facts-devices cat "$raw/devices.json" || true
    if command -v nvidia-smi >/dev/null; then
        piece facts-nvidia-smi nvidia-smi \
            --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv || true
    fi
}

run_suite() {
    local module skipped=() longest=$(((deadline - SECONDS) / 3 + 1))
    for test in "${readers_of_sources[@]}"; do skipped+=(--skip "$test"); done
    piece suite-list "$binaries/suite" --list --format terse || true
    printf '%s\n' "${modules[@]}" >"$raw/suite-modules.txt"
    printf '%s\n' "${readers_of_sources[@]}" >"$raw/suite-skipped.txt"
    for module in "${modules[@]}"; do
        # A module that hangs leaves time to those behind it.
        most=$longest
        piece "suite-$module" env NODEVICE_SELECT=1 HAN_GPU_CACHE=none HAN_GPU_TEST_DEVICE="$device" \
            HAN_GPU_TEST_PROGRAM="$han" "$binaries/suite" "$module::" "${skipped[@]}" || true
        most=0
    done
}

# `bench` of a network as a piece: the piece's name, network, size, batch and further options.
bench() {
    local name=$1 network=$2 size=$3 configurations=$4
    shift 4
    local words=(bench --size "$size" --batch "$configurations" --device "$device" --json)
    if [ "$network" = published ]; then words+=(--preset published); fi
    piece "$name" "$han" "${words[@]}" "$@" || true
}

# The largest batch whose state takes no more than half of the adapter's memory.
fitting_batch() {
    local network=$1 size=$2 memory needed configurations words=()
    memory=$(of_adapter memory_bytes)
    if [ "$network" = published ]; then words=(--preset published); fi
    for configurations in "${large_batches[@]}"; do
        needed=$("$han" plan --size "$size" --batch "$configurations" "${words[@]}" --json |
            sed -n 's/.*"gpu_memory_bytes": *\([0-9]*\).*/\1/p')
        if ((needed * 2 <= ${memory:-2147483648})); then break; fi
    done
    echo "$configurations"
}

run_steps() {
    local network size
    for size in "${sizes[@]}"; do
        for network in "${networks[@]}"; do
            bench "steps-$network-$size" "$network" "$size" "$batch" --repeats "$repeats"
        done
    done
    for size in "${large[@]}"; do
        for network in "${networks[@]}"; do
            bench "large-$network-$size" "$network" "$size" "$(fitting_batch "$network" "$size")" --repeats 3
        done
    done
}

run_torch() {
    local round size
    if ! timeout 60 "$python" -c 'import torch; torch.__version__' 2>/dev/null; then
        skip "\`import torch\` fails with $python, so there is no comparison with PyTorch."
        return
    fi
    if ! timeout 60 "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
        skip "PyTorch has no CUDA here, so there is no comparison with it."
        return
    fi
    for round in 1 2 3; do
        for size in "${torch_sizes[@]}"; do
            piece "torch-$size-$round" "$python" "$tools/compare_torch.py" --program "$han" --python "$python" \
                --device "$device" --torch-device cuda --batch "$batch" --sizes "$size" --rounds 1 --json || true
        done
    done
}

run_variants() {
    local network size
    for size in "${variant_sizes[@]}"; do
        for network in "${networks[@]}"; do
            bench "variants-$network-$size" "$network" "$size" "$batch" --variants
        done
    done
}

run_f16() {
    local storage size
    for storage in f32 f16; do
        piece "kl-$storage" "$han" train --device "$device" --size "$kl_size" --steps "$kl_steps" --seed 1 \
            --set storage="$storage" --set evaluation_samples=20000 --set verification_samples=0 \
            --out "$work/$storage" --json || true
    done
    for size in "${storage_sizes[@]}"; do
        for storage in f32 f16; do
            bench "storage-$storage-$size" default "$size" "$batch" --storage "$storage" --repeats "$repeats"
        done
    done
}

# --- All of it ---

smoke() {
    batch=64
    repeats=2
    sizes=(8 16)
    large=(32)
    large_batches=(4)
    torch_sizes=(8)
    variant_sizes=(8)
    storage_sizes=(8)
    kl_size=8
    kl_steps=40
}

binaries=$tools
out=on-gpu
device=""
minutes=9
python=python3
only=()
command_line="$(basename "$0") $*"
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage && exit ;;
        --smoke) smoke && shift && continue ;;
        --pack | --binaries | --out | --device | --minutes | --only | --budget | --python) ;;
        *) stop "$1 is no option of $0; --help lists them." ;;
    esac
    [ $# -gt 1 ] || stop "$1 needs a value."
    case $1 in
        --pack) pack "$(realpath -m "$2")" && exit ;;
        --binaries) binaries=$(realpath -m "$2") ;;
        --out) out=$2 ;;
        --device) device=$2 ;;
        --minutes) minutes=$2 ;;
        --only) only+=("$2") ;;
        --budget) budget[${2%%=*}]=${2#*=} ;;
        --python) python=$2 ;;
    esac
    shift 2
done

whole='^[1-9][0-9]*$'
[[ $minutes =~ $whole ]] || stop "--minutes must be a whole number of minutes, and not $minutes."
for part in "${only[@]}" "${!budget[@]}"; do
    [[ " ${parts[*]} " == *" $part "* ]] || stop "There is no part $part; there are ${parts[*]}."
done
for part in "${!budget[@]}"; do
    [[ ${budget[$part]} =~ $whole ]] || stop "--budget must be PART=SECONDS, with a whole number of seconds."
done
han=$binaries/han-gpu
for program in "$han" "$binaries/suite"; do
    [ -x "$program" ] || stop "$program is missing; \`tools/on_gpu.sh --pack DIR\` makes a folder to name with --binaries."
done

mkdir -p "$out"
out=$(realpath "$out")
rm -f "$out/summary.md" "$out/raw.tar.gz" "$out/test-failures.txt"
work=$(mktemp -d)
raw=$work/raw
mkdir "$raw"
: >"$raw/pieces.tsv"
trap 'refresh; rm -rf "$work"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
# What is measured here is not to stay on the machine, nor to be taken from there.
export HAN_GPU_CACHE=$work/cache PYTHONDONTWRITEBYTECODE=1
complete=true
most=0

find_driver
choose_device
end=$SECONDS
for part in "${parts[@]}"; do
    if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $part "* ]] && [ "$part" != facts ]; then
        echo "This part was not asked for." >"$raw/$part.skipped"
        continue
    fi
    seconds=${budget[$part]:-$((${share[$part]} * minutes / 9))}
    end=$((end + seconds))
    deadline=$end
    if [ -n "${budget[$part]:-}" ]; then deadline=$((SECONDS + seconds)); fi
    echo "$seconds" >"$raw/$part.budget"
    "run_$part"
done
refresh
cat "$out/summary.md"
$complete || exit 1
