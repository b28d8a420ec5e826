// What the reward of a square is regressed on: 1, features of its border, the rest of the configuration's reward, and the
// reward itself. Twin of `src/cpu/control_variate.rs`. Needs `level`, `geometry`, `spins`, `reward`.

const DISTANCES: u32 = 7u;

fn spin_bit(block: u32, local: u32, configuration: u32) -> u32 {
    return select(0u, 1u, spins[spin_index(block, local, configuration)] > 0);
}

// Sum of spins of one side, and its sums of products at distances 1, 2, 3, 4, 6, 8, 12.
struct Side {
    spin_sum: i32,
    first: i32,
    last: i32,
    products: array<i32, DISTANCES>,
}

fn side(block: u32, first: u32, width: u32, configuration: u32) -> Side {
    var distances = array<u32, DISTANCES>(1u, 2u, 3u, 4u, 6u, 8u, 12u);
    var result: Side;
    for (var d = 0u; d < DISTANCES; d++) {
        result.products[d] = 0;
    }
    result.spin_sum = 0;
    result.first = 2 * i32(spin_bit(block, first, configuration)) - 1;
    // Bit d - 1 is the spin d sites back.
    var history = 0u;
    var spin = 0u;
    for (var k = 0u; k < width; k++) {
        spin = spin_bit(block, first + k, configuration);
        result.spin_sum += 2 * i32(spin) - 1;
        for (var d = 0u; d < DISTANCES; d++) {
            let distance = distances[d];
            if k >= distance {
                let earlier = (history >> (distance - 1u)) & 1u;
                result.products[d] += select(-1, 1, earlier == spin);
            }
        }
        history = (history << 1u) | spin;
    }
    result.last = 2 * i32(spin) - 1;
    return result;
}

// Rewards are counted from those of the level's first row: only differences matter, and they keep more digits.
fn columns(row: u32) -> array<f32, COLUMNS> {
    let block = row / level.batch;
    let configuration = row % level.batch;
    let width = level.border / 4u;
    var result: array<f32, COLUMNS>;
    for (var column = 0u; column < COLUMNS; column++) {
        result[column] = 0.0;
    }
    result[0] = 1.0;
    if width > 0u {
        let top = side(block, 0u, width, configuration);
        let right = side(block, width, width, configuration);
        let bottom = side(block, 2u * width, width, configuration);
        let left = side(block, 3u * width, width, configuration);
        var distances = array<u32, DISTANCES>(1u, 2u, 3u, 4u, 6u, 8u, 12u);
        for (var d = 0u; d < DISTANCES; d++) {
            let sum = top.products[d] + right.products[d] + bottom.products[d] + left.products[d];
            let count = 4u * (max(width, distances[d]) - distances[d]);
            result[1u + d] = f32(sum) / f32(max(count, 1u));
        }
        let corners = top.first * left.first + top.last * right.first + right.last * bottom.last
            + bottom.first * left.last;
        let means = vec4<f32>(vec4<i32>(top.spin_sum, right.spin_sum, bottom.spin_sum, left.spin_sum)) / f32(width);
        let all = 0.25 * (means.x + means.y + means.z + means.w);
        result[1u + DISTANCES] = 0.25 * f32(corners);
        result[2u + DISTANCES] = 0.5 * (means.x * means.z + means.y * means.w);
        result[3u + DISTANCES] = 0.25 * (means.x + means.z) * (means.y + means.w);
        result[4u + DISTANCES] = abs(all);
        result[5u + DISTANCES] = (all * all) * (all * all);
        result[6u + DISTANCES] = all;
    }
    let here = reward[level.first_row + row];
    let reference = reward[level.first_row];
    result[COLUMNS - 2u] = (reward[configuration] - here) - (reward[0] - reference);
    result[COLUMNS - 1u] = here - reference;
    return result;
}
