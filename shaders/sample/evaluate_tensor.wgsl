// ln q of the given insides of boxes by matrix product states.
// Grid: level.workers workgroups of LANES lanes, each with a part of `environments`, which takes one box after another.
// Axes: couplings.
// Constants: LANES, COLUMNS, ROWS, BOND, KEPT.

#include layout/types

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block
@group(0) @binding(36) var<storage, read_write> environments: array<f32>; // a part for every workgroup: see tensor/environment

#include tensor/fill

fn chosen_spin(at: Place, site: u32, up: f32) -> u32 {
    return select(0u, 1u, spins[spin_index(at.block, level.border + site, at.configuration)] > 0);
}

fn keep_row(at: Place, lane: u32, row: u32) {}
