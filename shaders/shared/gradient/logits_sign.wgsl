// Gradient with respect to the logit of a spin. Needs backward_output.

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    let rows = level.net_rows / LANE_ROWS;
    if at >= level.own * rows {
        return;
    }
    let site = at / rows;
    let row = at % rows;
    let logit_at = site * (level.stride / LANE_ROWS) + row;
    let source = level.border + site;
    let down = ((input_word(source, row) >> RowWords(source % 32u)) & RowWords(1u)) == RowWords(1u);
    let up = select(Rows(1.0), Rows(0.0), down);
    let gradient = advantage[level.first_row / LANE_ROWS + row] * (up - sigmoid_of(logits[logit_at], exp_minus_abs_of(logits[logit_at])));
    // The spin that fixes the gauge has no logit.
    logits[logit_at] = select(gradient, Rows(0.0), site == 0u && level.gauge == 2u);
}
