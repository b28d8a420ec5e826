// Draws a Potts spin whose neighbours are all fixed. Needs sample_heat_bath.

#include heat_bath/colours

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
    count_neighbours(block, configuration);
    let number =
        uniform_number(step.seed, step.step, step.first_configuration + configuration, level.index, block, 0u);
    let colour = colour_at(number);
    spins[spin_index(block, level.border, configuration)] = i32(colour);
    ln_q[level.first_row + row] = ln_q_of_colour(block, configuration, colour);
}
