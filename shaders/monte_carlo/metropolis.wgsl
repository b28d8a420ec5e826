// Metropolis updates of all spins of one of COLOURS colours; those do not interact. Two colours are a checkerboard; four are
// every second site of every second row, for the triangular lattice. There are two or three DIMENSIONS.
// Grid: ceil(batch / LANES) * sites / (4 COLOURS) workgroups of LANES lanes, one configuration per lane, four spins of the colour
// per workgroup. Invariant: thresholds are integers, so every device flips the same spins as the twin.
// Constants: LANES, SIDE, AXES, DIMENSIONS, COLOURS, COLOUR.

#include layout/types
#include lanes/dispatch
#include numbers/philox

const PLANES: u32 = 1u + (SIDE - 1u) * (DIMENSIONS / 3u);

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>; // [site][batch]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let fours = PLANES * SIDE * SIDE / (4u * COLOURS);
    let four = index % fours;
    let configuration = index / fours * LANES + lane;
    if configuration >= step.batch {
        return;
    }
    let counter = vec4<u32>(step.first_configuration + configuration, 0u, four, COLOUR);
    let words = philox(step.seed, step.step, counter);
    for (var i = 0u; i < 4u; i++) {
        let line = (4u * four + i) / (SIDE / 2u);
        let plane = line / SIDE * (DIMENSIONS / 3u);
        let row = select(line % SIDE, 2u * line + COLOUR / 2u, COLOURS == 4u);
        let shift = select((plane + row + COLOUR) & 1u, COLOUR & 1u, COLOURS == 4u);
        let column = (4u * four + i) % (SIDE / 2u) * 2u + shift;
        let at = place(plane, row, column, configuration);
        var neighbours = spins[place(plane, row + 1u, column, configuration)]
            + spins[place(plane, row + SIDE - 1u, column, configuration)]
            + spins[place(plane, row, column + 1u, configuration)]
            + spins[place(plane, row, column + SIDE - 1u, configuration)];
        if DIMENSIONS == 3u {
            neighbours += spins[place(plane + 1u, row, column, configuration)]
                + spins[place(plane + SIDE - 1u, row, column, configuration)];
        } else if AXES == 3u {
            neighbours += spins[place(plane, row + 1u, column + 1u, configuration)]
                + spins[place(plane, row + SIDE - 1u, column + SIDE - 1u, configuration)];
        }
        let state = (u32(neighbours + 2 * i32(AXES))) / 2u + select(0u, 2u * AXES + 1u, spins[at] > 0);
        let threshold = step.flip[state / 4u][state % 4u];
        if words[i] < threshold || threshold == 0xffffffffu {
            spins[at] = -spins[at];
        }
    }
}

#include spins/lattice_index
