// Tree rewards: beta E_own + ln q_own + rewards of the children, shifted by reward_per_site for every site so that they stay small and keep their digits.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane; levels run from the last to the first.

#include types
#include dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(8) var<storage, read> ln_q: array<f32>;               // per block
@group(0) @binding(9) var<storage, read_write> reward: array<f32>;       // per block

#include spin_sums

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
    let sums = owned_sums(block, configuration);
    let energy = -step.coupling * f32(sums.x) - step.field * f32(sums.y);
    let here = level.first_row + row;
    var total_reward = step.beta * energy + step.beta_rest * energy + ln_q[here] + step.reward_per_site * f32(level.own);
    for (var c = 0u; c < level.children_per_block; c++) {
        let child = geometry[level.children + block * level.children_per_block + c];
        total_reward += reward[level.children_first_row + child * level.batch + configuration];
    }
    reward[here] = total_reward;
}
