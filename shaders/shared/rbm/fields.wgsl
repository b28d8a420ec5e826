// Fields of a tile of units: the sum over 32 sources at a time of bits of rows times weights. Four targets of a lane are 8 apart, so that the random words of one counter
// are theirs (shared/rbm/draw).
// Needs `task`, row_word(row, block) and stage_weights(block, first_target, lane).

#include product/tile

// The bits of 32 sources in four rows for each lane; rows past the last one repeat it.
fn stage_rows(block: u32, first_row: u32, lane: u32) {
    let quad = lane % ROW_QUADS;
    let rows = min(vec4<u32>(first_row + 4u * quad) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(task.rows - 1u));
    let words = vec4<u32>(
        row_word(rows.x, block), row_word(rows.y, block), row_word(rows.z, block), row_word(rows.w, block),
    );
    for (var turn = 0u; turn < STAGED * ROW_QUADS / LANES; turn++) {
        let source = turn * (LANES / ROW_QUADS) + lane / ROW_QUADS;
        left[source * ROW_QUADS + quad] = vec4<f32>((words >> vec4<u32>(source)) & vec4<u32>(1u));
    }
}

fn sum_fields(blocks: u32, first_row: u32, first_target: u32, lane: u32) {
    for (var block = 0u; block < blocks; block++) {
        workgroupBarrier();
        stage_rows(block, first_row, lane);
        stage_weights(block, first_target, lane);
        workgroupBarrier();
        add_staged(lane);
    }
    share_sums(lane);
}

// The first of a lane's targets, within the tile; the others follow 8 apart.
fn lane_targets(first_target: u32, lane: u32) -> vec4<u32> {
    return first_target + lane % COLUMNS + vec4<u32>(0u, 8u, 16u, 24u);
}
