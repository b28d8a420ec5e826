// One affine coupling of a patch, y = z exp(s) + t of two numbers given the other two. Where ODD is 1, s is even and t odd in these; else nets have their numbers at p alone. Twin of `src/neuralrg/coupling.rs`.
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

// The part of a net's numbers that a coupling takes, and derivatives with respect to both of these numbers.
fn scale_share(u: Outputs) -> vec2<f32> {
    if ODD == 1u {
        return 0.5 * (u.plus + u.minus);
    }
    return u.plus;
}

fn shift_share(t: Outputs) -> vec2<f32> {
    if ODD == 1u {
        return 0.5 * (t.plus - t.minus);
    }
    return t.plus;
}

fn of_both(slope: vec2<f32>, image: f32) -> Outputs {
    if ODD == 1u {
        return Outputs(0.5 * slope, (0.5 * image) * slope);
    }
    return Outputs(slope, vec2<f32>(0.0));
}

// s and t, given the two numbers that stay as they are.
fn affine(passive: vec2<f32>, of_scale: ptr<function, Values>, of_shift: ptr<function, Values>) -> Affine {
    let u = net_forward(OF_SCALE, passive, of_scale);
    let t = net_forward(OF_SHIFT, passive, of_shift);
    let scales = parameter(0u);
    let slopes = parameter(1u);
    let of_scales = scale_share(u);
    let tanh = vec2<f32>(tanh_of(of_scales.x), tanh_of(of_scales.y));
    let linear_part = vec2<f32>(dot(slopes.xy, passive), dot(slopes.zw, passive));
    return Affine(tanh, scales.zw + scales.xy * tanh, shift_share(t) + linear_part);
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
    let of_u = parameter(0u).xy * (vec2<f32>(1.0) - found.tanh * found.tanh) * of_s;
    add_gradient(0u, vec4<f32>(of_s * found.tanh, of_s));
    add_gradient(1u, vec4<f32>(of_t.x * passive, of_t.y * passive));
    let by_scale = net_backward(OF_SCALE, passive, of_scale, of_both(of_u, 1.0));
    let by_shift = net_backward(OF_SHIFT, passive, of_shift, of_both(of_t, -1.0));
    return by_scale + by_shift + of_t.x * slopes.xy + of_t.y * slopes.zw;
}
