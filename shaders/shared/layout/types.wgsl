// Uniforms shared by all kernels. Twins of `src/gpu/layout.rs`; a test compares the layouts.

// Where one masked matrix lies, counted from the level's first parameter.
struct Matrix {
    weight: u32,
    bias: u32,
    slope: u32,
    present: u32,
}

// Constants of one level. Offsets `sites`, `bonds`, `children`, `path_pairs`, `faces`, `patches`, `weights`, `sketch` point into `geometry`.
struct Level {
    batch: u32,
    blocks: u32,
    rows: u32,               // blocks * batch; a row is one block of one configuration
    net_rows: u32,           // the same with the images of a mixture, which come last
    stride: u32,             // net_rows rounded up to whole quads: from unit to unit of inputs, hidden state, logits and errors
    first_row: u32,          // in per-block arrays
    border: u32,
    own: u32,
    inputs: u32,             // border + own
    units: u32,              // inputs * WIDTH
    sites: u32,
    bonds: u32,
    bond_count: u32,
    children: u32,
    children_per_block: u32,
    children_first_row: u32,
    gauge: u32,              // 0 none, 1 border, 2 first own spin, 3 mixture with the mirror image
    index: u32,
    slices: u32,             // partial gradients
    slice_rows: u32,         // rows of each, whole quads
    parameters: u32,         // of this level, padded
    first_norm: u32,         // in `norms`
    path_pairs: u32,         // pairs of border sites that control variates are products of
    faces: u32,              // border sites around a box: see box/box_sum
    patches: u32,            // patches that hidden matrices have: see weights/patches_near
    weights: u32,            // weights of bonds and sites, where each has its own: see spins/weights_each
    sketch: u32,             // random vectors of a tensor network: see tensor/environment
    workers: u32,            // workgroups that share the boxes of a tensor network
    @align(16) layers: array<Matrix, 3>,
    output: Matrix,
    skip: Matrix,
}

// What changes from submission to submission.
struct Step {
    flip: array<vec4<u32>, 4>, // 2^32 times the probability to flip a spin: at the number of neighbours up, plus one more than all neighbours for a spin up
    earlier: vec4<f32>,      // of a spin's bonds to earlier neighbours, by how many are between equal spins
    // In two parts each, the first a multiple of 2^-12: products with integers, and sums of those, are exact up to 4096.
    beta_coupling: vec2<f32>,
    beta_field: vec2<f32>,
    box_reward: vec2<f32>,   // reward of an exact box whose scaled sum is 1
    box_scale_rest: vec2<f32>, // what the scaled sum of a box lacks of exp(beta (|J| bonds + |H| spins)) besides
    reward_shift: vec2<f32>, // of a bond and of a site: multiples of 2^-12
    seed: u32,
    step: u32,
    first_configuration: u32,
    total_rows: u32,
    batch: u32,
    norms: u32,
    clip: f32,               // 0: no limit
    learning_rate: f32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    first_correction: f32,   // 1 / (1 - beta1^step)
    second_correction: f32,  // 1 / (1 - beta2^step)
    one_minus_beta1: f32,    // in f32 1 - beta2 would lose digits
    one_minus_beta2: f32,
    bond_different: f32,     // exp(beta J s s' - |beta J|) nearly: see BoxFactors, as for `earlier`
    bond_same: f32,
    field_down: f32,         // exp(beta H s - |beta H|)
    field_up: f32,
    scale_rate: u32,         // whether a net's rate is multiplied with its factor
    chunk: u32,              // which part of the batch this is
    chunk_share: f32,        // of the batch
    skip_rate: f32,          // learning rate of linear terms over that of their net
    beta: f32,
    coupling: f32,           // J and H, or their units
    field: f32,
    @align(16) heat_bath_reward: array<vec4<f32>, 7>, // by the number of neighbours up; for rounded_to_either_side. Of Potts spins the factors of monte_carlo/heat_bath_sweep
    heat_bath_ln_q: array<vec4<f32>, 14>,  // of a spin down and up, by the number of neighbours up
}
