// beta (b_i + w_i x_i) + sum over later sites and both signs of v g(x_l + c y_l): fields on later sites go through LAYERS layers of ln sigmoid of a linear function, of
// which the first has a factor beta. Parameters of pairs are [tensor][PAIRS]: for + and then for - weight and bias of every layer, v, and c where there are CORRECTION_TENSORS.

#include pairs/integer_fields
#include pairs/without_shared
#include numbers/activation

// Tensors of pairs that one sign has.
const OF_SIGN: u32 = 2u * LAYERS + 1u + CORRECTION_TENSORS;
const PAIR_TENSORS: u32 = 2u * OF_SIGN;
const SITE_TENSORS: u32 = 2u;
const NUMBERS: u32 = PAIR_TENSORS;

fn of_pair(tensor: u32, pair: u32) -> f32 {
    return parameters[tensor * PAIRS + pair];
}

fn of_sites(tensor: u32, site: u32) -> f32 {
    return parameters[PAIR_TENSORS * PAIRS + tensor * SITES + site];
}

fn logit_share(site: u32, here: u32, field: Field, correction: vec4<f32>) -> vec4<f32> {
    let x = in_units(field);
    if here == site {
        return step.beta * (of_sites(1u, site) + of_sites(0u, site) * x);
    }
    let pair = pair_of(site, here);
    var of_rows = vec4<f32>(0.0);
    for (var sign = 0u; sign < 2u; sign++) {
        var value = x;
        if CORRECTION_TENSORS > 0u {
            value += of_pair(sign * OF_SIGN + 2u * LAYERS + 1u, pair) * correction;
        }
        for (var layer = 0u; layer < LAYERS; layer++) {
            let tensor = sign * OF_SIGN + 2u * layer;
            let scale = select(1.0, step.beta, layer == 0u);
            value = ln_sigmoid(scale * of_pair(tensor + 1u, pair) + scale * of_pair(tensor, pair) * value);
        }
        of_rows += of_pair(sign * OF_SIGN + 2u * LAYERS, pair) * value;
    }
    return of_rows;
}

fn ln_sigmoid(x: vec4<f32>) -> vec4<f32> {
    var result = vec4<f32>(0.0);
    for (var row = 0u; row < ROWS; row++) {
        result[row] = -softplus(-x[row], exp_minus_abs(x[row]));
    }
    return result;
}

// The derivative of ln sigmoid.
fn sigmoid_of_minus(x: vec4<f32>) -> vec4<f32> {
    var result = vec4<f32>(0.0);
    for (var row = 0u; row < ROWS; row++) {
        result[row] = sigmoid(-x[row], exp_minus_abs(x[row]));
    }
    return result;
}

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
    let pair = pair_of(site, later);
    for (var sign = 0u; sign < 2u; sign++) {
        let first = sign * OF_SIGN;
        // Values are those that go into every layer, and those of the last behind them.
        var values: array<vec4<f32>, LAYERS + 1u>;
        var slopes: array<vec4<f32>, LAYERS>;
        values[0] = in_units(field);
        if CORRECTION_TENSORS > 0u {
            values[0] += of_pair(first + 2u * LAYERS + 1u, pair) * correction;
        }
        for (var layer = 0u; layer < LAYERS; layer++) {
            let scale = select(1.0, step.beta, layer == 0u);
            let tensor = first + 2u * layer;
            let x = scale * of_pair(tensor + 1u, pair) + scale * of_pair(tensor, pair) * values[layer];
            values[layer + 1u] = ln_sigmoid(x);
            slopes[layer] = sigmoid_of_minus(x);
        }
        (*sums)[first + 2u * LAYERS] += dot(errors, values[LAYERS]);
        var error = errors * of_pair(first + 2u * LAYERS, pair);
        for (var back = 0u; back < LAYERS; back++) {
            let layer = LAYERS - 1u - back;
            let scale = select(1.0, step.beta, layer == 0u);
            let tensor = first + 2u * layer;
            error *= slopes[layer];
            (*sums)[tensor] += scale * dot(error, values[layer]);
            (*sums)[tensor + 1u] += scale * dot(error, vec4<f32>(1.0));
            error *= scale * of_pair(tensor, pair);
        }
        if CORRECTION_TENSORS > 0u {
            (*sums)[first + 2u * LAYERS + 1u] += dot(error, correction);
        }
    }
}

fn add_site(sums: ptr<function, array<f32, NUMBERS>>, field: Field, errors: vec4<f32>) {
    (*sums)[0] += step.beta * dot(errors, in_units(field));
    (*sums)[1] += step.beta * dot(errors, vec4<f32>(1.0));
}
