// The words that lanes draw of the rows of a tile, put together: eight lanes have four bits each. Needs tile, draw.

var<workgroup> lane_bits: array<u32, TILE_ROWS * COLUMNS>; // [row][column]

fn drawn_word(row: u32) -> u32 {
    var word = 0u;
    for (var column = 0u; column < COLUMNS; column++) {
        word |= lane_bits[row * COLUMNS + column];
    }
    return word;
}
