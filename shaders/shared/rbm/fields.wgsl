// Fields of a tile of units: the sum over 32 sources at a time of rows times weights. Four targets of a lane are 8 apart, so that the random words of one counter
// are theirs (shared/rbm/draw).
// Needs `task`, stage_rows(block, first_row, lane) and stage_weights(block, first_target, lane).

#include product/tile

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
