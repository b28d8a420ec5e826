// Sums over configurations of what observables are made of, as exact integers: the spins of every line of every axis (rows and
// columns, in three dimensions planes, rows and columns), products of spins at every distance along every axis, up to half the
// lattice, and the spins of every line of the first axis times -1 to the power of their other coordinates. Where all sites are neighbours, there
// is one of the DIMENSIONS and one line, of all sites.
// Grid: ceil(batch / LANES) * SIDE workgroups of LANES lanes, one configuration per lane, one line and distance per workgroup; with one line
// ceil(batch / LANES).
// Constants: LANES, SIDE, AXES, DIMENSIONS.

#include layout/types
#include lanes/dispatch

const PLANES: u32 = 1u + (SIDE - 1u) * (DIMENSIONS / 3u);
// Where products and sums with alternating signs begin.
const PRODUCTS: u32 = DIMENSIONS * SIDE;
const STAGGERED: u32 = PRODUCTS + SIDE / 2u;

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(4) var<storage, read> spins: array<i32>;                    // [site][batch]
@group(0) @binding(25) var<storage, read_write> observables: array<i32>;       // [lines, distances 1 to SIDE / 2, staggered lines][batch]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let lines = select(SIDE, 1u, DIMENSIONS == 1u);
    let line = index % lines;
    let configuration = index / lines * LANES + lane;
    if configuration >= step.batch {
        return;
    }
    if DIMENSIONS == 1u {
        add_all(configuration);
        return;
    }
    add_lines(line, configuration);
    let distance = line + 1u;
    if 2u * distance > SIDE {
        return;
    }
    // Eight columns a turn where there are as many: Mesa's software driver ends all loops after 65,535 turns together.
    var products = 0;
    for (var row = 0u; row < PLANES * SIDE; row++) {
        for (var column = 0u; column < SIDE; column += 8u) {
            products += four_products(row, column, distance, configuration);
            if SIDE >= 8u {
                products += four_products(row, column + 4u, distance, configuration);
            }
        }
    }
    write(PRODUCTS + line, configuration, products);
}

fn write(quantity: u32, configuration: u32, sum: i32) {
    observables[quantity * step.batch + configuration] = sum;
}

// The sum of all spins.
fn add_all(configuration: u32) {
    var sum = 0;
    for (var site = 0u; site < SIDE; site++) {
        sum += spins[site * step.batch + configuration];
    }
    write(0u, configuration, sum);
}

// Sums of the lines of a number along all axes, and of that along the first with alternating signs.
fn add_lines(line: u32, configuration: u32) {
    var sums = vec3<i32>(0, 0, 0);
    var staggered = 0;
    for (var a = 0u; a < PLANES; a++) {
        for (var b = 0u; b < SIDE; b++) {
            if DIMENSIONS == 2u {
                let first = spin(0u, line, b, configuration);
                sums += vec3<i32>(first, spin(0u, b, line, configuration), 0);
                staggered += select(first, -first, (b & 1u) == 1u);
            } else {
                let first = spin(line, a, b, configuration);
                sums += vec3<i32>(first, spin(a, line, b, configuration), spin(a, b, line, configuration));
                staggered += select(first, -first, ((a + b) & 1u) == 1u);
            }
        }
    }
    write(line, configuration, sums.x);
    write(SIDE + line, configuration, sums.y);
    if DIMENSIONS == 3u {
        write(2u * SIDE + line, configuration, sums.z);
    }
    write(STAGGERED + line, configuration, staggered);
}

// `row` counts through all planes.
fn four_products(row: u32, column: u32, distance: u32, configuration: u32) -> i32 {
    return product(row, column, distance, configuration) + product(row, column + 1u, distance, configuration)
        + product(row, column + 2u, distance, configuration) + product(row, column + 3u, distance, configuration);
}

// A spin times those at a distance along every axis.
fn product(line: u32, column: u32, distance: u32, configuration: u32) -> i32 {
    let plane = line / SIDE;
    let row = line % SIDE;
    var others = spin(plane, row, column + distance, configuration) + spin(plane, row + distance, column, configuration);
    if DIMENSIONS == 3u {
        others += spin(plane + distance, row, column, configuration);
    } else if AXES == 3u {
        others += spin(plane, row + distance, column + distance, configuration);
    }
    return spin(plane, row, column, configuration) * others;
}

// Sides are powers of two, so masks wrap around.
fn spin(plane: u32, row: u32, column: u32, configuration: u32) -> i32 {
    let line = (plane & (PLANES - 1u)) * SIDE + (row & (SIDE - 1u));
    return spins[(line * SIDE + (column & (SIDE - 1u))) * step.batch + configuration];
}
