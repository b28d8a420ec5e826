// Draws the insides of boxes by matrix product states, row by row, and writes ln q per block.
// Grid: level.workers workgroups of LANES lanes, each with a part of `environments`, which takes one box after another.
// Invariant: a spin depends on (seed, step, configuration, level, block, site), the border and its predecessors only; q is normalised whatever is lost.
// Axes: couplings.
// Constants: LANES, COLUMNS, ROWS, BOND, KEPT.

#include layout/types

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>;        // [site][batch]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block
@group(0) @binding(36) var<storage, read_write> environments: array<f32>; // a part for every workgroup: see tensor/environment

#include tensor/fill

fn chosen_spin(at: Place, site: u32, up: f32) -> u32 {
    let configuration = step.first_configuration + at.configuration;
    let number = uniform_number(step.seed, step.step, configuration, level.index, at.block, site);
    return select(0u, 1u, number < up);
}

fn keep_row(at: Place, lane: u32, row: u32) {
    for (var turn = 0u; turn < turns_of(COLUMNS); turn++) {
        let site = turn * LANES + lane;
        if site < COLUMNS {
            let local = level.border + row * COLUMNS + site;
            spins[spin_index(at.block, local, at.configuration)] = select(-1, 1, line[site] == 1u);
        }
    }
}
