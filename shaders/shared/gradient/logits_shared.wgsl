// Gradient with respect to the logits of the passes of all colours. Needs backward_output.

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    let rows = level.rows / LANE_ROWS;
    if at >= level.own * rows {
        return;
    }
    let site = at / rows;
    let row = at % rows;
    let first = site * (level.stride / LANE_ROWS) + row;
    var largest = logits[first];
    for (var c = 1u; c < COLOURS; c++) {
        largest = max(largest, logits[first + c * rows]);
    }
    var sum = Rows(0.0);
    for (var c = 0u; c < COLOURS; c++) {
        sum += exp_minus_abs_of(logits[first + c * rows] - largest);
    }
    let of_row = advantage[level.first_row / LANE_ROWS + row];
    let source = level.border + site;
    for (var c = 0u; c < COLOURS; c++) {
        let differs = ((input_word(source, c * rows + row) >> RowWords(source % 32u)) & RowWords(1u)) == RowWords(1u);
        let probability = exp_minus_abs_of(logits[first + c * rows] - largest) / sum;
        logits[first + c * rows] = of_row * (select(Rows(1.0), Rows(0.0), differs) - probability);
    }
}
