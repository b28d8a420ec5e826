//! Exact thermodynamics along a range of temperatures, for figures.

use super::{Exact, is_slow, solve};
use crate::lattice::System;

/// Points of a curve.
const FINE: usize = 200;
/// Points that are solved where one takes seconds; between them is the polynomial that has ln Z, U and C at both ends.
const COARSE: usize = 16;

/// Exact thermodynamics at inverse temperatures from `first` to `last`; empty where it is not known.
pub fn curve(system: &System, first: f64, last: f64) -> Vec<(f64, Exact)> {
    let is_slow = is_slow(system);
    let solved = if is_slow { COARSE } else { FINE };
    let at = |number: usize, count: usize| first + (last - first) * number as f64 / (count - 1) as f64;
    // Curvature is not known at infinite temperature itself.
    let nodes = (0..solved).map(|number| at(number, solved).max(if is_slow { 1e-6 } else { 0.0 }));
    let nodes: Vec<_> = nodes.map_while(|beta| Some((beta, solve(system, beta)?))).collect();
    if !is_slow || nodes.len() < solved || last <= first {
        return nodes;
    }
    let sites = system.lattice.sites() as f64;
    let between = |number: usize| {
        let beta = at(number, FINE);
        let interval = (number * (solved - 1) / (FINE - 1)).min(solved - 2);
        (beta, interpolate(&nodes[interval], &nodes[interval + 1], sites, beta))
    };
    (0..FINE).map(between).collect()
}

/// The polynomial of fifth degree with the ln Z of two solutions and its first and second derivatives.
fn interpolate(left: &(f64, Exact), right: &(f64, Exact), sites: f64, beta: f64) -> Exact {
    let length = right.0 - left.0;
    // ln Z and its derivatives in units of the interval.
    let ends = [left, right].map(|(beta, exact)| {
        let second = exact.specific_heat * sites / (beta * beta);
        [exact.ln_z, -exact.energy_per_site * sites * length, second * length * length]
    });
    let [[f, df, ddf], [g, dg, ddg]] = ends;
    let rise = [g - f - df - 0.5 * ddf, dg - df - ddf, ddg - ddf];
    let coefficients = [
        f,
        df,
        0.5 * ddf,
        10.0 * rise[0] - 4.0 * rise[1] + 0.5 * rise[2],
        -15.0 * rise[0] + 7.0 * rise[1] - rise[2],
        6.0 * rise[0] - 3.0 * rise[1] + 0.5 * rise[2],
    ];
    let x = (beta - left.0) / length;
    let [mut value, mut slope, mut bend] = [0.0; 3];
    for coefficient in coefficients.into_iter().rev() {
        bend = bend * x + 2.0 * slope;
        slope = slope * x + value;
        value = value * x + coefficient;
    }
    Exact {
        ln_z: value,
        energy_per_site: -slope / (length * sites),
        specific_heat: beta * beta * bend / (length * length * sites),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Interaction, Lattice};

    #[test]
    fn interpolation_meets_solutions_between_its_ends() {
        let interaction = Interaction { coupling: 1.0, field: 0.0 };
        let system = System::uniform(Lattice::square(8).unwrap(), interaction);
        let [left, middle, right] = [0.42, 0.43, 0.44].map(|beta| (beta, solve(&system, beta).unwrap()));
        for (beta, expected) in [left, middle, right] {
            let found = interpolate(&left, &right, 64.0, beta);
            assert!((found.ln_z - expected.ln_z).abs() < 1e-6, "{beta}: {found:?}, {expected:?}");
            assert!((found.energy_per_site - expected.energy_per_site).abs() < 1e-6, "{beta}");
            assert!((found.specific_heat - expected.specific_heat).abs() < 1e-3, "{beta}");
        }
    }

    #[test]
    fn curves_run_from_the_first_to_the_last_temperature() {
        let system = |lattice| System::uniform(lattice, Interaction { coupling: 1.0, field: 0.0 });
        let curve = curve(&system(Lattice::square(4).unwrap()), 0.1, 0.3);
        assert_eq!((curve.len(), curve[0].0, curve[FINE - 1].0), (FINE, 0.1, 0.3));
        assert!(super::curve(&system(Lattice::cubic(8).unwrap()), 0.1, 0.3).is_empty());
    }
}
