#!/usr/bin/env bash
# Trains small runs and recomputes ln q of their samples in numpy (tools/recompute_ln_q.py). Needs python3 with numpy.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
han() {
    cargo run --quiet --release -- "$@" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
}

check() {
    local name=$1
    shift
    han train --device cpu --steps 60 --batch 64 --set evaluation_samples=100 --out "$folder/$name" "$@"
    han sample "$folder/$name" --count 300 --out "$folder/$name.npz"
    python3 tools/recompute_ln_q.py "$folder/$name" "$folder/$name.npz"
}

check gauge --size 16
check crosses --size 16 --cut crosses
check deep --size 8 --width 3 --depth 3 --exact-bottom 2
check squares --size 16 --exact-bottom 4 --set gauge=false
check field --size 8 --field 0.3 --coupling -0.7 --set skip=false
check strips --size 16 --exact-length 16 --width 2
check triangular --lattice triangular --size 8 --coupling -1 --depth 2
check dense --network van --size 8 --field 0.1
check cubes --lattice cubic --size 4 --beta 0.22
check bars --lattice cubic --size 8 --beta 0.22 --width 1
check glass --size 16 --couplings gaussian --exact-bottom 4 --beta 0.7
check signs --size 8 --couplings pm1 --disorder-seed 3 --exact-bottom 2
check triangles --lattice triangular --size 8 --couplings gaussian
check pairs --lattice complete --size 30 --couplings sk --beta 0.9
check deep_pairs --lattice complete --size 13 --couplings hopfield:2 --head sk2 --set gauge=false
check linear --lattice complete --size 21 --couplings sk --head linear
check curie_weiss --lattice complete --size 50 --couplings cw --field 0.1 --beta 1.1
check many_sites --lattice complete --size 25 --couplings cw --head cw_infinite --beta 1.2
check one_parameter --lattice complete --size 25 --couplings cw --head one_parameter --field 0.2
check dense_pairs --lattice complete --size 17 --couplings sk --network van
check colours --model potts --states 3 --size 16 --exact-bottom 4 --beta 1
check many_colours --model potts --states 12 --size 8 --beta 1.4 --set mixture=false
check colours_in_field --model potts --states 5 --size 8 --beta 0.9 --field 0.2 --depth 2 --exact-bottom 2
check colours_in_space --model potts --states 3 --lattice cubic --size 4 --beta 0.5 --set skip=false
check dense_colours --model potts --states 4 --size 4 --beta 1 --network van
check colours_of_glass --model potts --states 3 --size 8 --couplings gaussian --beta 0.8
check shared_colours_of_glass --model potts --states 5 --size 8 --couplings pm1 --set colours=shared
check shared_colours --model potts --states 5 --size 8 --beta 1.1 --depth 2 --exact-bottom 4 --set colours=shared

flow() {
    local name=$1
    shift
    han neuralrg train --steps 60 --batch 64 --lr 0.01 --out "$folder/$name" "$@"
    han neuralrg sample "$folder/$name" --count 300 --out "$folder/$name.npz"
    python3 tools/recompute_flow.py "$folder/$name" "$folder/$name.npz"
}

flow flow --size 8
flow paper --size 4 --layers 10 --hidden 10 --depth 3 --repeat 1 --temperature 3
flow tree --size 8 --parts decimators --coupling -1 --temperature 2.6
flow mixture --size 8 --symmetry mixture
flow circuit --size 4 --parts disentanglers --scales 2 --repeat 2
