// Draws the last level's spins from their exact conditional and writes ln q per block.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Axes: couplings.
// Constants: LANES.

#include layout/types
#include lanes/dispatch
#include numbers/philox
#include numbers/activation

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>;        // [site][batch]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

#include spins/heat_bath_$COUPLINGS

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= level.rows {
        return;
    }
    let block = row / level.batch;
    let configuration = row % level.batch;
    let sum = neighbour_sum(block, configuration);
    let logit = 2.0 * beta_field_of(block, sum);
    let number =
        uniform_number(step.seed, step.step, step.first_configuration + configuration, level.index, block, 0u);
    let up = number < sigmoid(logit, exp_minus_abs(logit));
    spins[spin_index(block, level.border, configuration)] = select(-1, 1, up);
    ln_q[level.first_row + row] = ln_q_of_spin(block, configuration, sum, up);
}
