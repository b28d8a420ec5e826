// Adam (arXiv:1412.6980, algorithm 1) over the flat buffer of all levels, or what of it can be bound at a time. From the first
// gradient that is not finite on, it leaves everything as it was. The parameters stay f32 whatever nets compute with.
// Grid: ceil(bound parameters / 4 / LANES) workgroups of LANES lanes, four parameters per lane.
// Axes: storage.
// Constants: LANES.

#include layout/types
#include layout/status
#include lanes/dispatch
#include weights/rounded_$STORAGE

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(18) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(20) var<storage, read> status: Status;
@group(0) @binding(21) var<storage, read_write> first_moment: array<vec4<f32>>;
@group(0) @binding(22) var<storage, read_write> second_moment: array<vec4<f32>>;
@group(0) @binding(24) var<storage, read> rate_factors: array<vec2<f32>>; // for every LANES parameters: factor of their net, and 1 for linear terms, else 0

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    if at >= arrayLength(&parameters) || status.first_bad_step != 0u {
        return;
    }
    let clipped = step.clip > 0.0 && status.gradient_norm > step.clip;
    let g = gradient[at] * select(1.0, step.clip / status.gradient_norm, clipped);
    let first = step.beta1 * first_moment[at] + step.one_minus_beta1 * g;
    let second = step.beta2 * second_moment[at] + step.one_minus_beta2 * g * g;
    first_moment[at] = first;
    second_moment[at] = second;
    let update = first * step.first_correction / (sqrt(second * step.second_correction) + vec4<f32>(step.epsilon));
    let factors = rate_factors[4u * at / LANES];
    let of_net = select(1.0, factors.x, step.scale_rate != 0u);
    let factor = select(of_net, of_net * step.skip_rate, factors.y != 0.0);
    let parameter = parameters[at] - step.learning_rate * factor * update;
    parameters[at] = parameter;
    keep_rounded(at, parameter);
}
