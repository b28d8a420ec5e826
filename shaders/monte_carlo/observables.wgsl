// Sums over configurations of what observables are made of, as exact integers: the spins of every row and column,
// products of spins at every distance along every axis, up to half the lattice, and the spins of every row times (-1)^column.
// Grid: ceil(batch / LANES) * SIDE workgroups of LANES lanes, one configuration per lane, one line and distance per workgroup.
// Constants: LANES, SIDE, AXES.

#include layout/types
#include lanes/dispatch

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(4) var<storage, read> spins: array<i32>;                    // [site][batch]
@group(0) @binding(25) var<storage, read_write> observables: array<i32>;       // [rows, columns, distances 1 to SIDE / 2, staggered rows][batch]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let line = index % SIDE;
    let configuration = index / SIDE * LANES + lane;
    if configuration >= step.batch {
        return;
    }
    var sums = vec3<i32>(0, 0, 0);
    for (var at = 0u; at < SIDE; at++) {
        let of_row = spin(line, at, configuration);
        sums += vec3<i32>(of_row, spin(at, line, configuration), select(of_row, -of_row, (at & 1u) == 1u));
    }
    observables[line * step.batch + configuration] = sums.x;
    observables[(SIDE + line) * step.batch + configuration] = sums.y;
    observables[(2u * SIDE + SIDE / 2u + line) * step.batch + configuration] = sums.z;
    let distance = line + 1u;
    if 2u * distance > SIDE {
        return;
    }
    // Eight columns a turn where there are as many: Mesa's software driver ends all loops after 65,535 turns together.
    var products = 0;
    for (var row = 0u; row < SIDE; row++) {
        for (var column = 0u; column < SIDE; column += 8u) {
            products += four_products(row, column, distance, configuration);
            if SIDE >= 8u {
                products += four_products(row, column + 4u, distance, configuration);
            }
        }
    }
    observables[(2u * SIDE + line) * step.batch + configuration] = products;
}

fn four_products(row: u32, column: u32, distance: u32, configuration: u32) -> i32 {
    return product(row, column, distance, configuration) + product(row, column + 1u, distance, configuration)
        + product(row, column + 2u, distance, configuration) + product(row, column + 3u, distance, configuration);
}

// A spin times those at a distance along every axis.
fn product(row: u32, column: u32, distance: u32, configuration: u32) -> i32 {
    var others = spin(row, column + distance, configuration) + spin(row + distance, column, configuration);
    if AXES == 3u {
        others += spin(row + distance, column + distance, configuration);
    }
    return spin(row, column, configuration) * others;
}

// Sides are powers of two, so masks wrap around.
fn spin(row: u32, column: u32, configuration: u32) -> i32 {
    let site = (row & (SIDE - 1u)) * SIDE + (column & (SIDE - 1u));
    return spins[site * step.batch + configuration];
}
