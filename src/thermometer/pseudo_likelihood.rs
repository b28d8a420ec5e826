//! Temperature by the probabilities of single spins given their neighbours (J. Besag, The Statistician 24, 179, 1975).

use crate::estimate::{Bins, Estimate};
use crate::lattice::{Adjacency, Interaction, Spins, System};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Most bins of the jackknife.
const MOST_BINS: usize = 100;
/// Newton steps after which rounding alone moves the maximum.
const MOST_STEPS: usize = 200;

/// The inverse temperature of `system` that maximises the pseudo-likelihood of configurations, the product over all sites of the probability
/// `p(s_i | neighbours)` (J. Besag, The Statistician 24, 179, 1975). `spins` is `[count][sites]`, +-1 or colours.
///
/// Temperature is in units of the system's J and H. The logarithm is concave in beta and needs no partition function; its maximum is consistent:
/// for many configurations at beta it comes close to beta. It is negative for configurations that prefer high energies, and 0 for ones at random. It is
/// infinite where no change of a single spin would lower the energy, as in configurations with all spins alike, and negative infinity where none would raise it; then the
/// error is NaN. It is NaN without configurations, and where no change of a spin changes the energy.
///
/// The error is that of a jackknife over up to 100 bins of consecutive configurations, so that it is right for chains that are much longer than their
/// autocorrelation time divided by the number of bins; it is NaN for a single configuration. Each value without a bin is one Newton step away from the maximum of all.
///
/// # Panics
/// When `spins` is not a whole number of configurations.
pub fn pseudo_likelihood(system: &System, spins: &[i8]) -> Estimate {
    let sites = system.lattice.sites();
    assert!(spins.len().is_multiple_of(sites), "{} spins are no configurations of {sites}", spins.len());
    let adjacency = Adjacency::new(system);
    let count = |spins: &[i8]| Situations::of(spins, system.spins, &adjacency);
    let all = spins.par_chunks(sites).map(count).reduce(Situations::default, Situations::and);
    let beta = all.most_likely_beta(system.interaction);
    if !beta.is_finite() {
        return Estimate { value: beta, error: f64::NAN };
    }
    let slopes = |spins| count(spins).slopes(system.interaction, beta);
    let rows: Vec<[f64; 2]> = spins.par_chunks(sites).map(slopes).collect();
    let mut bins = Bins::new(2, MOST_BINS);
    rows.iter().for_each(|row| bins.push(row));
    let Estimate { error, .. } = bins.jackknife(|sums| vec![beta + sums[0] / sums[1]])[0];
    Estimate { value: beta, error }
}

/// How many sites see the same alternatives to their spin. An alternative is the energy that a change of the spin costs, as integers in units of J and of H; one
/// of Ising spins, q - 1 of Potts spins, in order.
#[derive(Default)]
struct Situations(BTreeMap<Box<[[i32; 2]]>, u64>);

impl Situations {
    fn of(spins: &[i8], kind: Spins, adjacency: &Adjacency) -> Self {
        let mut counts = Self::default();
        let mut costs = Vec::with_capacity(kind.states() - 1);
        for site in 0..spins.len() {
            costs.clear();
            match kind {
                Spins::Ising => costs.push(cost_of_flip(spins, site, adjacency)),
                Spins::Potts { states } => costs_of_colours(spins, site, states, adjacency, &mut costs),
            }
            if let Some(count) = counts.0.get_mut(&costs[..]) {
                *count += 1;
            } else {
                counts.0.insert(costs.as_slice().into(), 1);
            }
        }
        counts
    }

    fn and(mut self, other: Self) -> Self {
        other.0.into_iter().for_each(|(costs, count)| *self.0.entry(costs).or_default() += count);
        self
    }

    /// First derivative of the logarithm of the pseudo-likelihood at beta, and minus the second.
    fn slopes(&self, interaction: Interaction, beta: f64) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for (costs, &count) in &self.0 {
            // The spin that is there costs nothing. The likeliest one is the unit of probabilities, so that none overflows.
            let energies = || costs.iter().map(|cost| energy(cost, interaction)).chain([0.0]);
            let likeliest = energies().map(|energy| -beta * energy).fold(f64::NEG_INFINITY, f64::max);
            let mut moments = [0.0; 3];
            for energy in energies() {
                let probability = (-beta * energy - likeliest).exp();
                moments[0] += probability;
                moments[1] += probability * energy;
                moments[2] += probability * energy * energy;
            }
            let [mean, square] = [moments[1] / moments[0], moments[2] / moments[0]];
            sums[0] += count as f64 * mean;
            sums[1] += count as f64 * (square - mean * mean);
        }
        sums
    }

    /// The zero of the first derivative, which falls with beta.
    fn most_likely_beta(&self, interaction: Interaction) -> f64 {
        let energies = || self.0.keys().flat_map(|costs| costs.iter()).map(|cost| energy(cost, interaction));
        let [least, most] = [energies().fold(0.0, f64::min), energies().fold(0.0, f64::max)];
        match (least < 0.0, most > 0.0) {
            (false, false) => return f64::NAN,
            (false, true) => return f64::INFINITY,
            (true, false) => return f64::NEG_INFINITY,
            (true, true) => {}
        }
        // At the end of the scale where the derivative has the other sign than at 0: there is one, since some changes lower the energy and some raise it.
        let rises = self.slopes(interaction, 0.0)[0] >= 0.0;
        let mut end = (if rises { 1.0 } else { -1.0 }) / most.max(-least);
        while (self.slopes(interaction, end)[0] >= 0.0) == rises {
            end *= 2.0;
        }
        let (mut low, mut high) = if rises { (0.0, end) } else { (end, 0.0) };
        let mut beta = 0.0;
        for _ in 0..MOST_STEPS {
            let [slope, curvature] = self.slopes(interaction, beta);
            *(if slope >= 0.0 { &mut low } else { &mut high }) = beta;
            let newton = beta + slope / curvature;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if next == beta || slope == 0.0 {
                break;
            }
            beta = next;
        }
        beta
    }
}

fn energy(&[bonds, fields]: &[i32; 2], interaction: Interaction) -> f64 {
    interaction.coupling * f64::from(bonds) + interaction.field * f64::from(fields)
}

/// Energy of the flip of an Ising spin: `2 s sum_j w_ij s_j` in units of J, `2 s w_i` in units of H.
fn cost_of_flip(spins: &[i8], site: usize, adjacency: &Adjacency) -> [i32; 2] {
    let spin = i32::from(spins[site]);
    let of_bond = |(neighbour, weight): (u32, i32)| weight * i32::from(spins[neighbour as usize]);
    let neighbours: i32 = adjacency.bonds_of(site).map(of_bond).sum();
    [2 * spin * neighbours, 2 * spin * adjacency.site_weight(site)]
}

/// Energies of all other colours of a Potts spin, less that of its own, in order.
fn costs_of_colours(spins: &[i8], site: usize, states: u8, adjacency: &Adjacency, costs: &mut Vec<[i32; 2]>) {
    let own = usize::from(spins[site].unsigned_abs());
    // Of every colour -E in units of J and of H.
    costs.resize(states.into(), [0; 2]);
    for (neighbour, weight) in adjacency.bonds_of(site) {
        costs[usize::from(spins[neighbour as usize].unsigned_abs())][0] += weight;
    }
    costs[0][1] = adjacency.site_weight(site);
    let [bonds, fields] = costs.swap_remove(own);
    costs.iter_mut().for_each(|cost| *cost = [bonds - cost[0], fields - cost[1]]);
    costs.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Lattice, Weights};
    use crate::mc::Pool;
    use crate::random::Stream;
    use rand::RngExt;
    use std::sync::Arc;

    fn ising(lattice: Lattice, coupling: f64, field: f64) -> System {
        System::uniform(lattice, Interaction { coupling, field })
    }

    fn found(system: &System, beta: f64, count: usize) -> Estimate {
        let pool = Pool::new(&system.clone().at(beta).unwrap(), count, 7).unwrap();
        pseudo_likelihood(system, pool.spins())
    }

    fn assert_measures(system: &System, beta: f64) {
        let measured = found(system, beta, 2000);
        assert!((measured.value / beta - 1.0).abs() < 0.02, "{system} at {beta}: {measured:?}");
        assert!(measured.deviation(beta).abs() < 4.0, "{system} at {beta}: {measured:?}");
        assert!(measured.error > 1e-4 * beta && measured.error < 0.02 * beta, "{system}: {measured:?}");
    }

    #[test]
    fn the_temperature_of_monte_carlo_is_found() {
        for temperature in [1.5, 2.27, 4.0] {
            assert_measures(&ising(Lattice::square(10).unwrap(), 1.0, 0.0), 1.0 / temperature);
        }
    }

    #[test]
    fn it_is_found_on_other_lattices_with_fields_and_of_colours() {
        assert_measures(&ising(Lattice::triangular(10).unwrap(), 1.0, 0.0), 0.25);
        assert_measures(&ising(Lattice::triangular(8).unwrap(), -1.0, 0.5), 0.4);
        assert_measures(&ising(Lattice::cubic(6).unwrap(), 0.5, -0.3), 0.4);
        let potts = |field| {
            let interaction = Interaction { coupling: 1.0, field };
            System::potts(Lattice::square(10).unwrap(), interaction, 3).unwrap()
        };
        assert_measures(&potts(0.0), 0.9);
        assert_measures(&potts(0.2), 0.8);
    }

    /// The pseudo-likelihood straight from its definition, by the energies of whole configurations.
    fn direct(system: &System, spins: &[i8], beta: f64) -> f64 {
        let states: Vec<i8> = match system.spins {
            Spins::Ising => vec![-1, 1],
            Spins::Potts { states } => (0..states as i8).collect(),
        };
        let mut sum = 0.0;
        for configuration in spins.chunks(system.lattice.sites()) {
            let here = system.energy(configuration);
            for site in 0..configuration.len() {
                let mut other = configuration.to_vec();
                let weight = |&state: &i8| {
                    other[site] = state;
                    (-beta * (system.energy(&other) - here)).exp()
                };
                sum -= states.iter().map(weight).sum::<f64>().ln();
            }
        }
        sum
    }

    #[test]
    fn it_is_the_maximum_of_the_product_of_conditional_probabilities() {
        let mut stream = Stream::new(3, 0);
        let weights = |lattice: Lattice, stream: &mut Stream| {
            let mut draw = |count| (0..count).map(|_| stream.random_range(-9..=9)).collect();
            Weights { bonds: draw(lattice.bond_count()), sites: draw(lattice.sites()) }
        };
        let square = Lattice::square(3).unwrap();
        let weighted =
            System { weights: Some(Arc::new(weights(square, &mut stream))), ..ising(square, 0.1, 0.2) };
        let complete = ising(Lattice::complete(7).unwrap(), 0.3, 0.1);
        let potts = System::potts(square, Interaction { coupling: 1.0, field: 0.4 }, 4).unwrap();
        for system in [ising(square, 1.0, 0.7), ising(square, -2.0, 0.0), weighted, complete, potts] {
            let spin = |stream: &mut Stream| match system.spins {
                Spins::Ising => 2 * stream.random_range(0..2) - 1,
                Spins::Potts { states } => stream.random_range(0..states as i8),
            };
            let spins: Vec<i8> = (0..40 * system.lattice.sites()).map(|_| spin(&mut stream)).collect();
            let Estimate { value, error } = pseudo_likelihood(&system, &spins);
            assert!(value.abs() < 5.0 * error, "spins at random are at beta 0: {system}: {value} +- {error}");
            let top = direct(&system, &spins, value);
            for aside in [-1e-2, -1e-3, 1e-3, 1e-2] {
                assert!(direct(&system, &spins, value + aside) < top, "{system}: {value} and {aside} more");
            }
        }
    }

    #[test]
    fn order_is_infinitely_cold_and_its_opposite_infinitely_hot_from_below() {
        let lattice = Lattice::square(6).unwrap();
        let up = vec![1; 72];
        let checkerboard: Vec<i8> =
            (0..36).map(|site| if (site / 6 + site % 6) % 2 == 0 { 1 } else { -1 }).collect();
        let value = |system: &System, spins: &[i8]| pseudo_likelihood(system, spins).value;
        assert_eq!(value(&ising(lattice, 1.0, 0.0), &up), f64::INFINITY);
        assert_eq!(value(&ising(lattice, -1.0, 0.0), &up), f64::NEG_INFINITY);
        assert_eq!(value(&ising(lattice, 1.0, 0.0), &checkerboard), f64::NEG_INFINITY);
        assert!(value(&ising(lattice, 0.0, 0.0), &up).is_nan());
        assert!(value(&ising(lattice, 1.0, 0.0), &[]).is_nan());
        // Of one configuration there is a value, but no error. A spin against its neighbours is 1 in 36.
        let mut one = up[..36].to_vec();
        one[8] = -1;
        let Estimate { value, error } = pseudo_likelihood(&ising(lattice, 1.0, 0.0), &one);
        assert!(value.is_finite() && value > 0.3 && error.is_nan(), "{value} +- {error}");
    }

    #[test]
    fn cold_and_hot_ends_of_the_scale_keep_their_digits() {
        // Counts n of costs +8 and m of costs -8: the maximum is at n / m = exp(8 beta).
        for (up, down) in [(1_u64 << 50, 1), (1, 1 << 50), (7, 7), (1000, 999)] {
            let costs = |bonds| vec![[bonds, 0]].into_boxed_slice();
            let counts = Situations(BTreeMap::from([(costs(8), up), (costs(-8), down)]));
            let beta = counts.most_likely_beta(Interaction { coupling: 1.0, field: 0.0 });
            let exact = (up as f64 / down as f64).ln() / 8.0;
            assert!((beta - exact).abs() < 1e-12 * (1.0 + exact.abs()), "{up}, {down}: {beta}, {exact}");
        }
    }
}
