// beta (b_i + sum over earlier sites of w_ji s_j): fields with weights of their own.

#include pairs/without_shared
#include numbers/activation

alias Field = vec4<f32>;

fn grown(field: Field, pair: u32, spins: vec4<i32>) -> Field {
    return field + parameters[pair] * vec4<f32>(spins);
}

fn logit_share(site: u32, here: u32, field: Field, correction: vec4<f32>) -> vec4<f32> {
    if here != site {
        return vec4<f32>(0.0);
    }
    return step.beta * (parameters[PAIRS + site] + field);
}

const PAIR_TENSORS: u32 = 1u;
const CORRECTION_TENSORS: u32 = 0u;
const SITE_TENSORS: u32 = 1u;
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
) {
    (*sums)[0] += step.beta * dot(later_errors, vec4<f32>(spins));
}

fn add_site(sums: ptr<function, array<f32, NUMBERS>>, field: Field, errors: vec4<f32>) {
    (*sums)[0] += step.beta * dot(errors, vec4<f32>(1.0));
}
