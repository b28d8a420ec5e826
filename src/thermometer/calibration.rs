//! Energy and order of a lattice against its temperature: exact where that is known, and by Monte Carlo.

use super::curve::{Curve, Node, top};
use crate::error::Result;
use crate::estimate::Estimate;
use crate::exact;
use crate::lattice::{Interaction, Occupation, Spins, System};
use crate::mc;
use crate::random::philox;

/// Configurations of every temperature.
const COUNT: usize = 4000;
/// Temperatures from infinity down to half the critical one, and from there to a sixth of it.
const TEMPERATURES: (usize, usize) = (32, 8);
/// Sets the configurations apart from those of networks and data of the same seed.
const SALT: u32 = 0x7e3;
/// The inverse temperature at which a lattice without a known transition begins to order, times J and the number of neighbours, about.
const TYPICAL: f64 = 1.5;
/// Where exact curves begin, as a share of their last inverse temperature.
const FIRST: f64 = 1e-5;

/// Energy and order of one system at all temperatures.
#[derive(Debug, Clone)]
pub struct Calibration {
    system: System,
    energy: Curve,
    order: Curve,
    /// Temperature and specific heat per site, from high temperatures on.
    heat: Vec<[f64; 2]>,
}

impl Calibration {
    /// Measures a system by Monte Carlo; its energy is exact where that is known. A pure function of the seed. `observe` is told how many of
    /// [`Calibration::temperatures`] are done.
    ///
    /// # Errors
    /// When the chains at one temperature do not come into equilibrium.
    pub fn new(system: &System, seed: u32, observe: impl FnMut(usize)) -> Result<Self> {
        Self::with_count(system, COUNT, seed, observe)
    }

    /// With so many configurations of every temperature.
    pub(super) fn with_count(
        system: &System,
        count: usize,
        seed: u32,
        mut observe: impl FnMut(usize),
    ) -> Result<Self> {
        let betas = betas(system);
        let (mut energies, mut orders) = (Vec::new(), Vec::new());
        for (number, &beta) in betas.iter().enumerate() {
            let key = philox([seed, SALT], [number as u32, 0, 0, 0])[0];
            let spins = mc::configurations(system, 1.0 / beta, count, key)?;
            let [energy, order] = means(system, &spins);
            let [energy, order] = [energy, order].map(|[value, slope]| Node { beta, value, slope });
            energies.push(energy);
            orders.push(order);
            observe(number + 1);
        }
        let exact = exact_energies(system, betas[betas.len() - 1]);
        let energies = if exact.is_empty() { energies } else { exact };
        let warm = energies.iter().filter(|node| node.beta > 0.0);
        Ok(Self {
            system: system.clone(),
            heat: warm.map(|node| [1.0 / node.beta, -node.beta * node.beta * node.slope]).collect(),
            energy: Curve::new(&energies),
            order: Curve::new(&orders),
        })
    }

    /// Temperatures at which Monte Carlo measures.
    pub fn temperatures() -> usize {
        TEMPERATURES.0 + TEMPERATURES.1
    }

    /// The system.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Temperatures, falling, with the specific heat per site there.
    pub fn specific_heat(&self) -> &[[f64; 2]] {
        &self.heat
    }

    /// The temperature at which the specific heat of this lattice is largest, and that value; the top of the parabola through the largest three.
    pub fn peak(&self) -> [f64; 2] {
        let best = (1..self.heat.len() - 1)
            .max_by(|&a, &b| self.heat[a][1].total_cmp(&self.heat[b][1]))
            .unwrap_or_default();
        let beside = &self.heat[best.max(1) - 1..=best + 1];
        let places: Vec<f64> = beside.iter().map(|[temperature, _]| *temperature).collect();
        let values: Vec<f64> = beside.iter().map(|[_, heat]| *heat).collect();
        [top(&places, &values), values[values.len() / 2]]
    }

    /// The inverse temperature at which the lattice has this energy per site.
    pub fn by_energy(&self, energy_per_site: Estimate) -> Estimate {
        self.energy.beta_of(energy_per_site)
    }

    /// The inverse temperature at which it has this mean [`order`].
    pub fn by_order(&self, order: Estimate) -> Estimate {
        self.order.beta_of(order)
    }
}

/// The order of a configuration, per site: |m|, for J < 0 that of every second spin reversed, in a field m; of Potts spins the order parameter of
/// [`Occupation::order`].
pub fn order(system: &System, spins: &[i8]) -> f64 {
    match system.spins {
        Spins::Potts { states } => Occupation::of(spins, states).order(),
        Spins::Ising => {
            let aligned = |(site, &spin): (usize, &i8)| i64::from(spin * system.ordered_spin(site as u32));
            let sum = spins.iter().enumerate().map(aligned).sum::<i64>() as f64 / spins.len() as f64;
            if system.has_spin_flip() { sum.abs() } else { sum }
        }
    }
}

/// The exact energy per site from infinite temperature on; empty where it is not known, or takes seconds.
fn exact_energies(system: &System, last: f64) -> Vec<Node> {
    if exact::is_slow(system) {
        return Vec::new();
    }
    // At beta = 0 itself C = beta^2 var(E) / N does not tell the variance of the energy.
    let curve = exact::curve(system, FIRST * last, last);
    let node = |(beta, exact): (f64, exact::Exact)| Node {
        beta,
        value: exact.energy_per_site,
        slope: -exact.specific_heat / (beta * beta),
    };
    curve.into_iter().map(node).collect()
}

/// Inverse temperatures at which Monte Carlo measures: evenly from 0 to twice the critical one, and further apart to six times it.
fn betas(system: &System) -> Vec<f64> {
    let Interaction { coupling, field } = system.interaction;
    let typical =
        || TYPICAL / (coupling.abs() * system.lattice.coordination() as f64).max(field.abs()).max(1e-9);
    let centre = system.critical_beta().unwrap_or_else(typical);
    let (near, far) = TEMPERATURES;
    let even = (0..near).map(|number| 2.0 * centre * number as f64 / (near - 1) as f64);
    let wide = (1..=far).map(|number| 2.0 * centre * 3_f64.powf(number as f64 / far as f64));
    even.chain(wide).collect()
}

/// Energy per site and order, each with its derivative with respect to beta, which is a covariance with the energy.
fn means(system: &System, spins: &[i8]) -> [[f64; 2]; 2] {
    let sites = system.lattice.sites();
    let of_configurations = || spins.chunks_exact(sites);
    let energies: Vec<f64> = of_configurations().map(|spins| system.energy(spins)).collect();
    let orders: Vec<f64> = of_configurations().map(|spins| order(system, spins)).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let [energy, order] = [mean(&energies), mean(&orders)];
    let covariance = |values: &[f64], mean: f64| {
        let products = values.iter().zip(&energies).map(|(value, of)| (value - mean) * (of - energy));
        products.sum::<f64>() / values.len() as f64
    };
    [
        [energy / sites as f64, -covariance(&energies, energy) / sites as f64],
        [order, -covariance(&orders, order)],
    ]
}
