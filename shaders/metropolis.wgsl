// Metropolis updates of all spins of one colour of the checkerboard; those do not interact.
// Grid: ceil(batch / LANES) * SIDE^2 / 8 workgroups of LANES lanes, one configuration per lane, four spins of the colour per
// workgroup. Invariant: thresholds are integers, so every device flips the same spins as the twin.

#include types
#include dispatch
#include philox

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>; // [site][batch]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let four = index % (SIDE * SIDE / 8u);
    let configuration = index / (SIDE * SIDE / 8u) * LANES + lane;
    if configuration >= step.batch {
        return;
    }
    let counter = vec4<u32>(step.first_configuration + configuration, 0u, four, COLOUR);
    let words = philox(step.seed, step.step, counter);
    for (var i = 0u; i < 4u; i++) {
        let row = (4u * four + i) / (SIDE / 2u);
        let column = (4u * four + i) % (SIDE / 2u) * 2u + ((row + COLOUR) & 1u);
        let at = place(row, column, configuration);
        let neighbours = spins[place(row + 1u, column, configuration)] + spins[place(row + SIDE - 1u, column, configuration)]
            + spins[place(row, column + 1u, configuration)] + spins[place(row, column + SIDE - 1u, configuration)];
        let state = u32((neighbours + 4) / 2) + select(0u, 5u, spins[at] > 0);
        let threshold = step.flip[state / 4u][state % 4u];
        if words[i] < threshold || threshold == 0xffffffffu {
            spins[at] = -spins[at];
        }
    }
}

// Sides are powers of two, so masks wrap around.
fn place(row: u32, column: u32, configuration: u32) -> u32 {
    return ((row & (SIDE - 1u)) * SIDE + (column & (SIDE - 1u))) * step.batch + configuration;
}
