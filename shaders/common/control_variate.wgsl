// What the reward of a square is regressed on, four columns to a vector: 1, features of its border, the rest of the
// configuration's reward, and the reward itself. Twin of `src/cpu/control_variate.rs`. Needs `level`, `geometry`, `spins`,
// `reward`. Vectors instead of arrays: drivers index those only where they unroll every loop around them.

// Distances along a side at which spins are multiplied.
const NEAR = vec4<u32>(1u, 2u, 3u, 4u);
const FAR = vec3<u32>(6u, 8u, 12u);

fn spin_bit(block: u32, local: u32, configuration: u32) -> u32 {
    return select(0u, 1u, spins[spin_index(block, local, configuration)] > 0);
}

// Sum of spins of one side, its spins at both ends, and its sums of products at those distances.
struct Side {
    spin_sum: i32,
    first: i32,
    last: i32,
    near: vec4<i32>,
    far: vec3<i32>,
}

fn side(block: u32, first: u32, width: u32, configuration: u32) -> Side {
    var result = Side(0, 2 * i32(spin_bit(block, first, configuration)) - 1, 0, vec4<i32>(0), vec3<i32>(0));
    // Bit d - 1 is the spin d sites back.
    var history = 0u;
    var spin = 0u;
    for (var k = 0u; k < width; k++) {
        spin = spin_bit(block, first + k, configuration);
        result.spin_sum += 2 * i32(spin) - 1;
        let near = (vec4<u32>(history) >> (NEAR - 1u)) & vec4<u32>(1u);
        let far = (vec3<u32>(history) >> (FAR - 1u)) & vec3<u32>(1u);
        let near_product = select(vec4<i32>(-1), vec4<i32>(1), near == vec4<u32>(spin));
        let far_product = select(vec3<i32>(-1), vec3<i32>(1), far == vec3<u32>(spin));
        result.near += select(vec4<i32>(0), near_product, vec4<u32>(k) >= NEAR);
        result.far += select(vec3<i32>(0), far_product, vec3<u32>(k) >= FAR);
        history = (history << 1u) | spin;
    }
    result.last = 2 * i32(spin) - 1;
    return result;
}

// Rewards are counted from those of the level's first row: only differences matter, and they keep more digits.
fn columns(row: u32) -> array<vec4<f32>, COLUMNS / 4u> {
    let block = row / level.batch;
    let configuration = row % level.batch;
    let width = level.border / 4u;
    var near = vec4<f32>(0.0);
    var far = vec3<f32>(0.0);
    var corners = 0.0;
    var means = vec4<f32>(0.0);
    if width > 0u {
        let top = side(block, 0u, width, configuration);
        let right = side(block, width, width, configuration);
        let bottom = side(block, 2u * width, width, configuration);
        let left = side(block, 3u * width, width, configuration);
        let near_pairs = 4u * (max(vec4<u32>(width), NEAR) - NEAR);
        let far_pairs = 4u * (max(vec3<u32>(width), FAR) - FAR);
        near = vec4<f32>(top.near + right.near + bottom.near + left.near) / vec4<f32>(max(near_pairs, vec4<u32>(1u)));
        far = vec3<f32>(top.far + right.far + bottom.far + left.far) / vec3<f32>(max(far_pairs, vec3<u32>(1u)));
        corners = f32(top.first * left.first + top.last * right.first + right.last * bottom.last
            + bottom.first * left.last);
        means = vec4<f32>(vec4<i32>(top.spin_sum, right.spin_sum, bottom.spin_sum, left.spin_sum)) / f32(width);
    }
    let all = 0.25 * (means.x + means.y + means.z + means.w);
    let opposite = 0.5 * (means.x * means.z + means.y * means.w);
    let adjacent = 0.25 * (means.x + means.z) * (means.y + means.w);
    let here = reward[level.first_row + row];
    let reference = reward[level.first_row];
    let rest = (reward[configuration] - here) - (reward[0] - reference);
    return array<vec4<f32>, COLUMNS / 4u>(
        vec4<f32>(1.0, near.xyz),
        vec4<f32>(near.w, far),
        vec4<f32>(0.25 * corners, opposite, adjacent, abs(all)),
        vec4<f32>((all * all) * (all * all), all, rest, here - reference),
    );
}
