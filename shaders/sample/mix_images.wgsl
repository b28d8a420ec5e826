// ln q of a mixture, ln [(q(s) + q(-s)) / 2], in place of ln q(s); that of the image, -s, stays.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Constants: LANES.

#include layout/types
#include lanes/dispatch
#include numbers/activation

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

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
    let more = ln_q[here + level.rows] - ln_q[here];
    ln_q[here] = ln_q[here] + softplus(more, exp_minus_abs(more)) - 0.6931472;
}
