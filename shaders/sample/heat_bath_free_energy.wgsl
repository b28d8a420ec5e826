// Reward -ln(2 cosh(beta h)) of the last level with its spins summed out, where h is the local field. Any draw of the spin would give beta E + ln q = this reward.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Axes: couplings.
// Constants: LANES.

#include layout/types
#include lanes/dispatch
@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(9) var<storage, read_write> reward: array<f32>;       // per block

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
    reward[level.first_row + row] = reward_of_spin(block, configuration, neighbour_sum(block, configuration));
}
