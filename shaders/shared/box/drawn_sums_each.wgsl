// Bond sum and spin sum of drawn layers, each term times its weight. Needs box_draw_group.

fn drawn_sums(at: Place) -> vec2<i32> {
    var sums = vec2<i32>(0);
    for (var i = 0u; i < LAYERS; i++) {
        for (var j = 0u; j < BITS; j++) {
            let spin = bit_of(drawn[at.number][i], j);
            for (var direction = 0u; direction < DIRECTIONS; direction++) {
                // Bonds to own sites after this one are theirs, and have no weight here.
                let weight = direction_weight(at.block, i * BITS + j, direction);
                sums.x += select(-weight, weight, spin == neighbour_of(at, i, j, direction));
            }
            let weight = site_weight(at.block, i * BITS + j);
            sums.y += select(-weight, weight, spin == 1u);
        }
    }
    return sums;
}

// The spin of a neighbour of site j of layer i: two directions for every axis, before the site and after it.
fn neighbour_of(at: Place, i: u32, j: u32, direction: u32) -> u32 {
    let place = j % ROW;
    let line = i * (BITS / ROW) + j / ROW;
    let layer = drawn[at.number][i];
    if direction == 0u {
        return bit_of(select(drawn[at.number][max(i, 1u) - 1u], border[at.number][0], i == 0u), j);
    }
    if direction == 1u {
        return bit_of(select(drawn[at.number][min(i + 1u, LAYERS - 1u)], border[at.number][1], i + 1u == LAYERS), j);
    }
    if direction == DIRECTIONS - 2u {
        return select(bit_of(layer, max(j, 1u) - 1u), bit_of(border[at.number][4], line), place == 0u);
    }
    if direction == DIRECTIONS - 1u {
        return select(bit_of(layer, j + 1u), bit_of(border[at.number][5], line), place == ROW - 1u);
    }
    let of_column = i * ROW + place;
    if direction == 2u {
        return select(bit_of(layer, max(j, ROW) - ROW), bit_of(border[at.number][2], of_column), j < ROW);
    }
    return select(bit_of(layer, j + ROW), bit_of(border[at.number][3], of_column), j + ROW >= BITS);
}
