// The exact logit, by how many of the spins before a site are up. It has no parameters, and no gradient.

#include pairs/integer_fields
#include numbers/activation

fn logit_share(site: u32, here: u32, field: Field) -> vec4<f32> {
    var of_rows = vec4<f32>(0.0);
    if here == site {
        for (var row = 0u; row < ROWS; row++) {
            let up = u32(field[row] + i32(site)) / 2u;
            of_rows[row] = exact_logits[site * (site + 1u) / 2u + up];
        }
    }
    return of_rows;
}

const PAIR_TENSORS: u32 = 0u;
const SITE_TENSORS: u32 = 0u;
const HAS_SHARED: bool = false;
const NUMBERS: u32 = 1u;

fn add_pair(
    sums: ptr<function, array<f32, NUMBERS>>,
    site: u32,
    later: u32,
    field: Field,
    spins: vec4<i32>,
    errors: vec4<f32>,
    later_errors: vec4<f32>,
) {}

fn add_site(sums: ptr<function, array<f32, NUMBERS>>, field: Field, errors: vec4<f32>) {}

fn of_shared(field: Field, errors: vec4<f32>) -> f32 {
    return 0.0;
}
