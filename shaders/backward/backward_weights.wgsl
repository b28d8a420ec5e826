// Partial gradients of all weights and biases of a level: sum over a slice of rows of source * target error.
// Grid: jobs * slices workgroups of LANES lanes. A job is a part of one matrix that is not masked as a whole, JOB_SOURCES by
// JOB_UNITS or, for logits, JOB_LOGITS targets; how lanes share it: see weight_gradient_{own,shared}. Rows are summed always
// in the same order.
// The bias is one more source that is always 1, stored right behind the weights. Masked weights get exactly 0.
// Axes: loads, parts, encoding.
// Constants: LANES, DEPTH, SKIP, JOB_SOURCES, JOB_UNITS, JOB_LOGITS; split parts: WINDOW; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch
#include weights/net_parameters_$PARTS
#include weights/partials_$PARTS

const INPUTS: u32 = 0u;      // sources: the inputs; 1 + l: activations of layer l

struct Job {
    source_kind: u32,        // INPUTS or 1 + layer
    sources: u32,
    source_width: u32,       // per group
    first_source: u32,
    target_kind: u32,        // hidden layer, or DEPTH for the logits
    targets: u32,
    target_width: u32,
    first_target: u32,
    weight: u32,             // offset of the matrix
    first_group: u32,        // group of target 0
    inclusive: u32,
    has_bias: u32,
}

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(17) var<storage, read> jobs: array<Job>;

// Slope of a source that is a hidden unit.
fn source_slope(job: Job, source: u32) -> f32 {
    return parameter(level.layers[job.source_kind - 1u].slope + source);
}

fn visible_to(job: Job, t: u32) -> u32 {
    let group = job.first_group + t / job.target_width;
    return select(group + job.inclusive, level.border, group < level.border) * job.source_width;
}

// Where sums of one target go.
struct Place {
    slice: u32,
    target_unit: u32,
    visible: u32,            // sources that it sees
}

// Writes one sum of a slice, if it is of this matrix: masked weights get exactly 0.
fn write_partial(job: Job, place: Place, source: u32, sum: f32) {
    if source < job.sources + job.has_bias && place.target_unit < job.targets {
        let at = place.slice * level.parameters + job.weight + source * job.targets + place.target_unit;
        set_partial(at, select(0.0, sum, source < place.visible || source == job.sources));
    }
}

#include gradient/weight_gradient_$LOADS
