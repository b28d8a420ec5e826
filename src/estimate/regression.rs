//! Linear regression.

use super::{Bins, Estimate};

/// Bins of the jackknife.
const BINS: usize = 50;

/// Coefficients of the linear function of features that comes closest to values.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    /// `[features]`, with jackknife errors.
    pub coefficients: Vec<Estimate>,
    /// Share of the variance of values that the function explains.
    pub explained: f64,
}

/// Fits `value = constant + coefficients features` by least squares to rows of features with their value, which are independent. Nothing where features depend on each other linearly.
pub fn regression(rows: &[(Vec<f64>, f64)]) -> Option<Regression> {
    let features = rows.first()?.0.len();
    let width = features + 2;
    // Products of 1, features and the value, less the first row's, so that they keep their digits.
    let mut bins = Bins::new(width * width, BINS);
    let origin: Vec<f64> = rows[0].0.iter().copied().chain([rows[0].1]).collect();
    for (of_row, value) in rows {
        let shifted = of_row.iter().chain([value]).zip(&origin).map(|(value, origin)| value - origin);
        let terms: Vec<f64> = std::iter::once(1.0).chain(shifted).collect();
        bins.push(&terms.iter().flat_map(|a| terms.iter().map(move |b| a * b)).collect::<Vec<_>>());
    }
    let solve = |sums: &[f64]| solution(sums, features);
    solve(&bins.totals())?;
    let estimates = bins.jackknife(|sums| solve(sums).unwrap_or_else(|| vec![f64::NAN; features + 1]));
    let (coefficients, explained) = estimates.split_at(features);
    Some(Regression { coefficients: coefficients.to_vec(), explained: explained[0].value })
}

/// Coefficients, and the explained share, from sums of products `[features + 2][features + 2]`.
fn solution(sums: &[f64], features: usize) -> Option<Vec<f64>> {
    let width = features + 2;
    let covariance = |a: usize, b: usize| sums[a * width + b] - sums[a] * sums[b] / sums[0];
    let value = width - 1;
    let mut matrix: Vec<Vec<f64>> = (1..value)
        .map(|row| (1..value).chain([value]).map(|column| covariance(row, column)).collect())
        .collect();
    let scales: Vec<f64> = (0..features).map(|row| matrix[row][row].abs()).collect();
    for pivot in 0..features {
        let largest =
            (pivot..features).max_by(|&a, &b| matrix[a][pivot].abs().total_cmp(&matrix[b][pivot].abs()))?;
        matrix.swap(pivot, largest);
        if matrix[pivot][pivot].abs() <= 1e-10 * scales[pivot] {
            return None;
        }
        for row in (0..features).filter(|&row| row != pivot) {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            let above = matrix[pivot].clone();
            matrix[row].iter_mut().zip(above).for_each(|(value, above)| *value -= factor * above);
        }
    }
    let mut found: Vec<f64> = (0..features).map(|row| matrix[row][features] / matrix[row][row]).collect();
    let along: f64 =
        found.iter().enumerate().map(|(at, coefficient)| coefficient * covariance(at + 1, value)).sum();
    found.push(along / covariance(value, value));
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, normal};

    #[test]
    fn coefficients_of_a_linear_function_come_back_and_noise_has_its_share() {
        let mut stream = Stream::new(2, 0);
        let rows: Vec<(Vec<f64>, f64)> = (0..4000)
            .map(|_| {
                let [a, b, noise] = [0; 3].map(|_| normal(&mut stream));
                (vec![a, b + 0.5 * a, 100.0 + a * a], 7.0 + 2.0 * a - 3.0 * b + noise)
            })
            .collect();
        let found = regression(&rows).unwrap();
        // 2 a - 3 b = 3.5 a - 3 (b + a / 2).
        for (found, exact) in found.coefficients.iter().zip([3.5, -3.0, 0.0]) {
            assert!(found.deviation(exact).abs() < 4.0 && found.error < 0.05, "{found:?}, {exact}");
        }
        assert!((found.explained - 13.0 / 14.0).abs() < 0.01, "{}", found.explained);
        let twice: Vec<_> = rows.iter().map(|(row, value)| (vec![row[0], 2.0 * row[0]], *value)).collect();
        assert_eq!(regression(&twice), None);
    }
}
