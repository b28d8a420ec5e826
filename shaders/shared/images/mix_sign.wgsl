// The mean of a net's density and that of the mirror image. Needs mix_images.

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
