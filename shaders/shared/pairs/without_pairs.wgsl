// A head without parameters of pairs of sites: a pair adds nothing to the gradient.

const PAIR_TENSORS: u32 = 0u;
// Numbers that a lane sums up together.
const NUMBERS: u32 = 1u;

fn add_pair(
    sums: ptr<function, array<f32, NUMBERS>>,
    site: u32,
    later: u32,
    field: Field,
    correction: vec4<f32>,
    spins: vec4<i32>,
    errors: vec4<f32>,
    later_errors: vec4<f32>,
) {}
