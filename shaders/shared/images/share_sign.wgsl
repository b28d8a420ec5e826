// Shares the advantage of a configuration with its mirror image. Needs share_advantage.

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
