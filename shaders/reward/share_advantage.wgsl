// Shares the advantage of a configuration with its mirror image: each gets the part that it has in the density of the mixture.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Constants: LANES.

#include layout/types
#include lanes/dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(8) var<storage, read> ln_q: array<f32>;               // per block
@group(0) @binding(11) var<storage, read_write> advantage: array<f32>;   // per block

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= level.rows || level.net_rows == level.rows {
        return;
    }
    let here = level.first_row + row;
    let part = min(exp(ln_q[here + level.rows] - ln_q[here] - 0.6931472), 1.0);
    let of_both = advantage[here];
    advantage[here + level.rows] = of_both * part;
    advantage[here] = of_both - of_both * part;
}
