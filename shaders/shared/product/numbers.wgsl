// Rows of real numbers as the left factor of a tile: 32 sources of 64 rows. A lane takes four sources of four rows and turns them, so that all its loads are of four numbers.
// Needs four_at(place): four neighbouring numbers of the array, of which `place` and distances of rows count fours.

#include product/tile

// Rows past the last one repeat it.
fn stage_numbers(start: u32, stride: u32, rows: u32, first_row: u32, block: u32, lane: u32) {
    for (var turn = 0u; turn < (ROW_QUADS * STAGED / 4u + LANES - 1u) / LANES; turn++) {
        let at = turn * LANES + lane;
        let quad = at % ROW_QUADS;
        let sources = at / ROW_QUADS;
        if sources < STAGED / 4u {
            let place = start + block * (STAGED / 4u) + sources;
            let of_rows = min(vec4<u32>(first_row + 4u * quad) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(rows - 1u));
            let fours = transpose(mat4x4<f32>(
                four_at(place + of_rows.x * stride), four_at(place + of_rows.y * stride),
                four_at(place + of_rows.z * stride), four_at(place + of_rows.w * stride),
            ));
            left[4u * sources * ROW_QUADS + quad] = fours[0];
            left[(4u * sources + 1u) * ROW_QUADS + quad] = fours[1];
            left[(4u * sources + 2u) * ROW_QUADS + quad] = fours[2];
            left[(4u * sources + 3u) * ROW_QUADS + quad] = fours[3];
        }
    }
}
