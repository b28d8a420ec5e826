//! A power law through points with errors.

use super::Estimate;

/// `y = amplitude x^exponent`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    /// The value at x = 1.
    pub amplitude: Estimate,
    /// The exponent.
    pub exponent: Estimate,
}

/// The power law that fits points best by least squares of the logarithm, weighted by errors, which must not be 0; errors are by jackknife over points. Nothing for fewer than
/// three different x, or where a point is not positive.
pub fn power_law(points: &[(f64, Estimate)]) -> Option<PowerLaw> {
    let usable = |(x, y): &(f64, Estimate)| *x > 0.0 && y.value > 0.0 && y.error > 0.0 && y.error.is_finite();
    let is_first = |at: &usize| points[..*at].iter().all(|(x, _)| *x != points[*at].0);
    let different = (0..points.len()).filter(is_first).count();
    if different < 3 || !points.iter().all(usable) {
        return None;
    }
    let all = line(points.iter());
    let without = |left_out: usize| {
        let others = points.iter().enumerate().filter(move |(index, _)| *index != left_out);
        line(others.map(|(_, point)| point))
    };
    let left_out: Vec<[f64; 2]> = (0..points.len()).map(without).collect();
    // The jackknife's variance is (points - 1)^2 times that of the mean of the values without one point.
    let error = |which: usize| {
        let values: Vec<f64> = left_out.iter().map(|values| values[which]).collect();
        Estimate::mean(&values).error * (points.len() as f64 - 1.0)
    };
    let [amplitude, exponent] = all;
    Some(PowerLaw {
        amplitude: Estimate { value: amplitude.exp(), error: amplitude.exp() * error(0) },
        exponent: Estimate { value: exponent, error: error(1) },
    })
}

/// The logarithm of the amplitude, and the exponent.
fn line<'a>(points: impl Iterator<Item = &'a (f64, Estimate)>) -> [f64; 2] {
    let mut sums = [0.0; 5];
    for (x, y) in points {
        let (x, weight, y) = (x.ln(), (y.value / y.error).powi(2), y.value.ln());
        let terms = [1.0, x, x * x, y, x * y];
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
    }
    let [one, x, xx, y, xy] = sums;
    let determinant = one * xx - x * x;
    [(xx * y - x * xy) / determinant, (one * xy - x * y) / determinant]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_power_laws_have_no_error_and_noise_has_its_own() {
        let xs = [0.1, 0.15, 0.2, 0.3, 0.45];
        let at =
            |x: f64, shift: f64| (x, Estimate { value: 1.2224 * x.powf(0.125) * (1.0 + shift), error: 0.01 });
        let exact = power_law(&xs.map(|x| at(x, 0.0))).unwrap();
        assert!((exact.amplitude.value - 1.2224).abs() < 1e-12 && exact.amplitude.error < 1e-12);
        assert!((exact.exponent.value - 0.125).abs() < 1e-12 && exact.exponent.error < 1e-12);
        let noisy: Vec<_> =
            xs.iter().zip([0.01, -0.012, 0.004, -0.006, 0.009]).map(|(&x, shift)| at(x, shift)).collect();
        let noisy = power_law(&noisy).unwrap();
        assert!((noisy.exponent.value - 0.125).abs() < 3.0 * noisy.exponent.error, "{noisy:?}");
        assert!((0.002..0.05).contains(&noisy.exponent.error), "{noisy:?}");
        assert_eq!(power_law(&[at(0.1, 0.0), at(0.1, 0.01), at(0.2, 0.0)]), None);
        assert_eq!(power_law(&noisy_points(0.0)), None);
        assert_eq!(power_law(&noisy_points(0.1)[..2]), None);
    }

    fn noisy_points(error: f64) -> Vec<(f64, Estimate)> {
        (1..5).map(|x| (f64::from(x), Estimate { value: 1.0, error })).collect()
    }
}
