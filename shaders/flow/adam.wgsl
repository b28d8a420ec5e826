// Adds up the gradient of all slices, always in the same order, and moves parameters by Adam with decoupled weight decay. Twin of `src/neuralrg/adam.rs`.
// Grid: ceil(quads / 8) workgroups of LANES lanes: eight quads of parameters, each of whose slices LANES / 8 lanes share.
// Constants: LANES.

#include flow/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(1) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(12) var<storage, read> partials: array<vec4<f32>>; // [slices][quads]
@group(0) @binding(13) var<storage, read_write> means: array<vec4<f32>>;
@group(0) @binding(14) var<storage, read_write> squares: array<vec4<f32>>;

const QUADS = 8u;
const PARTS = LANES / QUADS;
const FIRST = 0.9;
const SECOND = 0.999;
const EPSILON = 1e-8;

var<workgroup> sums: array<vec4<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * QUADS + lane % QUADS;
    // Lanes behind the last quad repeat it, and write nothing.
    let read = min(at, task.quads - 1u);
    var sum = vec4<f32>(0.0);
    for (var slice = lane / QUADS; slice < task.slices; slice += PARTS) {
        sum += partials[slice * task.quads + read];
    }
    sums[lane] = sum;
    workgroupBarrier();
    if lane >= QUADS || at >= task.quads {
        return;
    }
    var gradient = vec4<f32>(0.0);
    for (var part = 0u; part < PARTS; part++) {
        gradient += sums[part * QUADS + lane];
    }
    let mean = FIRST * means[at] + (1.0 - FIRST) * gradient;
    let square = SECOND * squares[at] + (1.0 - SECOND) * gradient * gradient;
    means[at] = mean;
    squares[at] = square;
    parameters[at] = task.kept * parameters[at] - task.rate * mean / (sqrt(task.scale * square) + vec4<f32>(EPSILON));
}
