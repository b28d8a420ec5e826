// Corrections to the fields on the sites behind one, for the fields that these sites make on one another: TURNS turns of the mean-field equations
//   m_l = tanh(beta (x_l + H_l + y_l)),   y_l <- sum_k J_lk m_k - beta m'_l sum_k J_lk^2 (1 - m_k^2),   m'_l <- m_l,
// from y = 0 and m' = 0. Lanes share the sites and exchange m through workgroup memory, with two barriers a turn. Needs `corrections`, and a head with integer fields.

var<workgroup> orders: array<vec4<f32>, SITES>;

fn corrections_of(
    site: u32,
    first: u32,
    lane: u32,
    fields: ptr<function, array<Field, PER_LANE>>,
) -> array<vec4<f32>, PER_LANE> {
    var corrected: array<vec4<f32>, PER_LANE>;
    var before: array<vec4<f32>, PER_LANE>;
    for (var turn = 0u; turn < TURNS; turn++) {
        for (var k = 0u; k < PER_LANE; k++) {
            let here = k * LANES + lane;
            if here > site && here < SITES {
                let felt = in_units((*fields)[k]) + 0.5 * own_field(here) + corrected[k];
                orders[here] = tanh_of_rows(step.beta * felt);
            }
        }
        workgroupBarrier();
        for (var k = 0u; k < PER_LANE; k++) {
            let here = k * LANES + lane;
            if here > site && here < SITES {
                corrected[k] = correction_of(site, here, before[k]);
                before[k] = orders[here];
            }
        }
        workgroupBarrier();
    }
    for (var k = 0u; k < PER_LANE; k++) {
        let here = k * LANES + lane;
        if here > site && here < SITES {
            corrections[(pair_of(site, here) * level.stride + first) / ROWS] = corrected[k];
        }
    }
    return corrected;
}

fn correction_of(site: u32, here: u32, before: vec4<f32>) -> vec4<f32> {
    var sum = vec4<f32>(0.0);
    var reaction = vec4<f32>(0.0);
    for (var other = site + 1u; other < SITES; other++) {
        if other != here {
            let coupling = step.coupling * f32(bond_weight(0u, pair_of(min(here, other), max(here, other))));
            sum += coupling * orders[other];
            reaction += coupling * coupling * (1.0 - orders[other] * orders[other]);
        }
    }
    return sum - step.beta * reaction * before;
}

fn tanh_of_rows(x: vec4<f32>) -> vec4<f32> {
    var result = vec4<f32>(0.0);
    for (var row = 0u; row < ROWS; row++) {
        result[row] = tanh_of(x[row]);
    }
    return result;
}
