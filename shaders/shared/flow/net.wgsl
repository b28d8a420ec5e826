// A net of two numbers, 2 -> HIDDEN -> ... -> HIDDEN -> 2 with ELU, evaluated at z and at -z together. Twin of `src/neuralrg/net.rs`.
// Hidden units come four by four, in UNITS quads; units beyond the last one have parameters 0, so that they are 0 and stay so.
// Parameters of a net, four by four: of every quad of the first layer its weights from both inputs and its biases; of every quad of a further layer its weights from each unit of
// the layer below and its biases; of every quad of the last hidden layer the weights of both outputs.
// Places of parameters count from the start of the coupling.
// Needs parameter(at) and add_gradient(at, value).

#include numbers/activation

const UNITS = (HIDDEN + 3u) / 4u;
// Numbers of parameters: those of a quad of a further layer, and those of the layer.
const QUAD = 4u * UNITS + 1u;
const LAYER = UNITS * QUAD;
// The place of the last layer, and the number of parameters of a net.
const LAST = 3u * UNITS + (DEPTH - 1u) * LAYER;
const NET = LAST + 2u * UNITS;

// Four units at z and at -z.
struct Signed {
    plus: vec4<f32>,
    minus: vec4<f32>,
}

// Both outputs at z and at -z.
struct Outputs {
    plus: vec2<f32>,
    minus: vec2<f32>,
}

alias Values = array<Signed, DEPTH * UNITS>;

fn exp_minus_abs_of(x: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(exp_minus_abs(x.x), exp_minus_abs(x.y), exp_minus_abs(x.z), exp_minus_abs(x.w));
}

fn elu(sum: vec4<f32>) -> vec4<f32> {
    return select(exp_minus_abs_of(sum) - vec4<f32>(1.0), sum, sum > vec4<f32>(0.0));
}

// A derivative times that of ELU, which its value tells.
fn times_elu_slope(slope: vec4<f32>, value: vec4<f32>) -> vec4<f32> {
    return select(slope * (value + vec4<f32>(1.0)), slope, value > vec4<f32>(0.0));
}

fn net_forward(first: u32, input: vec2<f32>, values: ptr<function, Values>) -> Outputs {
    for (var quad = 0u; quad < UNITS; quad++) {
        let at = first + 3u * quad;
        let odd = parameter(at) * input.x + parameter(at + 1u) * input.y;
        let bias = parameter(at + 2u);
        (*values)[quad] = Signed(elu(bias + odd), elu(bias - odd));
    }
    for (var layer = 1u; layer < DEPTH; layer++) {
        for (var quad = 0u; quad < UNITS; quad++) {
            let at = first + 3u * UNITS + (layer - 1u) * LAYER + quad * QUAD;
            var plus = parameter(at + 4u * UNITS);
            var minus = plus;
            for (var below = 0u; below < UNITS; below++) {
                let value = (*values)[(layer - 1u) * UNITS + below];
                let w = at + 4u * below;
                plus += parameter(w) * value.plus.x + parameter(w + 1u) * value.plus.y;
                plus += parameter(w + 2u) * value.plus.z + parameter(w + 3u) * value.plus.w;
                minus += parameter(w) * value.minus.x + parameter(w + 1u) * value.minus.y;
                minus += parameter(w + 2u) * value.minus.z + parameter(w + 3u) * value.minus.w;
            }
            (*values)[layer * UNITS + quad] = Signed(elu(plus), elu(minus));
        }
    }
    var outputs = Outputs(vec2<f32>(0.0), vec2<f32>(0.0));
    for (var quad = 0u; quad < UNITS; quad++) {
        let value = (*values)[(DEPTH - 1u) * UNITS + quad];
        let one = parameter(first + LAST + 2u * quad);
        let two = parameter(first + LAST + 2u * quad + 1u);
        outputs.plus += vec2<f32>(dot(one, value.plus), dot(two, value.plus));
        outputs.minus += vec2<f32>(dot(one, value.minus), dot(two, value.minus));
    }
    return outputs;
}

// After net_forward with the same input: the derivative with respect to the input of a function whose derivatives with respect to the outputs are `slopes`.
fn net_backward(first: u32, input: vec2<f32>, values: ptr<function, Values>, slopes: Outputs) -> vec2<f32> {
    var above: array<Signed, UNITS>;
    for (var quad = 0u; quad < UNITS; quad++) {
        let value = (*values)[(DEPTH - 1u) * UNITS + quad];
        let at = LAST + 2u * quad;
        let one = parameter(first + at);
        let two = parameter(first + at + 1u);
        above[quad] = Signed(
            times_elu_slope(one * slopes.plus.x + two * slopes.plus.y, value.plus),
            times_elu_slope(one * slopes.minus.x + two * slopes.minus.y, value.minus),
        );
        add_gradient(first + at, value.plus * slopes.plus.x + value.minus * slopes.minus.x);
        add_gradient(first + at + 1u, value.plus * slopes.plus.y + value.minus * slopes.minus.y);
    }
    for (var turn = 1u; turn < DEPTH; turn++) {
        let layer = DEPTH - turn;
        let start = 3u * UNITS + (layer - 1u) * LAYER;
        var below: array<Signed, UNITS>;
        for (var from_quad = 0u; from_quad < UNITS; from_quad++) {
            let value = (*values)[(layer - 1u) * UNITS + from_quad];
            var plus = vec4<f32>(0.0);
            var minus = vec4<f32>(0.0);
            for (var quad = 0u; quad < UNITS; quad++) {
                let slope = above[quad];
                let at = start + quad * QUAD + 4u * from_quad;
                add_gradient(first + at, slope.plus * value.plus.x + slope.minus * value.minus.x);
                add_gradient(first + at + 1u, slope.plus * value.plus.y + slope.minus * value.minus.y);
                add_gradient(first + at + 2u, slope.plus * value.plus.z + slope.minus * value.minus.z);
                add_gradient(first + at + 3u, slope.plus * value.plus.w + slope.minus * value.minus.w);
                let w = first + at;
                plus += vec4<f32>(
                    dot(parameter(w), slope.plus), dot(parameter(w + 1u), slope.plus),
                    dot(parameter(w + 2u), slope.plus), dot(parameter(w + 3u), slope.plus),
                );
                minus += vec4<f32>(
                    dot(parameter(w), slope.minus), dot(parameter(w + 1u), slope.minus),
                    dot(parameter(w + 2u), slope.minus), dot(parameter(w + 3u), slope.minus),
                );
            }
            below[from_quad] = Signed(times_elu_slope(plus, value.plus), times_elu_slope(minus, value.minus));
        }
        for (var quad = 0u; quad < UNITS; quad++) {
            add_gradient(first + start + quad * QUAD + 4u * UNITS, above[quad].plus + above[quad].minus);
        }
        above = below;
    }
    var of_input = vec2<f32>(0.0);
    for (var quad = 0u; quad < UNITS; quad++) {
        let odd = above[quad].plus - above[quad].minus;
        let at = 3u * quad;
        of_input += vec2<f32>(dot(parameter(first + at), odd), dot(parameter(first + at + 1u), odd));
        add_gradient(first + at, odd * input.x);
        add_gradient(first + at + 1u, odd * input.y);
        add_gradient(first + at + 2u, above[quad].plus + above[quad].minus);
    }
    return of_input;
}
