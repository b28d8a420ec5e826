//! The continuous field dual to the spins of an Ising model.

use super::fields::Fields;
use super::noise::Noise;
use super::waves::Waves;
use crate::cpu::Real;
use crate::error::{Error, Result};
use crate::exact;
use crate::lattice::{Adjacency, Interaction, Lattice, MAX_BETA, System};
use crate::random::{Stream, philox};
use crate::sixteen::{LANES, Lanes};
use rand::RngExt;
use rayon::prelude::*;
use std::f64::consts::{LN_2, TAU};

/// Smallest eigenvalue of the matrix of couplings after its shift, as in the paper's code.
const LEAST_EIGENVALUE: f64 = 0.1;
/// Sets the spins drawn apart from the noise of the same seed.
const SPINS: u32 = 0x6e72_6722;

/// The field x with `p(x, s) ~ exp(-x Kt^-1 x / 2 + s x)`, where `Kt = K + alpha` and `K = beta J A` holds the bonds of the periodic `L x L` square lattice: the spins s alone have
/// Boltzmann's distribution, and the field alone has weight `exp(-E(x))` with `E(x) = x Kt^-1 x / 2 - sum ln cosh x` (Y. Zhang et al., NIPS 2012; Li and Wang).
#[derive(Debug, Clone)]
pub struct Dual<R> {
    system: System,
    beta: f64,
    /// Eigenvalues of Kt, `[L][L]` waves.
    eigenvalues: Vec<f64>,
    alpha: f64,
    waves: Waves<R>,
    /// Eigenvalues of `Kt^-1`.
    inverse: Vec<R>,
}

impl<R: Real> Dual<R> {
    /// The field of the square lattice of a side with coupling J, at a temperature in the units of J (Boltzmann's constant is 1).
    ///
    /// # Errors
    /// When the side, the coupling or the temperature is out of range.
    pub fn new(side: u32, coupling: f64, temperature: f64) -> Result<Self> {
        let system = System::uniform(Lattice::square(side)?, Interaction::new(coupling, 0.0)?);
        let beta = temperature.recip();
        if !(beta.is_finite() && beta > 0.0) {
            return Err(Error::setting(
                "temperature",
                format!("{temperature:?}"),
                "it must be a number above 0",
            ));
        }
        system.interaction.check_beta(beta).map_err(|_| {
            let least = coupling.abs().max(1.0) / MAX_BETA;
            let expected = format!(
                "with J = {coupling} it must be at least {least}, so that 1 / T and |J| / T are at most {MAX_BETA}"
            );
            Error::setting("temperature", format!("{temperature:?}"), expected)
        })?;
        let k: Vec<f64> =
            Waves::<R>::adjacency(side as usize).into_iter().map(|value| beta * coupling * value).collect();
        let alpha = LEAST_EIGENVALUE - k.iter().copied().fold(f64::INFINITY, f64::min);
        let eigenvalues: Vec<f64> = k.into_iter().map(|value| value + alpha).collect();
        let inverse = eigenvalues.iter().map(|value| R::of(value.recip())).collect();
        Ok(Self { system, beta, eigenvalues, alpha, waves: Waves::new(side as usize), inverse })
    }

    /// Number of sites.
    pub fn sites(&self) -> usize {
        self.eigenvalues.len()
    }

    /// The spins' lattice and interaction.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// `ln Z_x - ln Z` of field and spins: `N alpha / 2 + (N / 2) ln 2 pi + ln det Kt / 2 - N ln 2`.
    pub fn constant(&self) -> f64 {
        let of_wave = |eigenvalue: &f64| 0.5 * (self.alpha + TAU.ln() + eigenvalue.ln()) - LN_2;
        self.eigenvalues.iter().map(of_wave).sum()
    }

    /// `ln Z_x` where the spins' ln Z is known exactly.
    pub fn ln_z(&self) -> Option<f64> {
        Some(exact::ln_z(&self.system, self.beta)? + self.constant())
    }

    /// Energies E of configurations, `[rows]`.
    pub fn energies(&self, x: &Fields<R>) -> Vec<f64> {
        self.energies_and_slopes(x).0
    }

    /// Energies E of configurations, `[rows]`, and their gradients `Kt^-1 x - tanh x`.
    pub fn energies_and_slopes(&self, x: &Fields<R>) -> (Vec<f64>, Fields<R>) {
        let mut slopes = Fields::zeros(x.rows(), self.sites());
        let groups = slopes.lanes_mut().par_chunks_exact_mut(self.sites()).enumerate();
        let energies: Vec<[f64; LANES]> =
            groups.map(|(group, slopes)| self.energy(x.group(group), slopes)).collect();
        let mut energies = energies.concat();
        energies.truncate(x.rows());
        (energies, slopes)
    }

    /// `[rows]`: of spins given the field, the mean energy per site, and the mean of `(M / N)^2`: spins of different sites are independent, with means `tanh x`.
    pub fn spin_means(&self, x: &Fields<R>) -> Vec<[f64; 2]> {
        let adjacency = Adjacency::new(&self.system);
        let sites = self.sites() as f64;
        let of_row = |x: &[R]| {
            let means: Vec<f64> = x.iter().map(|x| x.widen().tanh()).collect();
            let neighbours = |site: usize| -> f64 {
                adjacency.neighbours(site).iter().map(|&other| means[other as usize]).sum()
            };
            // Every bond is met from both of its ends.
            let bonds: f64 = means.iter().enumerate().map(|(site, mean)| 0.5 * mean * neighbours(site)).sum();
            let (sum, squares) =
                means.iter().fold((0.0, 0.0), |(sum, squares), mean| (sum + mean, squares + mean * mean));
            [
                -self.system.interaction.coupling * bonds / sites,
                (sum * sum - squares + sites) / (sites * sites),
            ]
        };
        x.to_rows().par_chunks_exact(self.sites()).map(of_row).collect()
    }

    /// Inverse temperature in units of 1 / J.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// Waves along one axis and eigenvalues of `Kt^-1`, both `[L][L]`: what its product with a field is made of.
    pub(crate) fn product(&self) -> (&[R], &[R]) {
        (self.waves.matrix(), &self.inverse)
    }

    /// Energies of 16 configurations, and their gradients `Kt^-1 x - tanh x`.
    pub(super) fn energy(&self, x: &[Lanes<R>], gradient: &mut [Lanes<R>]) -> [f64; LANES] {
        gradient.copy_from_slice(x);
        self.waves.apply(&self.inverse, gradient);
        let mut energies = [0.0; LANES];
        for (x, gradient) in x.iter().zip(gradient) {
            let ln_cosh = x.map(|x| x.abs() + (x + x).exp_minus_abs().ln_1p_of_unit());
            for lane in 0..LANES {
                let quadratic = x[lane].widen() * gradient[lane].widen() / 2.0;
                energies[lane] += quadratic - (ln_cosh[lane].widen() - LN_2);
            }
            *gradient = gradient.minus(x.tanh());
        }
        energies
    }

    /// Spins given the field, `[rows][sites]`: spin up has probability `1 / (1 + exp(-2 x))`, independently on every site. A pure function of the seed.
    pub fn draw_spins(&self, x: &Fields<R>, seed: u32) -> Vec<i8> {
        let seed = philox([seed, SPINS], [0; 4])[0];
        let rows = x.to_rows();
        let of_row = |(row, x): (usize, &[R])| {
            let mut stream = Stream::new(seed, row as u32);
            let spin = |&x: &R| (x.widen() + x.widen()).heat_bath(stream.random::<f64>());
            x.iter().map(spin).collect::<Vec<i8>>()
        };
        rows.par_chunks_exact(self.sites()).enumerate().flat_map_iter(of_row).collect()
    }

    /// The field given spins, `[rows][sites]`: normal with mean `Kt s` and covariance Kt.
    pub fn draw_field(&self, spins: &[i8], noise: Noise) -> Fields<R> {
        let sites = self.sites();
        let spins: Vec<R> = spins.iter().map(|&spin| R::of_integer(spin.into())).collect();
        let mut x = Fields::of_rows(&spins, sites);
        let groups = x.lanes_mut().par_chunks_exact_mut(sites).enumerate();
        groups.for_each(|(group, x)| {
            let mut normal = vec![Lanes::zero(); sites];
            noise.fill(group * LANES, &mut normal);
            self.waves.transform(x);
            for ((x, normal), &eigenvalue) in x.iter_mut().zip(normal).zip(&self.eigenvalues) {
                let [mean, spread] = [eigenvalue, eigenvalue.sqrt()].map(R::of);
                *x = x.map(|x| mean * x).plus_scaled(spread, normal);
            }
            self.waves.transform(x);
        });
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Estimate;
    use crate::neuralrg::CRITICAL_TEMPERATURE;

    /// `ln Z_x` of four sites by the trapezoidal rule, which is exact up to rounding for smooth peaks.
    fn by_quadrature(dual: &Dual<f64>) -> f64 {
        let (points, step) = (20, 0.7);
        let at = |index: usize| (index as f64 - points as f64 / 2.0) * step;
        let rows: Vec<f64> = (0..points * points)
            .flat_map(|index| {
                (0..points * points).flat_map(move |other| {
                    [index / points, index % points, other / points, other % points].map(at)
                })
            })
            .collect();
        let weights = dual.energies(&Fields::of_rows(&rows, 4)).into_iter().map(|energy| (-energy).exp());
        weights.sum::<f64>().ln() + 4.0 * step.ln()
    }

    #[test]
    fn the_constant_is_that_of_the_paper_and_of_a_quadrature() {
        let dual = Dual::<f64>::new(16, 1.0, CRITICAL_TEMPERATURE).unwrap();
        assert!((dual.constant() - 354.233_483_2).abs() < 1e-6, "{}", dual.constant());
        let optimum = 238.642_256_6 + 354.233_483_2;
        assert!((dual.ln_z().unwrap() - optimum).abs() < 1e-6, "{:?}", dual.ln_z());
        for coupling in [1.0, -1.0] {
            let small = Dual::<f64>::new(2, coupling, 6.0).unwrap();
            let (found, exact) = (by_quadrature(&small), small.ln_z().unwrap());
            assert!((found - exact).abs() < 1e-6, "J = {coupling}: {found}, {exact}");
        }
    }

    #[test]
    fn the_inverse_undoes_the_couplings_and_the_gradient_is_that_of_the_energy() {
        for side in [2, 4, 8] {
            let dual = Dual::<f64>::new(side, 1.0, CRITICAL_TEMPERATURE).unwrap();
            let sites = dual.sites();
            let noise: Fields<f64> = Noise::new(5, 0, 0).fields(0, 1, sites);
            let mut gradient = vec![Lanes::zero(); sites];
            dual.energy(noise.group(0), &mut gradient);
            let x = noise.to_rows();
            let adjacency = Adjacency::new(&dual.system);
            let inverse: Vec<f64> = gradient.iter().zip(&x).map(|(g, x)| g[0] + x.tanh()).collect();
            for site in 0..sites {
                let neighbours = adjacency.neighbours(site).iter().map(|&other| inverse[other as usize]);
                let back = dual.alpha * inverse[site] + neighbours.sum::<f64>() / CRITICAL_TEMPERATURE;
                assert!((back - x[site]).abs() < 1e-12, "side {side}, site {site}: {back}, {}", x[site]);
                let shifted = [1e-5, -1e-5].map(|by| {
                    let mut x = x.clone();
                    x[site] += by;
                    dual.energies(&Fields::of_rows(&x, sites))[0]
                });
                let slope = (shifted[0] - shifted[1]) / 2e-5;
                assert!((slope - gradient[site][0]).abs() < 1e-7, "{slope}, {}", gradient[site][0]);
            }
        }
    }

    #[test]
    fn spins_and_field_are_drawn_from_their_joint_distribution() {
        let dual = Dual::<f64>::new(4, 1.0, 3.0).unwrap();
        let (sites, rows) = (16, 20_000);
        let one: Vec<i8> = (0..sites).map(|site| if site % 3 == 0 { -1 } else { 1 }).collect();
        let x = dual.draw_field(&one.repeat(rows), Noise::new(2, 9, 0)).to_rows();
        let column = |site: usize| -> Vec<f64> { x.iter().skip(site).step_by(sites).copied().collect() };
        let adjacency = Adjacency::new(&dual.system);
        for site in 0..sites {
            let neighbours = adjacency.neighbours(site).iter().map(|&other| f64::from(one[other as usize]));
            let mean = dual.alpha * f64::from(one[site]) + neighbours.sum::<f64>() / 3.0;
            let found = Estimate::mean(&column(site));
            assert!(found.deviation(mean).abs() < 4.5, "mean at {site}: {found:?}, {mean}");
            let squares: Vec<f64> = column(site).iter().map(|x| (x - mean).powi(2)).collect();
            let found = Estimate::mean(&squares);
            assert!(found.deviation(dual.alpha).abs() < 4.5, "variance at {site}: {found:?}");
        }
        let values: Vec<f64> = (0..sites).map(|site| 0.2 * site as f64 - 1.5).collect();
        let spins = dual.draw_spins(&Fields::of_rows(&values.repeat(rows), sites), 4);
        for (site, x) in values.iter().enumerate() {
            let of_site: Vec<f64> =
                spins.iter().skip(site).step_by(sites).map(|&spin| f64::from(spin)).collect();
            let found = Estimate::mean(&of_site);
            assert!(found.deviation(x.tanh()).abs() < 4.5, "spin at {site}: {found:?}, {}", x.tanh());
        }
    }
}
