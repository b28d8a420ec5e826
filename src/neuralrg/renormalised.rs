//! The variables that a flow makes of the field, scale by scale: how normal they are, which waves of the field they are, what they know of each other, and the interaction of coarse
//! fields.

use super::fields::Fields;
use super::flow::Flow;
use super::noise::Noise;
use crate::estimate::{Estimate, Regression, mutual_information, regression};
use serde::Serialize;

/// Moments of the latent numbers of a scale, which are independent normal ones where the flow is perfect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latents {
    /// The scale.
    pub scale: usize,
    /// Latent numbers that end at it.
    pub sites: usize,
    /// Mean square; 1 of normal numbers.
    pub square: Estimate,
    /// Mean fourth power; 3 of normal numbers.
    pub fourth: Estimate,
}

/// The derivative of a latent number with respect to the field, averaged over fields: the wavelet that the flow has learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The scale of the latent number.
    pub scale: usize,
    /// Its site.
    pub site: usize,
    /// `[sites]`.
    pub derivative: Vec<f64>,
}

/// Mutual information in nats of pairs of neighbours on the sublattice of a scale, before and after the flow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Information {
    /// The scale of the first number.
    pub scale: usize,
    /// The scale of the second number.
    #[serde(rename = "other_scale")]
    pub other: usize,
    /// Distance of the sites along an axis.
    pub distance: usize,
    /// Of the field.
    pub before: Estimate,
    /// Of latent numbers.
    pub after: Estimate,
}

/// The interaction of the coarse field of a scale, `-ln q = a sum x^2 + b sum x x' + c sum x^4 + ...`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Couplings {
    /// The scale.
    pub scale: usize,
    /// Side of its lattice.
    pub side: usize,
    /// Of the square of every number.
    pub square: Estimate,
    /// Of products of nearest neighbours, every bond once.
    pub neighbours: Estimate,
    /// Of products of neighbours along diagonals.
    pub diagonals: Estimate,
    /// Of the fourth power of every number.
    pub fourth: Estimate,
    /// Share of the variance of ln q that these explain.
    pub explained: f64,
}

/// Moments of latent numbers, scale by scale, of fields.
pub fn latents(flow: &Flow<f32>, z: &Fields<f32>) -> Vec<Latents> {
    let rows = z.to_rows();
    let of_scale = |scale: usize| {
        let sites = sites_that_end(flow, scale);
        let mean = |power: i32| {
            let of_row = |z: &[f32]| {
                sites.iter().map(|&site| f64::from(z[site]).powi(power)).sum::<f64>() / sites.len() as f64
            };
            Estimate::mean(&rows.chunks_exact(z.sites()).map(of_row).collect::<Vec<_>>())
        };
        Latents { scale, sites: sites.len(), square: mean(2), fourth: mean(4) }
    };
    (0..flow.stack().scales()).map(of_scale).filter(|latents| latents.sites > 0).collect()
}

/// Responses of one latent number of every scale, near the middle of the lattice.
pub fn responses(flow: &Flow<f32>, z: &Fields<f32>) -> Vec<Response> {
    let side = flow.architecture().size as usize;
    let centre = |&site: &usize| {
        [site / side, site % side].map(|at| at.abs_diff(side / 2).pow(2)).into_iter().sum::<usize>()
    };
    let of_scale = |scale: usize| {
        let site = sites_that_end(flow, scale).into_iter().min_by_key(centre)?;
        let one: Vec<f32> = (0..z.sites()).map(|other| f32::from(u8::from(other == site))).collect();
        let (_, slopes) = flow.push_forward(z, &Fields::of_rows(&one.repeat(z.rows()), z.sites()));
        let mut derivative = vec![0.0; z.sites()];
        for row in slopes.to_rows().chunks_exact(z.sites()) {
            derivative
                .iter_mut()
                .zip(row)
                .for_each(|(sum, &slope)| *sum += f64::from(slope) / z.rows() as f64);
        }
        Some(Response { scale, site, derivative })
    };
    (0..flow.stack().scales()).filter_map(of_scale).collect()
}

/// What neighbours know of each other at every scale, and neighbours of one scale and the next, in fields and in their latent numbers. All pairs that moves by whole patches of the
/// coarser scale take to each other count together.
pub fn information(flow: &Flow<f32>, x: &Fields<f32>, z: &Fields<f32>) -> Vec<Information> {
    let side = flow.architecture().size as usize;
    let scales = flow.stack().scales();
    let [x, z] = [x, z].map(Fields::to_rows);
    let sites = flow.stack().sites();
    let mut found = Vec::new();
    for scale in 0..scales {
        let distance = 1 << scale;
        // The site beside a corner of a patch is of its scale, as that one patch further is; the corner itself goes on to the next.
        for (other, shift) in [(scale, 2 * distance), (scale + 1, distance)] {
            if other >= scales || shift >= side {
                continue;
            }
            let starts = || (0..side).step_by(2 * distance);
            let pairs: Vec<[usize; 2]> = starts()
                .flat_map(|row| starts().map(move |column| (row, column + distance)))
                .map(|(row, column)| [column, column + shift].map(|column| row * side + column % side))
                .filter(|&[first, second]| {
                    [first, second].map(|site| flow.stack().scale(site)) == [scale, other]
                })
                .collect();
            if pairs.is_empty() {
                continue;
            }
            let of = |numbers: &[f32]| {
                let of_row = |row: &[f32]| -> Vec<[f64; 2]> {
                    pairs.iter().map(|pair| pair.map(|site| f64::from(row[site]))).collect()
                };
                mutual_information(&numbers.chunks_exact(sites).map(of_row).collect::<Vec<_>>())
            };
            found.push(Information { scale, other, distance: shift, before: of(&x), after: of(&z) });
        }
    }
    found
}

/// Interactions of the coarse fields of all scales whose lattices have distinct neighbours, from so many of them and their exact ln q.
pub fn couplings(flow: &Flow<f32>, noise: Noise, count: usize) -> Vec<Couplings> {
    let of_scale = |scale: usize| {
        let sites = flow.stack().sites_of_scale(scale).len();
        let side = sites.isqrt();
        let (x, ln_q) = flow.generate_coarse(&noise.fields(0, count, sites), scale);
        let rows = x.to_rows();
        let of_row = |(x, ln_q): (&[f32], f64)| (features(x, side), -ln_q);
        let rows: Vec<_> = rows.chunks_exact(sites).zip(ln_q).map(of_row).collect();
        let Regression { coefficients, explained } = (side > 2).then(|| regression(&rows)).flatten()?;
        let [square, neighbours, diagonals, fourth] = coefficients.try_into().ok()?;
        Some(Couplings { scale, side, square, neighbours, diagonals, fourth, explained })
    };
    (0..flow.stack().scales()).filter_map(of_scale).collect()
}

/// Sums over a field of squares, products of nearest and of diagonal neighbours, and fourth powers.
fn features(x: &[f32], side: usize) -> Vec<f64> {
    let at = |row: usize, column: usize| f64::from(x[row % side * side + column % side]);
    let mut sums = vec![0.0; 4];
    for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
        let here = at(row, column);
        let near = at(row, column + 1) + at(row + 1, column);
        let diagonal = at(row + 1, column + 1) + at(row + 1, column + side - 1);
        let terms = [here * here, here * near, here * diagonal, here.powi(4)];
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    }
    sums
}

/// Sites whose numbers are mixed at a scale for the last time.
fn sites_that_end(flow: &Flow<f32>, scale: usize) -> Vec<usize> {
    (0..flow.stack().sites()).filter(|&site| flow.stack().scale(site) == scale).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Architecture, Backend, Dual, Learner, Parts, Symmetry};
    use super::*;

    fn flow() -> Flow<f32> {
        let architecture = Architecture { repeat: 1, ..Architecture::new(8) };
        Flow::new(architecture, 1).unwrap()
    }

    #[test]
    fn an_identity_leaves_normal_numbers_and_their_couplings() {
        let flow = flow();
        let z: Fields<f32> = Noise::new(1, 0, 0).fields(0, 4000, 64);
        let (x, _) = flow.generate(&z);
        let found = latents(&flow, &z);
        assert_eq!(found.iter().map(|latents| latents.sites).collect::<Vec<_>>(), [48, 12, 4]);
        for latents in &found {
            assert!(latents.square.deviation(1.0).abs() < 4.0 && latents.fourth.deviation(3.0).abs() < 4.0);
        }
        for response in responses(&flow, &z) {
            let expected: Vec<f64> = (0..64).map(|site| f64::from(u8::from(site == response.site))).collect();
            assert!(
                response
                    .derivative
                    .iter()
                    .zip(expected)
                    .all(|(found, expected)| (found - expected).abs() < 1e-9)
            );
            assert_eq!(flow.stack().scale(response.site), response.scale);
        }
        for information in information(&flow, &x, &z) {
            assert!(information.after.deviation(0.0).abs() < 4.0, "{information:?}");
            assert_eq!(information.before, information.after);
        }
        // -ln q of independent normal numbers is half their squares.
        let found = couplings(&flow, Noise::new(2, 0, 0), 2000);
        assert_eq!(found.iter().map(|couplings| couplings.side).collect::<Vec<_>>(), [8, 4]);
        for couplings in found {
            assert!((couplings.square.value - 0.5).abs() < 1e-4, "{couplings:?}");
            for other in [couplings.neighbours, couplings.diagonals, couplings.fourth] {
                assert!(other.value.abs() < 1e-4, "{couplings:?}");
            }
            assert!((couplings.explained - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn the_whole_coarse_field_of_a_mixture_has_the_density_of_configurations() {
        let form = Architecture { symmetry: Symmetry::Mixture, repeat: 1, ..Architecture::new(4) };
        let flow = Flow::<f64>::new(form, 1).unwrap();
        let mut stream = crate::random::Stream::new(3, 0);
        let parameters = flow.parameters().iter().map(|_| rand::RngExt::random_range(&mut stream, -0.3..0.3));
        let parameters = parameters.collect();
        let flow = flow.with_parameters(parameters).unwrap();
        let (coarse, ln_q) = flow.generate_coarse(&Noise::new(1, 0, 0).fields(0, 20, 16), 0);
        let mut learner = Learner::new(flow, Dual::new(4, 1.0, 2.3).unwrap());
        let expected = learner.ln_q(&coarse).unwrap();
        let differences = ln_q.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
        assert!(differences.fold(0.0, f64::max) < 1e-10);
    }

    #[test]
    fn pairs_are_of_the_scales_that_they_are_told_of_and_fields_know_of_each_other() {
        let dual = Dual::<f32>::new(8, 1.0, 2.3).unwrap();
        let spins: Vec<i8> = (0..600 * 64).map(|at| if at / 64 % 2 == 0 { 1 } else { -1 }).collect();
        let x = dual.draw_field(&spins, Noise::new(3, 0, 0));
        let flow = flow();
        let (z, _) = flow.infer(&x);
        let found = information(&flow, &x, &z);
        let scales: Vec<_> = found.iter().map(|found| (found.scale, found.other, found.distance)).collect();
        assert_eq!(scales, [(0, 0, 2), (0, 1, 1), (1, 1, 4), (1, 2, 2)]);
        assert!(found.iter().all(|found| found.before.value > 0.3), "{found:?}");
        let alone = Flow::<f32>::new(Architecture { parts: Parts::Disentanglers, ..Architecture::new(8) }, 1);
        assert!(information(&alone.unwrap(), &x, &z).iter().all(|found| found.scale == found.other));
    }
}
