// Bond sum and spin sum of drawn layers, by counting bits. Needs box_draw_group.

fn drawn_sums(at: Place) -> vec2<i32> {
    var different = countOneBits(drawn[at.number][LAYERS - 1u] ^ border[at.number][1]);
    var ups = 0u;
    var above = border[at.number][0];
    for (var i = 0u; i < LAYERS; i++) {
        let layer = drawn[at.number][i];
        different += countOneBits(layer ^ above) + different_in_layer(at, i, layer);
        ups += countOneBits(layer);
        above = layer;
    }
    return vec2<i32>(i32(level.bond_count) - 2 * i32(different), 2 * i32(ups) - i32(level.own));
}

// Bonds between different spins within a layer, and of its rim to the border around it.
fn different_in_layer(at: Place, i: u32, layer: u32) -> u32 {
    const OF_ROW: u32 = (1u << ROW) - 1u;
    var different = 0u;
    for (var j = 0u; j < BITS; j += ROW) {
        let line = i * (BITS / ROW) + j / ROW;
        let row = (layer >> j) & OF_ROW;
        let left = (row << 1u) | bit_of(border[at.number][4], line);
        different += countOneBits((row ^ left) & OF_ROW);
        different += bit_of(row, ROW - 1u) ^ bit_of(border[at.number][5], line);
    }
    if DIMENSIONS == 3u {
        let behind = (layer << ROW) | ((border[at.number][2] >> (i * ROW)) & OF_ROW);
        let front = (border[at.number][3] >> (i * ROW)) & OF_ROW;
        different += countOneBits((layer ^ behind) & (STATES - 1u));
        different += countOneBits((layer >> (BITS - ROW)) ^ front);
    }
    return different;
}
