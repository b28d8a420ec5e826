// The parameters of the coupling at hand. Where KEPT is 1, lanes keep a copy of their own for all patches of the coupling: on software adapters a load costs as much as many
// products, and the same for all lanes as for one.
// Needs `parameters`: array<vec4<f32>>, and COUPLING.

var<private> coupling_start: u32;
var<private> kept: array<vec4<f32>, 1u + KEPT * COUPLING>;

fn take_parameters(first: u32) {
    coupling_start = first;
    for (var quad = 0u; quad < KEPT * COUPLING; quad++) {
        kept[quad] = parameters[first + quad];
    }
}

fn parameter(at: u32) -> vec4<f32> {
    if KEPT == 1u {
        return kept[at];
    }
    return parameters[coupling_start + at];
}
