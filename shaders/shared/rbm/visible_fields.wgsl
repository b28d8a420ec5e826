// Fields of visible numbers, b + W h, of rows of hidden units. Needs `task`, `weights`: [visible][hidden], `visible_bias` and
// stage_rows(block, first_row, lane).

#include rbm/fields

// Lanes go along the sources, which are neighbours in memory.
fn stage_weights(block: u32, first_target: u32, lane: u32) {
    let stride = task.hidden_words * 32u;
    for (var turn = 0u; turn < STAGED * COLUMNS / LANES; turn++) {
        let at = turn * LANES + lane;
        let start = (first_target + at / STAGED) * stride + block * STAGED + at % STAGED;
        right[at % STAGED * STAGED_COLUMNS + at / STAGED] = vec4<f32>(
            weights[start], weights[start + 8u * stride], weights[start + 16u * stride], weights[start + 24u * stride],
        );
    }
}

fn visible_biases(targets: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(
        visible_bias[targets.x], visible_bias[targets.y], visible_bias[targets.z], visible_bias[targets.w],
    );
}
