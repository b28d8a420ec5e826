// beta (b_i sign(x_i) + w x_i + 2 H m_i), with one w for all sites: the exact logit of one coupling and infinitely many sites.

#include pairs/integer_fields
#include pairs/without_pairs
#include numbers/activation

fn logit_share(site: u32, here: u32, field: Field, correction: vec4<f32>) -> vec4<f32> {
    if here != site {
        return vec4<f32>(0.0);
    }
    let of_sign = parameters[site] * sign(in_units(field));
    return step.beta * (of_sign + parameters[SITES] * in_units(field) + own_field(site));
}

const CORRECTION_TENSORS: u32 = 0u;
const SITE_TENSORS: u32 = 1u;
const HAS_SHARED: bool = true;

fn add_site(sums: ptr<function, array<f32, NUMBERS>>, field: Field, errors: vec4<f32>) {
    (*sums)[0] += step.beta * dot(errors, sign(in_units(field)));
}

fn of_shared(field: Field, errors: vec4<f32>) -> f32 {
    return step.beta * dot(errors, in_units(field));
}
