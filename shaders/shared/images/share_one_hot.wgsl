// Shares the advantage of a configuration with its images under all moves of colours. Needs share_advantage.

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
    let of_all = advantage[here];
    var rest = of_all;
    for (var image = 1u; image < COLOURS; image++) {
        let there = here + image * level.rows;
        let part = min(exp(ln_q[there] - ln_q[here] - log(f32(COLOURS))), 1.0);
        advantage[there] = of_all * part;
        rest -= of_all * part;
    }
    advantage[here] = rest;
}
