// Fields of hidden units, c + v W, of rows of visible numbers. Needs `task`, `weights`: [visible][hidden], `hidden_bias` and
// stage_rows(block, first_row, lane).

#include rbm/fields

fn stage_weights(block: u32, first_target: u32, lane: u32) {
    let stride = task.hidden_words * 32u;
    for (var turn = 0u; turn < STAGED * COLUMNS / LANES; turn++) {
        let at = turn * LANES + lane;
        let start = (block * STAGED + at / COLUMNS) * stride + first_target + at % COLUMNS;
        right[at / COLUMNS * STAGED_COLUMNS + at % COLUMNS] =
            vec4<f32>(weights[start], weights[start + 8u], weights[start + 16u], weights[start + 24u]);
    }
}

fn hidden_biases(targets: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(
        hidden_bias[targets.x], hidden_bias[targets.y], hidden_bias[targets.z], hidden_bias[targets.w],
    );
}
