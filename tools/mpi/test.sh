#!/usr/bin/env bash
# Jobs of two ranks on one machine against one process: the same files of training, figures, samples, tables and chains, and ends by signals and by
# kill -9. On Debian and Ubuntu it installs what is missing of MPI; where that fails it says so and leaves everything out.
#   tools/mpi/test.sh [a program with the feature mpi]
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v mpirun >/dev/null || ! command -v mpicc >/dev/null; then
    packages="libopenmpi-dev openmpi-bin libclang-dev clang"
    echo "no MPI: installing $packages" >&2
    as_root=""
    [ "$(id -u)" -eq 0 ] || as_root="sudo"
    if ! { $as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; }; then
        echo "$packages cannot be installed here: tools/mpi/test.sh was left out"
        exit 0
    fi
fi
if [ $# -eq 0 ]; then
    cargo build --release --features mpi
fi
han=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/han-gpu}")

export HAN_GPU_CACHE=none NODEVICE_SELECT=1
# Open MPI's own rules: more ranks than cores, root, and as many at a time as are asked for.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
ranks() {
    local count=$1
    shift
    mpirun --oversubscribe -n "$count" "$@"
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# Networks of twenty steps are suspect, and every command says so.
exec 2> >(grep -v WARNING >&2)

fail() {
    echo "$*" >&2
    exit 1
}

same() {
    cmp "$1" "$2" || fail "$1 and $2 differ"
}

# Metrics without times and, on a GPU, without the norm of the gradient, whose squares are added up in another order; JSON without times and device.
columns=1-10
metrics() {
    cut -d, -f"$columns" "$1/metrics.csv"
}
without_times() {
    grep -v '"elapsed_s"\|"seconds_per_\|"device"' "$1"
}

# The process of a rank of a job in the background.
process() {
    local rank=$1 pid
    # mpirun is a child of the shell that runs the function above.
    for pid in $(pgrep -P "$(pgrep -d, -P "$job")"); do
        if tr '\0' '\n' <"/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$rank"; then
            echo "$pid"
        fi
    done
}

# Waits until a job in the background has written checkpoints: there is one between the rows of metrics.
until_checkpoint() {
    local run=$1
    for _ in $(seq 600); do
        if [ -e "$run/metrics.csv" ] && [ "$(wc -l <"$run/metrics.csv")" -gt 5 ]; then
            return
        fi
        sleep 0.1
    done
    fail "$run has no checkpoint after a minute"
}

equal() {
    local name=$1 chunk=$2 count=$3
    shift 3
    local settings=(--threads 1 --steps 20 --set metrics_every=5 --set evaluation_samples=1000)
    settings+=(--set verification_samples=0 "$@")
    "$han" -q train "${settings[@]}" --set "chunk=$chunk" --out "$name-alone" >/dev/null
    ranks "$count" "$han" -q train "${settings[@]}" --out "$name-ranks" >/dev/null
    same "$name-alone/checkpoint.safetensors" "$name-ranks/checkpoint.safetensors"
    same "$name-alone/config.toml" "$name-ranks/config.toml"
    same <(metrics "$name-alone") <(metrics "$name-ranks")
    same <(without_times "$name-alone/summary.json") <(without_times "$name-ranks/summary.json")
    echo "$name: $count ranks train as one process does"
}

equal L16 128 2 --size 16 --batch 256 --device cpu
equal L32 128 2 --size 32 --batch 256 --device cpu
equal mixed 128 2 --size 8 --batch 256 --objective mixed --set pool=512 --beta 0.3 --device cpu
equal four 64 4 --size 16 --batch 256 --set baseline=global --device cpu
if "$han" devices --json | grep -q '"index"'; then
    columns=1-8,10
    equal gpu 32 2 --size 8 --batch 64 --device "${HAN_GPU_TEST_DEVICE:-0}"
fi

measure=(measure L16-alone --device cpu --threads 1 --count 5000 --keep)
"$han" -q "${measure[@]}" alone.npz --json >alone.json
ranks 2 "$han" -q "${measure[@]}" ranks.npz --json >ranks.json
same <(without_times alone.json) <(without_times ranks.json)
same alone.npz ranks.npz
"$han" -q sample L16-alone --device cpu --threads 1 --count 1000 --out alone.npz >/dev/null
ranks 2 "$han" -q sample L16-alone --device cpu --threads 1 --count 1000 --out ranks.npz >/dev/null
same alone.npz ranks.npz
echo "two ranks measure and sample as one process does"

scan=(scan --size 4,8 --beta 0.3,0.4 --steps 20 --count 500 --mc-sweeps 100 --device cpu --threads 1)
scan+=(--set evaluation_samples=100 --set verification_samples=0 --out)
# The second time it takes the measurements from their files, as the first rank does: they have lost a last digit there.
for _ in first second; do
    "$han" -q "${scan[@]}" scan-alone >/dev/null
done
ranks 2 "$han" -q "${scan[@]}" scan-ranks >/dev/null
same scan-alone/table.csv scan-ranks/table.csv
echo "two ranks scan as one process does"

# Chains of every kind, shared out: by walks, by kernels, in ladders, of colours, and with the energy integrated.
chains() {
    local name=$1 count=$2
    shift 2
    local settings=(mc --threads 1 --device cpu --json --seed 3 "$@" --out)
    "$han" -q "${settings[@]}" alone.npz >alone.json
    ranks "$count" "$han" -q "${settings[@]}" ranks.npz >ranks.json
    same <(without_times alone.json) <(without_times ranks.json)
    same alone.npz ranks.npz
    echo "$name: $count ranks are one Monte Carlo"
}
chains wolff 2 --size 8 --beta 0.4 --sweeps 200 --ln-z
chains metropolis 3 --size 8 --beta 0.3 --sweeps 100 --algorithm metropolis --thermalisation 100
chains tempering 2 --size 6 --beta 0.8 --couplings pm1 --sweeps 50 --chains 5 --thermalisation 100
chains potts 2 --model potts --states 5 --size 8 --beta 1.1 --sweeps 100 --algorithm multicanonical
code=0
ranks 3 "$han" -q mc --size 8 --beta 0.3 --sweeps 10 --chains 2 >refused.log 2>&1 || code=$?
[ "$code" -eq 2 ] || fail "three ranks with two chains ended with $code: $(cat refused.log)"

# Two chunks on each of two ranks.
long=(--device cpu --threads 1 --size 16 --batch 256 --set chunk=64 --set metrics_every=5 --set checkpoint_every=10)
long+=(--set evaluation_samples=1000 --set verification_samples=0)

# Signals reach one rank alone, and all stop after the same step.
ranks 2 "$han" -q train "${long[@]}" --steps 100000 --out stopped >stopped.log 2>&1 &
job=$!
until_checkpoint stopped
kill -TERM "$(process 1)"
code=0
wait "$job" || code=$?
[ "$code" -ne 0 ] || fail "a job that was stopped ended with 0"
grep -q "training was stopped" stopped.log || fail "no word of the stop: $(cat stopped.log)"
echo "a signal to rank 1 stops both ranks, exit code $code"

# A rank that is killed.
ranks 2 "$han" -q train "${long[@]}" --steps 100000 --out killed >killed.log 2>&1 &
job=$!
until_checkpoint killed
start=$SECONDS
kill -KILL "$(process 1)"
code=0
wait "$job" || code=$?
[ "$code" -ne 0 ] || fail "a job that lost a rank ended with 0"
[ $((SECONDS - start)) -le 10 ] || fail "a job that lost a rank took $((SECONDS - start)) s to end"
grep -q "signal 9" killed.log || fail "no word of the killed rank: $(cat killed.log)"
for run in stopped killed; do
    "$han" -q sample "$run" --device cpu --count 10 --out "$run.npz" >/dev/null 2>&1 || fail "the checkpoint of $run does not load"
done
echo "kill -9 of rank 1 ends the job within $((SECONDS - start)) s, exit code $code, and its checkpoint loads"

# What cannot be shared out is refused, and ends the job.
code=0
ranks 3 "$han" -q train --device cpu --threads 1 --size 8 --batch 64 --out refused >refused.log 2>&1 || code=$?
[ "$code" -eq 2 ] || fail "three ranks with a batch of 64 ended with $code: $(cat refused.log)"
grep -q "multiple of the number of ranks" refused.log || fail "no word of the batch: $(cat refused.log)"
[ ! -e refused ] || fail "a run that was refused left a folder"
echo "a batch that cannot be shared out is refused"
