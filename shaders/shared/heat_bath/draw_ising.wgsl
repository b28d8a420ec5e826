// Draws an Ising spin whose neighbours are all fixed. Needs sample_heat_bath.

#include heat_bath/field_$COUPLINGS

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
