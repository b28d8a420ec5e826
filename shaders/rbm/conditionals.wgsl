// Gains of hidden units in ln p when one site of a row has another state: sums of ln(1 + exp(field)) with that state, less those of the row as it is, unit by unit so
// that no digits are lost. The host makes pseudo-likelihoods of them. Twin of `gain_of_hidden` in `src/rbm/likelihood.rs`.
// Grid: ceil(rows * ceil(sites / every) * colours / LANES) workgroups of LANES lanes, one gain each: of an Ising spin that is turned, of a Potts spin that takes a colour.
// Constants: LANES.

#include rbm/task
#include lanes/dispatch
#include numbers/activation

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(3) var<storage, read> chains: array<u32>; // [rows][visible_words]
@group(0) @binding(4) var<storage, read> weights: array<vec4<f32>>; // [visible][hidden_words * 8]
@group(0) @binding(10) var<storage, read> hidden_fields: array<vec4<f32>>; // [rows][hidden_words * 8]
@group(0) @binding(14) var<storage, read_write> gains: array<f32>; // [rows][every-th site][colours]

fn softplus_of(x: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(
        softplus(x.x, exp_minus_abs(x.x)), softplus(x.y, exp_minus_abs(x.y)),
        softplus(x.z, exp_minus_abs(x.z)), softplus(x.w, exp_minus_abs(x.w)),
    );
}

fn is_set(row: u32, number: u32) -> bool {
    return ((chains[row * task.visible_words + number / 32u] >> (number % 32u)) & 1u) == 1u;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let sites = (task.visible / task.colours + task.every - 1u) / task.every;
    let at = group_index(group, groups) * LANES + lane;
    if at >= task.rows * sites * task.colours {
        return;
    }
    let row = at / (sites * task.colours);
    let first = at / task.colours % sites * task.every * task.colours;
    let more = first + at % task.colours;
    // The number that the site has; an Ising spin has its own one or none.
    var less = first;
    for (var colour = 0u; colour < task.colours; colour++) {
        less = select(less, first + colour, is_set(row, first + colour));
    }
    let loses = select(0.0, 1.0, is_set(row, less));
    let gets = select(1.0, 0.0, task.colours == 1u && is_set(row, less));
    let quads = task.hidden_words * 8u;
    var sum = vec4<f32>(0.0);
    for (var quad = 0u; quad < quads; quad++) {
        let own = hidden_fields[row * quads + quad];
        let other = own - loses * weights[less * quads + quad] + gets * weights[more * quads + quad];
        sum += softplus_of(other) - softplus_of(own);
    }
    gains[at] = (sum.x + sum.y) + (sum.z + sum.w);
}
