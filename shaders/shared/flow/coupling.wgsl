// One affine coupling of a patch, y = z exp(s) + t of two numbers given the other two. Twin of `src/neuralrg/coupling.rs`.
// Parameters of a coupling, four by four: scales and constants, slopes of both shifts, the net of scales, the net of shifts.

#include flow/net
#include flow/parameters

const COUPLING = 2u + 2u * NET;

struct Affine {
    tanh: vec2<f32>,
    log_scale: vec2<f32>,
    shift: vec2<f32>,
}

// exp(s) and exp(-s), whose product is 1.
struct Exponentials {
    up: vec2<f32>,
    down: vec2<f32>,
}

fn exponentials(s: vec2<f32>) -> Exponentials {
    let small = vec2<f32>(exp_minus_abs(s.x), exp_minus_abs(s.y));
    let large = vec2<f32>(1.0) / small;
    let grows = s > vec2<f32>(0.0);
    return Exponentials(select(small, large, grows), select(large, small, grows));
}

// Where the nets of scales and of shifts begin.
const OF_SCALE = 2u;
const OF_SHIFT = 2u + NET;

// s and t, given the two numbers that stay as they are.
fn affine(passive: vec2<f32>, of_scale: ptr<function, Values>, of_shift: ptr<function, Values>) -> Affine {
    let u = net_forward(OF_SCALE, passive, of_scale);
    let t = net_forward(OF_SHIFT, passive, of_shift);
    let scales = parameter(0u);
    let slopes = parameter(1u);
    let mean = 0.5 * (u.plus + u.minus);
    let tanh = vec2<f32>(tanh_of(mean.x), tanh_of(mean.y));
    let linear_part = vec2<f32>(dot(slopes.xy, passive), dot(slopes.zw, passive));
    return Affine(tanh, scales.zw + scales.xy * tanh, 0.5 * (t.plus - t.minus) + linear_part);
}

// After affine: the derivative with respect to the passive numbers of a function whose derivatives with respect to s and t are given.
fn coupling_backward(
    found: Affine,
    passive: vec2<f32>,
    of_s: vec2<f32>,
    of_t: vec2<f32>,
    of_scale: ptr<function, Values>,
    of_shift: ptr<function, Values>,
) -> vec2<f32> {
    let slopes = parameter(1u);
    let of_u = 0.5 * parameter(0u).xy * (vec2<f32>(1.0) - found.tanh * found.tanh) * of_s;
    add_gradient(0u, vec4<f32>(of_s * found.tanh, of_s));
    add_gradient(1u, vec4<f32>(of_t.x * passive, of_t.y * passive));
    let by_scale = net_backward(OF_SCALE, passive, of_scale, Outputs(of_u, of_u));
    let by_shift = net_backward(OF_SHIFT, passive, of_shift, Outputs(0.5 * of_t, -0.5 * of_t));
    return by_scale + by_shift + of_t.x * slopes.xy + of_t.y * slopes.zw;
}
