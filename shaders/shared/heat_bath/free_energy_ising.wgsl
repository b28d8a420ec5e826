// Sums out an Ising spin whose neighbours are all fixed. Needs heat_bath_free_energy.

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
    reward[level.first_row + row] = reward_of_spin(block, configuration, neighbour_sum(block, configuration));
}
