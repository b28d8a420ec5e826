// Normal numbers from random words, by the method of G. E. P. Box and M. E. Muller (Ann. Math. Stat. 29, 610, 1958). Twin of `fill` in `src/neuralrg/noise.rs`, to the digits of
// f32: logarithms and waves of the shading language may have far fewer.

#include numbers/activation

// -ln((word + 1/2) / 2^32). With m in [1/2, 1), the number is m / 2^k, and -ln m = ln(1 + (1 - m) / m) keeps its digits where m is close to 1.
fn minus_ln_unit(word: u32) -> f32 {
    let k = min(countLeadingZeros(word), 31u);
    // (1 - m) 2^32: bits below those of the word are that of the half.
    let rest = f32(~(word << k)) + (1.0 - 0.5 * f32(1u << k));
    let found = f32(k) * 0.6931472 + ln_1p(rest / (4294967296.0 - rest));
    return select(found, 22.873857, word == 0u);
}

// Cosine and sine of 2 pi (word + 1/2) / 2^32, by series of up to an eighth of a turn.
fn on_circle(word: u32) -> vec2<f32> {
    let quarter = (word + 0x20000000u) >> 30u;
    let angle = (f32(i32(word - (quarter << 30u))) + 0.5) * 1.4629181e-9;
    let square = angle * angle;
    let cosine = 1.0 + square * (-0.5 + square * (4.1666668e-2 + square * (-1.3888889e-3 + square * 2.4801588e-5)));
    let sine = angle * (1.0 + square * (-0.16666667 + square * (8.333334e-3 + square * (-1.984127e-4 + square * 2.7557319e-6))));
    let once = select(vec2<f32>(cosine, sine), vec2<f32>(-sine, cosine), (quarter & 1u) == 1u);
    return select(once, -once, quarter >= 2u);
}

// Two normal numbers of two words.
fn normal_pair(radius: u32, angle: u32) -> vec2<f32> {
    return sqrt(2.0 * minus_ln_unit(radius)) * on_circle(angle);
}
