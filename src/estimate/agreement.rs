//! Whether two groups of independent values have the same mean.

use super::Estimate;

/// Standard deviations by which groups of chains may differ: beyond, one in 150,000 pairs that are equal.
pub const LARGEST_DISAGREEMENT: f64 = 4.5;

/// The difference of two means in standard deviations of a normal distribution: Welch's t (Biometrika 34, 28, 1947), turned into the
/// deviation that is as improbable (D. L. Wallace, Ann. Math. Stat. 30, 1124, 1959), so that few values cause no false
/// alarm. `None` where a group has fewer than two values.
pub fn deviation_of_means(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let groups = [a, b].map(|values| (Estimate::mean(values), values.len() as f64));
    let [(first, _), (second, _)] = groups;
    let difference = first.value - second.value;
    let variance: f64 = groups.iter().map(|(mean, _)| mean.error.powi(2)).sum();
    // Rounding of sums is no difference.
    if difference.abs() <= 1e-9 * (first.value.abs() + second.value.abs()) {
        return Some(0.0);
    }
    if variance == 0.0 {
        return Some(f64::INFINITY.copysign(difference));
    }
    let spread: f64 = groups.iter().map(|(mean, count)| mean.error.powi(4) / (count - 1.0)).sum();
    let freedom = variance * variance / spread;
    let t_squared = difference * difference / variance;
    let normal =
        (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) * (freedom * (t_squared / freedom).ln_1p()).sqrt();
    Some(normal.copysign(difference))
}

#[cfg(test)]
mod tests {
    use super::super::noise::normal;
    use super::*;

    #[test]
    fn deviations_are_normal_for_few_values_and_large_for_other_means() {
        let deviations: Vec<f64> = (0..4000)
            .map(|seed| {
                let values = normal(10, seed);
                deviation_of_means(&values[..5], &values[5..]).unwrap()
            })
            .collect();
        let share = |beyond: f64| {
            deviations.iter().filter(|found| found.abs() > beyond).count() as f64 / deviations.len() as f64
        };
        // A normal distribution has 4.55 % beyond two and 0.27 % beyond three.
        assert!((0.035..0.056).contains(&share(2.0)), "{}", share(2.0));
        assert!((0.0008..0.006).contains(&share(3.0)), "{}", share(3.0));
        let far: Vec<f64> = normal(20, 3).iter().map(|x| x + 3.0).collect();
        assert!(deviation_of_means(&normal(20, 4), &far).unwrap() < -5.0);
    }

    #[test]
    fn constants_agree_only_if_they_are_equal() {
        assert_eq!(deviation_of_means(&[1.0; 4], &[1.0; 4]), Some(0.0));
        assert_eq!(deviation_of_means(&[2.0; 4], &[1.0; 4]), Some(f64::INFINITY));
        assert_eq!(deviation_of_means(&[1.0], &[1.0; 4]), None);
    }
}
