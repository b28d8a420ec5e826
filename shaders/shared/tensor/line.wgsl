// The spins of a row, each given those before it and the environment below. Twin of `src/mps/line.rs`. Needs the kernel's
// chosen_spin(at, site, up), which gives 0 or 1, for own site `site` of the box, whose probability to be up is `up`.

#include numbers/scaled

// The least probability of a spin, where an environment that lost small weights gives none.
const LEAST: f32 = 1e-9;

var<workgroup> line: array<u32, COLUMNS>;                // spins above, and those of the row as they come: 0 down, 1 up
var<workgroup> left: array<f32, BOND>;                   // what the spins before a site make of its states
var<workgroup> by_spin: array<f32, STATES>;              // [spin][state right of a site]

// q so far.
struct Product {
    mantissa: f32,
    exponent: i32,
}

fn times(product: Product, share: f32) -> Product {
    let value = product.mantissa * share;
    let power = i32(bitcast<u32>(value) >> 23u) - 127;
    return Product(value * bitcast<f32>(u32(127 - power) << 23u), product.exponent + power);
}

// Sums over the sites right of a bond, [spin left of it][state], each scaled so that the largest has size 1 when it is read.
fn sum_from_the_right(at: Place, lane: u32, row: u32, tensors: u32) {
    let rights = at.scratch + RIGHTS;
    for (var turn = 0u; turn < turns_of(STATES); turn++) {
        let place = turn * LANES + lane;
        if place < STATES {
            environments[rights + COLUMNS * STATES + place] = select(0.0, 1.0, place % BOND == 0u);
        }
    }
    settle();
    for (var step_up = 1u; step_up < COLUMNS; step_up++) {
        let site = COLUMNS - step_up;
        let beyond = rights + (site + 1u) * STATES;
        let factors = site_weights(at, row, site) * given(bond_of(at, row, site, UP), line[site]) / largest_of(beyond);
        let horizontal = bond_of(at, row, site, TO_LEFT);
        for (var turn = 0u; turn < turns_of(BOND); turn++) {
            let state = turn * LANES + lane;
            if state < BOND {
                var sums = vec2<f32>(0.0);
                for (var k = 0u; k < BOND; k++) {
                    let entry = tensors + site * MATRICES + state * BOND + k;
                    sums.x += environments[entry] * environments[beyond + k];
                    sums.y += environments[entry + BOND * BOND] * environments[beyond + BOND + k];
                }
                sums *= factors;
                environments[rights + site * STATES + state] = dot(sums, horizontal.yx);
                environments[rights + site * STATES + BOND + state] = dot(sums, horizontal);
            }
        }
        settle();
    }
}

// The largest size of the states of a bond; 1 where all are zero.
fn largest_of(first: u32) -> f32 {
    var largest = 0.0;
    for (var state = 0u; state < STATES; state++) {
        largest = max(largest, abs(environments[first + state]));
    }
    return select(1.0, largest, largest > 0.0);
}

// Goes through the spins of a row from the left. `line` has those above, and then those of the row.
fn walk_line(at: Place, lane: u32, row: u32, tensors: u32, before_row: Product) -> Product {
    sum_from_the_right(at, lane, row, tensors);
    var product = before_row;
    var before = 0u;
    for (var site = 0u; site < COLUMNS; site++) {
        for (var turn = 0u; turn < turns_of(BOND); turn++) {
            let state = turn * LANES + lane;
            if state < BOND && site == 0u {
                left[state] = select(0.0, 1.0, state == 0u);
            }
        }
        workgroupBarrier();
        move_left(lane, tensors + site * MATRICES);
        let horizontal = given(bond_of(at, row, site, TO_LEFT), before);
        let own = site_weights(at, row, site) * given(bond_of(at, row, site, UP), line[site]);
        let shares = max(shares_of(at, site) * own * select(horizontal, vec2<f32>(1.0), site == 0u), vec2<f32>(0.0));
        let total = shares.x + shares.y;
        let of_both = select(vec2<f32>(0.5), clamp(shares / total, vec2<f32>(LEAST), vec2<f32>(1.0)), total > 0.0);
        before = chosen_spin(at, row * COLUMNS + site, of_both.y);
        product = times(product, select(of_both.x, of_both.y, before == 1u));
        workgroupBarrier();
        keep_left(lane, before);
        if lane == 0u {
            line[site] = before;
        }
    }
    workgroupBarrier();
    return product;
}

// `left` moved on by the matrices of a site, by its spin.
fn move_left(lane: u32, tensor: u32) {
    for (var turn = 0u; turn < turns_of(STATES); turn++) {
        let place = turn * LANES + lane;
        if place < STATES {
            let spin = place / BOND;
            var sum = 0.0;
            for (var k = 0u; k < BOND; k++) {
                sum += left[k] * environments[tensor + (spin * BOND + k) * BOND + place % BOND];
            }
            by_spin[place] = sum;
        }
    }
    workgroupBarrier();
}

// Weights of a spin down and up, but for its own factors.
fn shares_of(at: Place, site: u32) -> vec2<f32> {
    let right = at.scratch + RIGHTS + (site + 1u) * STATES;
    var shares = vec2<f32>(0.0);
    for (var state = 0u; state < BOND; state++) {
        shares.x += by_spin[state] * environments[right + state];
        shares.y += by_spin[BOND + state] * environments[right + BOND + state];
    }
    return shares / largest_of(right);
}

// The states of the chosen spin, scaled.
fn keep_left(lane: u32, spin: u32) {
    var weight = 0.0;
    for (var state = 0u; state < BOND; state++) {
        weight += abs(by_spin[spin * BOND + state]);
    }
    let scale = select(1.0, 1.0 / weight, weight > 0.0);
    for (var turn = 0u; turn < turns_of(BOND); turn++) {
        let state = turn * LANES + lane;
        if state < BOND {
            left[state] = by_spin[spin * BOND + state] * scale;
        }
    }
}
