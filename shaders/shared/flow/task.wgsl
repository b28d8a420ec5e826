// The sizes, places and numbers of one dispatch of a flow's kernels. Twin of `FlowTask` in `src/gpu/flow/sizes.rs`.
// Configurations are rows of numbers, [rows][sites]; a workgroup has `each` of them, one behind the other.

struct FlowTask {
    side: u32,
    sites: u32,
    rows: u32,        // configurations of the dispatch
    each: u32,        // configurations of a workgroup
    first_block: u32, // blocks from the field on: the first one of the dispatch
    blocks: u32,      // how many blocks the dispatch has
    starts: u32,      // 1 in the first dispatch of a way through all blocks
    first_slice: u32, // where its workgroups leave parts of the gradient
    slices: u32,      // how many parts there are
    quads: u32,       // parameters of the flow, four by four
    key0: u32,        // of normal numbers
    key1: u32,
    step: u32,
    first: u32,       // the configuration of the first row that is drawn
    of_energy: f32,   // 1 where slopes have the gradient of E in them
    of_score: f32,    // 1 where they have the score
    share: f32,       // of a row in the mean loss
    of_ln_det: f32,   // derivative with respect to ln |det dx/dz|
    rate: f32,        // Adam's, times the correction of its mean
    kept: f32,        // share of a parameter that is left by its decay
    scale: f32,       // the correction of the mean of squares
    kick: f32,        // a leap: the time for which momenta change
    drift: f32,       // and that for which places do
    first_row: u32,   // the row that the dispatch begins with
    joins: u32,       // 1 where the score of -x joins that of x
}
