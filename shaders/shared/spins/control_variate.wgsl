// What the reward of a square is regressed on, four columns to a vector: 1, features of its border, the rest of the
// configuration's reward, and the reward itself. Twin of `src/cpu/control_variate.rs`. Needs `level`, `geometry`, `spins`, `reward`,
// and `inputs` of rows_one, which have the border as bits, 32 spins to a word: products of spins are counted bits.
// Vectors instead of arrays: drivers index those only where they unroll every loop around them.

// Distances along a side at which spins are multiplied.
const NEAR = vec4<u32>(1u, 2u, 3u, 4u);
const FAR = vec3<u32>(6u, 8u, 12u);

// Sum of spins of one side, its spins at both ends, and its sums of products at those distances.
struct Side {
    spin_sum: i32,
    first: i32,
    last: i32,
    near: vec4<i32>,
    far: vec3<i32>,
}

fn word(index: u32, row: u32) -> u32 {
    return input_word(min(32u * index, level.inputs - 1u), row);
}

// Bits from `shift` of the lower word on.
fn bits_from(low: u32, high: u32, shift: u32) -> u32 {
    return select((low >> shift) | (high << (32u - shift)), low, shift == 0u);
}

// The spin of a bit.
fn spin_of(word: u32, bit: u32) -> i32 {
    return 1 - 2 * i32((word >> bit) & 1u);
}

// Sum of the spins, or products of two, that the lowest `count` of 32 bits stand for; 0 if there are none.
fn sum_of(bits: u32, count: i32) -> i32 {
    let mask = select(0xffffffffu >> u32(32 - max(count, 1)), 0u, count <= 0);
    return max(count, 0) - 2 * i32(countOneBits(bits & mask));
}

fn side(first: u32, width: u32, row: u32) -> Side {
    let shift = first % 32u;
    var index = first / 32u;
    var upper = word(index + 1u, row);
    var here = bits_from(word(index, row), upper, shift);
    var result = Side(0, spin_of(here, 0u), 0, vec4<i32>(0), vec3<i32>(0));
    for (var done = 0u; done < width; done += 32u) {
        let above = word(index + 2u, row);
        let next = bits_from(upper, above, shift);
        let left = i32(width - done);
        result.spin_sum += sum_of(here, min(left, 32));
        result.last = spin_of(here, min(width - done, 32u) - 1u);
        let near = vec4<u32>(here) ^ ((vec4<u32>(here) >> NEAR) | (vec4<u32>(next) << (32u - NEAR)));
        let far = vec3<u32>(here) ^ ((vec3<u32>(here) >> FAR) | (vec3<u32>(next) << (32u - FAR)));
        let near_pairs = min(vec4<i32>(left) - vec4<i32>(NEAR), vec4<i32>(32));
        let far_pairs = min(vec3<i32>(left) - vec3<i32>(FAR), vec3<i32>(32));
        result.near += vec4<i32>(
            sum_of(near.x, near_pairs.x), sum_of(near.y, near_pairs.y),
            sum_of(near.z, near_pairs.z), sum_of(near.w, near_pairs.w),
        );
        result.far += vec3<i32>(
            sum_of(far.x, far_pairs.x), sum_of(far.y, far_pairs.y), sum_of(far.z, far_pairs.z),
        );
        here = next;
        upper = above;
        index++;
    }
    return result;
}

// What the inputs' gauge has turned has its sign back.
fn border_sign(block: u32, configuration: u32, row: u32) -> f32 {
    return f32(spins[spin_index(block, 0u, configuration)] * spin_of(word(0u, row), 0u));
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
        let top = side(0u, width, row);
        let right = side(width, width, row);
        let bottom = side(2u * width, width, row);
        let left = side(3u * width, width, row);
        let near_pairs = 4u * (max(vec4<u32>(width), NEAR) - NEAR);
        let far_pairs = 4u * (max(vec3<u32>(width), FAR) - FAR);
        near = vec4<f32>(top.near + right.near + bottom.near + left.near) / vec4<f32>(max(near_pairs, vec4<u32>(1u)));
        far = vec3<f32>(top.far + right.far + bottom.far + left.far) / vec3<f32>(max(far_pairs, vec3<u32>(1u)));
        corners = f32(top.first * left.first + top.last * right.first + right.last * bottom.last
            + bottom.first * left.last);
        means = vec4<f32>(vec4<i32>(top.spin_sum, right.spin_sum, bottom.spin_sum, left.spin_sum)) / f32(width);
        means *= border_sign(block, configuration, row);
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
