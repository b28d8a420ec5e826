// Partial gradients of all weights and biases of a level: sum over a slice of rows of source * target error.
// Grid: jobs * slices workgroups of LANES = 64 lanes. A job is one TILE x TILE part of one matrix that is not masked as a
// whole; a lane computes 4 x 4 of it. Rows go through workgroup memory CHUNK at a time, always in the same order.
// The bias is one more source that is always 1, stored right behind the weights. Masked weights get exactly 0.

#include types
#include dispatch
#include activation

const INPUTS: u32 = 0u;      // sources: the inputs; 1 + l: activations of layer l
const TILE: u32 = 32u;
const CHUNK: u32 = 16u;

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
@group(0) @binding(3) var<storage, read> parameters: array<f32>;         // of this level
@group(0) @binding(5) var<storage, read> inputs: array<f32>;             // [inputs][rows]
@group(0) @binding(6) var<storage, read> hidden: array<f32>;             // [DEPTH * units][rows]
@group(0) @binding(7) var<storage, read> logits: array<f32>;             // [own][rows]: their gradient
@group(0) @binding(15) var<storage, read> error: array<f32>;             // [DEPTH * units][rows]
@group(0) @binding(16) var<storage, read_write> partials: array<f32>;    // [slices][parameters] of this level
@group(0) @binding(17) var<storage, read> jobs: array<Job>;

var<workgroup> left: array<f32, CHUNK * TILE>;
var<workgroup> right: array<f32, CHUNK * TILE>;

fn source_value(job: Job, source: u32, row: u32) -> f32 {
    if source >= job.sources {
        return select(0.0, 1.0, source == job.sources);
    }
    if job.source_kind == INPUTS {
        return inputs[source * level.rows + row];
    }
    let layer = job.source_kind - 1u;
    let z = hidden[(layer * level.units + source) * level.rows + row];
    return prelu(z, parameters[level.layers[layer].slope + source]);
}

fn target_value(job: Job, t: u32, row: u32) -> f32 {
    if t >= job.targets {
        return 0.0;
    }
    if job.target_kind == DEPTH {
        return logits[t * level.rows + row];
    }
    let at = (job.target_kind * level.units + t) * level.rows + row;
    return error[at] * select(parameters[level.layers[job.target_kind].slope + t], 1.0, hidden[at] > 0.0);
}

fn visible(job: Job, t: u32) -> u32 {
    let group = job.first_group + t / job.target_width;
    return select(group + job.inclusive, level.border, group < level.border) * job.source_width;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let slice = index % level.slices;
    if index / level.slices >= arrayLength(&jobs) {
        return;
    }
    let job = jobs[index / level.slices];
    let first_row = slice * level.slice_rows;
    let end_row = min(first_row + level.slice_rows, level.rows);
    let s0 = lane / 8u * 4u;
    let t0 = lane % 8u * 4u;
    var sums: array<vec4<f32>, 4>;
    for (var s = 0u; s < 4u; s++) {
        sums[s] = vec4<f32>(0.0);
    }
    for (var chunk = first_row; chunk < end_row; chunk += CHUNK) {
        workgroupBarrier();
        for (var at = lane; at < CHUNK * TILE; at += LANES) {
            let row = chunk + at % CHUNK;
            let unit = at / CHUNK;
            var source = 0.0;
            var error_value = 0.0;
            if row < end_row {
                source = source_value(job, job.first_source + unit, row);
                error_value = target_value(job, job.first_target + unit, row);
            }
            left[at % CHUNK * TILE + unit] = source;
            right[at % CHUNK * TILE + unit] = error_value;
        }
        workgroupBarrier();
        for (var k = 0u; k < CHUNK; k++) {
            let at = k * TILE + t0;
            let e = vec4<f32>(right[at], right[at + 1u], right[at + 2u], right[at + 3u]);
            for (var s = 0u; s < 4u; s++) {
                sums[s] += left[k * TILE + s0 + s] * e;
            }
        }
    }
    for (var s = 0u; s < 4u; s++) {
        for (var t = 0u; t < 4u; t++) {
            let source = job.first_source + s0 + s;
            let target_unit = job.first_target + t0 + t;
            if source < job.sources + job.has_bias && target_unit < job.targets {
                let seen = source < visible(job, target_unit) || source == job.sources;
                let at = slice * level.parameters + job.weight + source * job.targets + target_unit;
                partials[at] = select(0.0, sums[s][t], seen);
            }
        }
    }
}
