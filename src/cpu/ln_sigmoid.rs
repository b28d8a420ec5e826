//! `ln sigmoid` of many numbers at f32.

use std::f32::consts::LOG2_E;

/// `ln(1 / (1 + exp(-x)))` of values x and the derivatives `1 / (1 + exp(x))`, good to 2e-7, of themselves where they are above 1.
///
/// All values go through one step before any goes through the next: a step waits for the one before it, so that a processor that is given one value after
/// another waits most of the time. Multiplications and additions are done in one, which keeps more digits, so that the polynomials are short.
#[inline(always)]
pub(crate) fn ln_sigmoids<const N: usize>(values: &[f32; N]) -> [[f32; N]; 2] {
    let e = exponentials(values);
    // ln(1 + e) / e.
    let factors = polynomial(
        -0.006_452_502,
        &[0.036_084_082, -0.095_321_79, 0.167_647_27, -0.240_730_5, 0.331_798_2, -0.499_874_03, 0.999_996_4],
        &e,
    );
    let [mut ln, mut derivatives] = [[0.0_f32; N]; 2];
    for lane in 0..N {
        // NaN stays NaN.
        let least = if values[lane] > 0.0 { 0.0 } else { values[lane] };
        ln[lane] = (-e[lane]).mul_add(factors[lane], least);
    }
    for lane in 0..N {
        let upper = 1.0 / (1.0 + e[lane]);
        derivatives[lane] = if values[lane] > 0.0 { e[lane] * upper } else { upper };
    }
    [ln, derivatives]
}

/// `exp(-|x|)`.
#[inline(always)]
fn exponentials<const N: usize>(values: &[f32; N]) -> [f32; N] {
    // exp(-size) = 2^whole 2^rest. 1.5 * 2^23 has no bits behind the point: what is added to it is rounded to a whole number, which its last bits are.
    const WHOLE: f32 = 12_582_912.0;
    let [mut sizes, mut shifted, mut rests] = [[0.0_f32; N]; 3];
    // Below exp(-87) there are no normal numbers.
    for lane in 0..N {
        sizes[lane] = if values[lane].abs() > 87.0 { 87.0 } else { values[lane].abs() };
    }
    for lane in 0..N {
        shifted[lane] = sizes[lane].mul_add(-LOG2_E, WHOLE);
    }
    for lane in 0..N {
        rests[lane] = sizes[lane].mul_add(-LOG2_E, WHOLE - shifted[lane]);
    }
    let others = [0.009_676_036, 0.055_502_973, 0.240_221_07, 0.693_147_24, 1.0];
    let mut e = polynomial(0.001_341_000_1, &others, &rests);
    for (e, shifted) in e.iter_mut().zip(shifted) {
        *e = f32::from_bits(e.to_bits().wrapping_add(shifted.to_bits() << 23));
    }
    e
}

/// Polynomials whose factors are these, the highest power's first.
#[inline(always)]
fn polynomial<const N: usize>(highest: f32, others: &[f32], x: &[f32; N]) -> [f32; N] {
    let mut sums = [highest; N];
    for &factor in others {
        for lane in 0..N {
            sums[lane] = sums[lane].mul_add(x[lane], factor);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::ln_sigmoids;

    #[test]
    fn values_and_derivatives_keep_the_digits_of_f32() {
        for step in -25_000..=25_000 {
            let x: [f32; 4] = std::array::from_fn(|lane| (4 * step + lane as i32) as f32 * 1e-3);
            let found = ln_sigmoids(&x);
            for (lane, x) in x.into_iter().enumerate() {
                let exact = [-(-f64::from(x)).exp().ln_1p(), 1.0 / (1.0 + f64::from(x).exp())];
                for (found, exact) in found.iter().zip(exact) {
                    let error = (f64::from(found[lane]) - exact).abs();
                    assert!(error < 2e-7 * exact.abs().max(1.0), "{x}: {}, {exact}", found[lane]);
                }
            }
        }
        assert!(ln_sigmoids(&[f32::NAN]).as_flattened().iter().all(|value| value.is_nan()));
    }
}
