// Rows of bits as the left factor of fields. Needs `task` and row_word(row, block).

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
