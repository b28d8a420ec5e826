// The mean of a net's densities at all moves of colours. Needs mix_images.

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
    var total = ln_q[here];
    for (var image = 1u; image < COLOURS; image++) {
        let more = ln_q[here + image * level.rows] - total;
        total += softplus(more, exp_minus_abs(more));
    }
    ln_q[here] = total - log(f32(COLOURS));
}
