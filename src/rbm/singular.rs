//! Singular values of a machine's weights.

use super::machine::{Machine, Parameters};
use rayon::prelude::*;

/// Cosines of the angle between columns below which they are at right angles.
const RIGHT_ANGLE: f64 = 1e-13;
/// Rounds over all pairs of columns: far fewer are needed, as angles fall quadratically.
const MOST_ROUNDS: usize = 60;

/// Singular values of W, falling: lengths of its columns, turned in pairs until all are at right angles (M. R. Hestenes, J. SIAM 6, 51, 1958).
///
/// Pairs that have no column in common are turned side by side; columns meet as the players of a tournament do.
pub fn singular_values(machine: &Machine, parameters: &Parameters) -> Vec<f64> {
    let (visible, hidden) = (machine.visible(), machine.hidden);
    let weight = |number: usize, unit: usize| f64::from(parameters.weights[number * hidden + unit]);
    // The shorter side has the columns.
    let mut columns: Vec<Vec<f64>> = match hidden <= visible {
        true => (0..hidden).map(|unit| (0..visible).map(|number| weight(number, unit)).collect()).collect(),
        false => (0..visible).map(|number| (0..hidden).map(|unit| weight(number, unit)).collect()).collect(),
    };
    let count = columns.len();
    if count % 2 == 1 {
        columns.push(vec![0.0; visible.max(hidden)]);
    }
    for _ in 0..MOST_ROUNDS {
        let mut largest: f64 = 0.0;
        for _ in 1..columns.len() {
            let angle = |pair: &mut [Vec<f64>]| {
                let (left, right) = pair.split_at_mut(1);
                turn(&mut left[0], &mut right[0])
            };
            largest = largest.max(columns.par_chunks_exact_mut(2).map(angle).reduce(|| 0.0, f64::max));
            next_pairs(&mut columns);
        }
        if largest < RIGHT_ANGLE {
            break;
        }
    }
    let length = |column: &Vec<f64>| column.iter().map(|value| value * value).sum::<f64>().sqrt();
    let mut values: Vec<f64> = columns.iter().map(length).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values.truncate(count);
    values
}

/// Turns two columns in their plane until they are at right angles; the cosine of the angle between them before.
fn turn(left: &mut [f64], right: &mut [f64]) -> f64 {
    let [mut a, mut b, mut c] = [0.0; 3];
    for (&x, &y) in left.iter().zip(&*right) {
        a += x * x;
        b += y * y;
        c += x * y;
    }
    if c == 0.0 {
        return 0.0;
    }
    let ratio = (b - a) / (2.0 * c);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    for (x, y) in left.iter_mut().zip(right) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
    c.abs() / (a * b).sqrt()
}

/// The next round of a tournament of pairs (0, 1), (2, 3), ...: the first stays, all others move on by one chair.
fn next_pairs(columns: &mut [Vec<f64>]) {
    // Chairs around the table: even places onwards, odd places back.
    let chairs: Vec<usize> =
        (2..columns.len()).step_by(2).chain((1..columns.len()).step_by(2).rev()).collect();
    for pair in chairs.windows(2).rev() {
        columns.swap(pair[0], pair[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Lattice, Spins};
    use crate::random::{Stream, normal};

    fn of(side: u32, hidden: usize, weights: Vec<f32>) -> Vec<f64> {
        let machine = Machine::new(Lattice::square(side).unwrap(), Spins::Ising, hidden).unwrap();
        let parameters =
            Parameters { weights, visible: vec![0.0; machine.visible()], hidden: vec![0.0; hidden] };
        singular_values(&machine, &parameters)
    }

    #[test]
    fn they_are_those_of_a_product_of_vectors() {
        // W = 3 u v^T + 2 x y^T with unit vectors at right angles.
        let mut weights = vec![0.0; 4 * 3];
        weights[0] = 3.0;
        (weights[4], weights[7]) = (1.2, 1.6);
        let found = of(2, 3, weights);
        for (value, expected) in found.iter().zip([3.0, 2.0, 0.0]) {
            assert!((value - expected).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn every_pair_meets_and_lengths_and_products_are_kept() {
        for (side, hidden) in [(3, 4), (3, 7), (3, 9), (2, 9), (2, 1)] {
            let mut stream = Stream::new(1, hidden as u32);
            let visible = (side * side) as usize;
            let weights: Vec<f32> = (0..visible * hidden).map(|_| normal(&mut stream) as f32).collect();
            let found = of(side, hidden, weights.clone());
            assert!(found.len() == hidden.min(visible) && found.is_sorted_by(|a, b| a >= b));
            // Traces of W^T W and of its square.
            let gram = |a: usize, b: usize| -> f64 {
                (0..visible)
                    .map(|row| f64::from(weights[row * hidden + a]) * f64::from(weights[row * hidden + b]))
                    .sum()
            };
            let trace: f64 = (0..hidden).map(|unit| gram(unit, unit)).sum();
            let square: f64 = (0..hidden)
                .flat_map(|a| (0..hidden).map(move |b| (a, b)))
                .map(|(a, b)| gram(a, b).powi(2))
                .sum();
            let power = |power| found.iter().map(|value| value.powi(power)).sum::<f64>();
            assert!((power(2) / trace - 1.0).abs() < 1e-12, "{found:?}");
            assert!((power(4) / square - 1.0).abs() < 1e-12, "{found:?}");
        }
    }
}
