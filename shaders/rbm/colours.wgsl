// Draws the colours of Potts spins from the fields of their visible numbers.
// Grid: ceil(rows * visible_words / LANES) workgroups of LANES lanes, a word of a row each; a site whose numbers lie in two words is drawn in both, alike.
// Invariant: a colour depends on (seed, step, stage, configuration, site) and the fields of its site alone. Twin of `draw_colours` in `src/rbm/cpu.rs`.
// Constants: LANES.

#include rbm/task
#include lanes/dispatch
#include rbm/draw

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(3) var<storage, read_write> chains: array<u32>; // [rows][visible_words]
@group(0) @binding(9) var<storage, read> visible_fields: array<f32>; // [rows][visible_stride]

// The colour at which the sum of probabilities from colour 0 on passes a random number.
fn drawn_colour(row: u32, site: u32) -> u32 {
    let start = row * task.visible_stride + site * task.colours;
    var largest = visible_fields[start];
    for (var colour = 1u; colour < task.colours; colour++) {
        largest = max(largest, visible_fields[start + colour]);
    }
    var total = 0.0;
    for (var colour = 0u; colour < task.colours; colour++) {
        total += exp_minus_abs(visible_fields[start + colour] - largest);
    }
    var rest = uniform_of(word_of(unit_words(row, site), site % 32u / 8u)) * total;
    var passed = 0u;
    for (var colour = 0u; colour < task.colours; colour++) {
        rest -= exp_minus_abs(visible_fields[start + colour] - largest);
        passed += select(1u, 0u, rest < 0.0);
    }
    // Once below 0, what is left stays there.
    return min(passed, task.colours - 1u);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    if at >= task.rows * task.visible_words {
        return;
    }
    let row = at / task.visible_words;
    let first = at % task.visible_words * 32u;
    let last = min(first + 32u, task.visible);
    let sites = (last + task.colours - 1u) / task.colours;
    var word = 0u;
    for (var site = first / task.colours; site < sites; site++) {
        let number = site * task.colours + drawn_colour(row, site);
        if number >= first && number < last {
            word |= 1u << (number - first);
        }
    }
    chains[at] = word;
}
