// Fields on sites as whole numbers: sums of the spins before, each times the weight of its bond. Needs `level`, `geometry` and `step`.

#include spins/weights_$COUPLINGS

alias Field = vec4<i32>;

// A field with the spins of one more site, by the pair of both sites.
fn grown(field: Field, pair: u32, spins: vec4<i32>) -> Field {
    return field + bond_weight(0u, pair) * spins;
}

// J times a field.
fn in_units(field: Field) -> vec4<f32> {
    return step.coupling * vec4<f32>(field);
}

// 2 H times the weight of a site.
fn own_field(site: u32) -> f32 {
    return 2.0 * step.field * f32(site_weight(0u, site));
}
