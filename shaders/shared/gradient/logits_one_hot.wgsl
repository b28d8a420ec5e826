// Gradient with respect to the logits of a colour. Needs backward_output.

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
    let stride = level.stride / LANE_ROWS;
    let first = site * COLOURS * stride + row;
    var largest = logits[first];
    for (var c = 1u; c < COLOURS; c++) {
        largest = max(largest, logits[first + c * stride]);
    }
    var sum = Rows(0.0);
    for (var c = 0u; c < COLOURS; c++) {
        sum += exp_minus_abs_of(logits[first + c * stride] - largest);
    }
    let of_row = advantage[level.first_row / LANE_ROWS + row];
    for (var c = 0u; c < COLOURS; c++) {
        let source = (level.border + site) * COLOURS + c;
        let is_own = ((input_word(source, row) >> RowWords(source % 32u)) & RowWords(1u)) == RowWords(1u);
        let probability = exp_minus_abs_of(logits[first + c * stride] - largest) / sum;
        let gradient = of_row * (select(Rows(0.0), Rows(1.0), is_own) - probability);
        // The colour that fixes the gauge has no logits.
        logits[first + c * stride] = select(gradient, Rows(0.0), site == 0u && level.gauge == 2u);
    }
}
