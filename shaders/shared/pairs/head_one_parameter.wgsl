// beta (w_i x_i + 2 H m_i): a multiple of the field on a site.

#include pairs/integer_fields
#include pairs/without_pairs
#include pairs/without_shared
#include numbers/activation

fn logit_share(site: u32, here: u32, field: Field, correction: vec4<f32>) -> vec4<f32> {
    if here != site {
        return vec4<f32>(0.0);
    }
    return step.beta * (parameters[site] * in_units(field) + own_field(site));
}

const CORRECTION_TENSORS: u32 = 0u;
const SITE_TENSORS: u32 = 1u;

fn add_site(sums: ptr<function, array<f32, NUMBERS>>, field: Field, errors: vec4<f32>) {
    (*sums)[0] += step.beta * dot(errors, in_units(field));
}
