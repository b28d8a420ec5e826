// The sum over all rows below one, as a function of its spins: a matrix product state of at most BOND states a bond. Twin of `src/mps/environment.rs`.
//
// Tensors of a row are [site][spin][left][right] in the workgroup's part of `environments`, filled up with zeros to BOND states. A step to the row above
// doubles the states of all bonds; a basis of the space in which the sites right of a bond mix with fixed random vectors brings them back, site by site.
// Rows of `wanted` and `basis` are [left][new spin], so that the states that are there come first.

#include tensor/orthonormal

// Numbers of the matrices of a site, of a row, and of the states right of a site by both spins.
const MATRICES: u32 = 2u * BOND * BOND;
const OF_ROW: u32 = COLUMNS * MATRICES;
const STATES: u32 = 2u * BOND;

// A workgroup's part of `environments`: rows that are kept, the last rows of all parts of KEPT rows, what the sites from one on make of the random vectors,
// and what they sum to.
const PARTS: u32 = (ROWS + KEPT - 1u) / KEPT;
const ENDS: u32 = KEPT * OF_ROW;
const SKETCHED: u32 = ENDS + PARTS * OF_ROW;
const RIGHTS: u32 = SKETCHED + OF_ROW;
const SCRATCH: u32 = RIGHTS + (COLUMNS + 1u) * STATES;

var<workgroup> carried: array<f32, MATRICES>;            // [spin left of the site][new][old]: the exact row as the new basis sees it
var<workgroup> mixed: array<f32, MATRICES>;
var<workgroup> moved: array<f32, MATRICES>;              // [old spin][new][old]

// Turns in which the lanes go through so many numbers: all lanes take them all.
fn turns_of(numbers: u32) -> u32 {
    return (numbers + LANES - 1u) / LANES;
}

// Makes what all lanes wrote to `environments` and to workgroup memory known to all.
fn settle() {
    storageBarrier();
    workgroupBarrier();
}

// States of the bond left of a site.
fn states_of(bond: u32) -> u32 {
    return min(BOND, min(1u << min(bond, 4u), 1u << min(COLUMNS - bond, 4u)));
}

// A number of the random vectors of a site.
fn random_number(site: u32, spin: u32, vector: u32) -> f32 {
    return bitcast<f32>(geometry[level.sketch + (site * 2u + spin) * BOND + vector]);
}

// The environment of the last row: its bonds to the spins below the box.
fn last_environment(at: Place, lane: u32, to: u32) {
    for (var turn = 0u; turn < turns_of(OF_ROW); turn++) {
        let place = turn * LANES + lane;
        if place < OF_ROW {
            let site = place / MATRICES;
            let factors = given(bond_of(at, ROWS - 1u, site, DOWN), face(at, BELOW + site));
            let in_site = place % MATRICES;
            let factor = select(factors.x, factors.y, in_site / (BOND * BOND) == 1u);
            environments[to + place] = select(0.0, factor, in_site % (BOND * BOND) == 0u);
        }
    }
    settle();
}

// From the environment of `row` to that of the row above it, of length 1.
fn environment_above(at: Place, lane: u32, row: u32, from_row: u32, to_row: u32) {
    sketch_from_the_right(at, lane, row, from_row);
    compress(at, lane, row, from_row, to_row);
}

// Products of the random vectors with the sites from one on, [spin left of the site][state][vector], scaled to length 1.
fn sketch_from_the_right(at: Place, lane: u32, row: u32, from_row: u32) {
    var scale = 1.0;
    for (var step_up = 1u; step_up < COLUMNS; step_up++) {
        let site = COLUMNS - step_up;
        let tensor = from_row + site * MATRICES;
        let vertical = bond_of(at, row, site, UP);
        let horizontal = bond_of(at, row, site, TO_LEFT);
        let weights = site_weights(at, row, site) * scale;
        var square = 0.0;
        for (var turn = 0u; turn < turns_of(BOND * BOND); turn++) {
            let place = turn * LANES + lane;
            if place < BOND * BOND {
                let state = place / BOND;
                let vector = place % BOND;
                var sums = vec2<f32>(environments[tensor + state * BOND], environments[tensor + BOND * BOND + state * BOND]);
                if site + 1u < COLUMNS {
                    sums = vec2<f32>(0.0);
                    for (var k = 0u; k < BOND; k++) {
                        let entry = tensor + state * BOND + k;
                        sums.x += environments[entry] * mixed[k * BOND + vector];
                        sums.y += environments[entry + BOND * BOND] * mixed[(BOND + k) * BOND + vector];
                    }
                }
                // By the old spin: the random vectors are those of the new one above it.
                let random = vec2<f32>(random_number(site, 0u, vector), random_number(site, 1u, vector));
                sums *= weights * vec2<f32>(dot(random, vertical.yx), dot(random, vertical));
                let result = vec2<f32>(dot(sums, horizontal.yx), dot(sums, horizontal));
                moved[place] = result.x;
                moved[BOND * BOND + place] = result.y;
                square += dot(result, result);
            }
        }
        let total = sum_over_lanes(lane, square);
        scale = select(1.0, inverseSqrt(total), total > 0.0);
        for (var turn = 0u; turn < turns_of(MATRICES); turn++) {
            let place = turn * LANES + lane;
            if place < MATRICES {
                mixed[place] = moved[place];
                environments[at.scratch + SKETCHED + (site - 1u) * MATRICES + place] = moved[place] * scale;
            }
        }
        settle();
    }
}

fn compress(at: Place, lane: u32, row: u32, from_row: u32, to_row: u32) {
    for (var turn = 0u; turn < turns_of(MATRICES); turn++) {
        let place = turn * LANES + lane;
        if place < MATRICES {
            carried[place] = select(0.0, 1.0, place % (BOND * BOND) == 0u);
        }
    }
    workgroupBarrier();
    var scale = 1.0;
    for (var site = 0u; site < COLUMNS; site++) {
        let vertical = bond_of(at, row, site, UP);
        mix_carried(at, lane, row, site, scale);
        move_on(lane, from_row + site * MATRICES);
        let to = to_row + site * MATRICES;
        if site + 1u == COLUMNS {
            finish_row(lane, vertical, to);
        } else {
            turn(at, lane, site, vertical);
            make_basis(lane, states_of(site + 1u));
            scale = carry(lane, vertical, to);
        }
    }
}

// [old spin][new][old] left of a site, with the site's weight and its bond to the left.
fn mix_carried(at: Place, lane: u32, row: u32, site: u32, scale: f32) {
    let weights = site_weights(at, row, site) * scale;
    // The bond of the first site to the border is among its weights.
    let horizontal = select(bond_of(at, row, site, TO_LEFT), vec2<f32>(0.0, 1.0), site == 0u);
    for (var turn = 0u; turn < turns_of(BOND * BOND); turn++) {
        let place = turn * LANES + lane;
        if place < BOND * BOND {
            let both = vec2<f32>(carried[place], select(carried[BOND * BOND + place], carried[place], site == 0u));
            mixed[place] = dot(both, horizontal.yx) * weights.x;
            mixed[BOND * BOND + place] = dot(both, horizontal) * weights.y;
        }
    }
    workgroupBarrier();
}

// Goes on by the matrices of a site.
fn move_on(lane: u32, tensor: u32) {
    for (var turn = 0u; turn < turns_of(MATRICES); turn++) {
        let place = turn * LANES + lane;
        if place < MATRICES {
            let spin = place / (BOND * BOND);
            let new_state = place / BOND % BOND;
            let column = place % BOND;
            var sum = 0.0;
            for (var k = 0u; k < BOND; k++) {
                sum += mixed[(spin * BOND + new_state) * BOND + k] * environments[tensor + (spin * BOND + k) * BOND + column];
            }
            moved[place] = sum;
        }
    }
    workgroupBarrier();
}

// The last site takes what is left of the row.
fn finish_row(lane: u32, vertical: vec2<f32>, to: u32) {
    var square = 0.0;
    for (var turn = 0u; turn < turns_of(BOND * BOND); turn++) {
        let place = turn * LANES + lane;
        if place < BOND * BOND {
            let by_old = vec2<f32>(moved[place], moved[BOND * BOND + place]);
            let by_new = vec2<f32>(dot(by_old, vertical.yx), dot(by_old, vertical));
            square += dot(by_new, by_new);
        }
    }
    let total = sum_over_lanes(lane, square);
    let scale = select(1.0, inverseSqrt(total), total > 0.0);
    for (var turn = 0u; turn < turns_of(BOND * BOND); turn++) {
        let place = turn * LANES + lane;
        if place < BOND * BOND {
            let by_old = vec2<f32>(moved[place], moved[BOND * BOND + place]) * scale;
            environments[to + place] = dot(by_old, vertical.yx);
            environments[to + BOND * BOND + place] = dot(by_old, vertical);
        }
    }
    settle();
}

// The space to keep: what the random vectors show of it, by the new spin.
fn turn(at: Place, lane: u32, site: u32, vertical: vec2<f32>) {
    let columns = states_of(site + 1u);
    let sketched = at.scratch + SKETCHED + site * MATRICES;
    for (var turn = 0u; turn < turns_of(BOND * BOND); turn++) {
        let place = turn * LANES + lane;
        if place < BOND * BOND {
            let state = place / BOND;
            let vector = place % BOND;
            var by_old = vec2<f32>(0.0);
            for (var k = 0u; k < BOND; k++) {
                by_old.x += moved[state * BOND + k] * environments[sketched + k * BOND + vector];
                by_old.y += moved[(BOND + state) * BOND + k] * environments[sketched + (BOND + k) * BOND + vector];
            }
            by_old = select(vec2<f32>(0.0), by_old, vector < columns);
            wanted[2u * state * BOND + vector] = dot(by_old, vertical.yx);
            wanted[(2u * state + 1u) * BOND + vector] = dot(by_old, vertical);
        }
    }
    workgroupBarrier();
}

// Writes the new tensor, and takes the rest of the exact row along; what it is to be multiplied with to be of length 1.
fn carry(lane: u32, vertical: vec2<f32>, to: u32) -> f32 {
    for (var turn = 0u; turn < turns_of(BOND * BOND); turn++) {
        let place = turn * LANES + lane;
        if place < BOND * BOND {
            let row = place / BOND;
            let column = place % BOND;
            let by_new = vec2<f32>(basis[2u * row * BOND + column], basis[(2u * row + 1u) * BOND + column]);
            environments[to + place] = by_new.x;
            environments[to + BOND * BOND + place] = by_new.y;
            mixed[place] = dot(by_new, vertical.yx);
            mixed[BOND * BOND + place] = dot(by_new, vertical);
        }
    }
    settle();
    var square = 0.0;
    for (var turn = 0u; turn < turns_of(MATRICES); turn++) {
        let place = turn * LANES + lane;
        if place < MATRICES {
            let spin = place / (BOND * BOND);
            let new_state = place / BOND % BOND;
            let column = place % BOND;
            var sum = 0.0;
            for (var k = 0u; k < BOND; k++) {
                sum += mixed[(spin * BOND + k) * BOND + new_state] * moved[(spin * BOND + k) * BOND + column];
            }
            carried[place] = sum;
            square += sum * sum;
        }
    }
    let total = sum_over_lanes(lane, square);
    return select(1.0, inverseSqrt(total), total > 0.0);
}
