// A heat bath of all Potts spins of one of two parts of the lattice, a checkerboard; those of a part do not interact.
// Grid: ceil(batch / LANES) * sites / 8 workgroups of LANES lanes, one configuration per lane, four spins of the part per workgroup.
// Invariant: probabilities are sums of numbers of the host, so every device draws the same colours as the twin.
// Constants: LANES, SIDE, DIMENSIONS, PART, COLOURS.

#include layout/types
#include lanes/dispatch
#include numbers/philox

const PLANES: u32 = 1u + (SIDE - 1u) * (DIMENSIONS / 3u);

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>; // [site][batch]

// Neighbours of the spin at hand by their colour.
var<private> counts: array<i32, COLOURS>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let fours = PLANES * SIDE * SIDE / 8u;
    let four = index % fours;
    let configuration = index / fours * LANES + lane;
    if configuration >= step.batch {
        return;
    }
    let counter = vec4<u32>(step.first_configuration + configuration, 0u, four, PART);
    let words = philox(step.seed, step.step, counter);
    for (var i = 0u; i < 4u; i++) {
        let line = (4u * four + i) / (SIDE / 2u);
        let plane = line / SIDE * (DIMENSIONS / 3u);
        let row = line % SIDE;
        let column = (4u * four + i) % (SIDE / 2u) * 2u + ((plane + row + PART) & 1u);
        count_neighbours(plane, row, column, configuration);
        let at = place(plane, row, column, configuration);
        spins[at] = colour_at(uniform_of(words[i]), spins[at]);
    }
}

fn count_neighbours(plane: u32, row: u32, column: u32, configuration: u32) {
    for (var c = 0u; c < COLOURS; c++) {
        counts[c] = 0;
    }
    count(spins[place(plane, row + 1u, column, configuration)]);
    count(spins[place(plane, row + SIDE - 1u, column, configuration)]);
    count(spins[place(plane, row, column + 1u, configuration)]);
    count(spins[place(plane, row, column + SIDE - 1u, configuration)]);
    if DIMENSIONS == 3u {
        count(spins[place(plane + 1u, row, column, configuration)]);
        count(spins[place(plane + SIDE - 1u, row, column, configuration)]);
    }
}

fn count(colour: i32) {
    for (var c = 0u; c < COLOURS; c++) {
        counts[c] += select(0, 1, colour == i32(c));
    }
}

// Boltzmann factor of a colour, by how many neighbours less than the best has it; of colour 0 with the field.
fn weight(c: u32, best: i32) -> f32 {
    let factors = step.heat_bath_reward[u32(abs(best - counts[c]))];
    return select(factors.x, factors.y, c == 0u);
}

// The colour at which the sum of probabilities from colour 0 on passes a number in [0, 1).
fn colour_at(number: f32, old: i32) -> i32 {
    var most = 0;
    var least = 6;
    for (var c = 0u; c < COLOURS; c++) {
        most = max(most, counts[c]);
        least = min(least, counts[c]);
    }
    let best = select(least, most, step.beta_coupling.x + step.beta_coupling.y >= 0.0);
    var sum = 0.0;
    for (var c = 0u; c < COLOURS; c++) {
        sum += weight(c, best);
    }
    var colour = 0;
    var so_far = 0.0;
    for (var c = 0u; c + 1u < COLOURS; c++) {
        so_far += weight(c, best);
        colour += select(0, 1, number * sum >= so_far);
    }
    // Factors of an extreme field and coupling may all be 0.
    return select(old, colour, sum > 0.0);
}

#include spins/lattice_index
