//! How often chains have every energy, and the two phases of a transition of first order.

use super::quantities::told;
use super::report::brief;
use crate::estimate::Estimate;
use crate::lattice::{Interaction, System};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most bins of a histogram.
const MOST_BINS: i64 = 48;
/// Over the larger of J and H, the step of energies that are told apart.
const STEP: f64 = 1e-6;
/// A valley is one where it has at most this share of the height of the lower peak.
const DEEP: f64 = 0.8;
/// Steps of the bisection for equal peaks.
const STEPS: usize = 60;
/// Chains that tell an error.
const FEWEST_CHAINS: usize = 4;

/// Energies of chains, or of groups of weighted configurations, counted.
#[derive(Debug, Clone, PartialEq)]
pub struct EnergyCounts {
    sites: f64,
    side: f64,
    /// Energy of a step.
    unit: f64,
    /// Steps that the bonds of a site cost: from the ground state to the next energy.
    gap: i64,
    /// Whether there may be two phases.
    has_first_order: bool,
    /// `[chains]`: of every energy in steps how many configurations have it, and the energy itself.
    chains: Vec<BTreeMap<i64, (f64, f64)>>,
}

/// A bin of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// The middle of its energies per site.
    pub energy_per_site: f64,
    /// The share of all configurations in it.
    pub share: f64,
}

/// The two phases of a histogram with two peaks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Phases {
    /// Energy per site that parts them: the lower edge of the lowest bin between both peaks.
    pub boundary: f64,
    /// The share of configurations below it, which are in order.
    pub ordered_share: Estimate,
    /// Mean energy per site in order.
    pub ordered_energy: Estimate,
    /// Mean energy per site in disorder.
    pub disordered_energy: Estimate,
    /// Their difference.
    pub latent_heat: Estimate,
    /// beta times the free energy of an interface per length, `ln(P_peak / P_valley) / (2 L)` at the temperature where both peaks are of one height (K. Binder,
    /// Phys. Rev. A 25, 1699, 1982). NaN where no configuration is in the valley.
    pub interface_tension: Estimate,
}

/// A line for the shares of both phases and one for what parts them.
impl std::fmt::Display for Phases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tension = match self.interface_tension {
            Estimate { value, .. } if value.is_nan() => {
                "not seen: no configuration is between both".to_owned()
            }
            known => brief(known),
        };
        write!(
            f,
            "{:<10} {} of all in order, U/N {} there and {} in disorder\n{:<10} latent heat {} J, interface tension times beta {tension}",
            "phases",
            brief(self.ordered_share),
            brief(self.ordered_energy),
            brief(self.disordered_energy),
            "",
            brief(self.latent_heat)
        )
    }
}

impl EnergyCounts {
    pub(super) fn new(system: &System, chains: usize) -> Self {
        let Interaction { coupling, field } = system.interaction;
        let unit = STEP * coupling.abs().max(field.abs()).max(f64::MIN_POSITIVE / STEP);
        let lattice = system.lattice;
        Self {
            sites: lattice.sites() as f64,
            side: f64::from(lattice.side()),
            unit,
            gap: (coupling.abs() / unit).round() as i64 * lattice.coordination() as i64,
            has_first_order: system.has_first_order(),
            chains: vec![BTreeMap::new(); chains],
        }
    }

    /// Of configurations `[count][sites]` that all have the same weight.
    pub fn of_configurations(system: &System, spins: &[i8]) -> Self {
        let mut counts = Self::new(system, 1);
        for configuration in spins.chunks_exact(system.lattice.sites()) {
            counts.push(0, system.energy(configuration), 1.0);
        }
        counts
    }

    /// Counts the energy of a configuration, with a weight; those of a chain have 1.
    pub(super) fn push(&mut self, chain: usize, energy: f64, weight: f64) {
        self.chains[chain].entry((energy / self.unit).round() as i64).or_insert((0.0, energy)).0 += weight;
    }

    /// With weights that add up to a number of configurations.
    pub(super) fn counted_as(mut self, count: f64) -> Self {
        let total: f64 = self.chains.iter().flat_map(BTreeMap::values).map(|(weight, _)| weight).sum();
        let factor = count / total;
        self.chains.iter_mut().flat_map(BTreeMap::values_mut).for_each(|(weight, _)| *weight *= factor);
        self
    }

    /// The histogram of all chains, from the lowest to the highest energy; empty where there is but one.
    pub fn bins(&self) -> Vec<Bin> {
        let Some(edges) = self.edges() else { return Vec::new() };
        let counts = self.counts(&edges, None);
        let total: f64 = counts.iter().map(|[count, _]| count).sum();
        (0..)
            .zip(counts)
            .map(|(bin, [count, _])| Bin { energy_per_site: edges.middle(bin), share: count / total })
            .collect()
    }

    /// Both phases, where the transition is of first order and the histogram has two peaks. Errors are those of the jackknife over chains, and not known for fewer than four.
    pub fn phases(&self) -> Option<Phases> {
        let edges = self.edges().filter(|_| self.has_first_order)?;
        let valley = valley(&heights(&self.counts(&edges, None)))?;
        let boundary = edges.lower(valley);
        let figures = |left_out: Option<usize>| self.figures(&self.counts(&edges, left_out), valley);
        let value = figures(None)?;
        let parts: Vec<[f64; 5]> = match self.chains.len() {
            few if few < FEWEST_CHAINS => Vec::new(),
            chains => (0..chains).filter_map(|chain| figures(Some(chain))).collect(),
        };
        let estimate = |which: usize| {
            let count = parts.len() as f64;
            let mean = parts.iter().map(|part| part[which]).sum::<f64>() / count;
            let variance = parts.iter().map(|part| (part[which] - mean).powi(2)).sum::<f64>();
            let is_known = parts.len() == self.chains.len() && !parts.is_empty();
            let error = if is_known { (variance * (count - 1.0) / count).sqrt() } else { f64::NAN };
            told(Estimate { value: value[which], error }, is_known)
        };
        let [ordered_share, ordered_energy, disordered_energy, latent_heat, interface_tension] =
            [0, 1, 2, 3, 4].map(estimate);
        Some(Phases {
            boundary,
            ordered_share,
            ordered_energy,
            disordered_energy,
            latent_heat,
            interface_tension,
        })
    }

    /// The numbers of [`Phases`], from counts and sums of energies of every bin.
    fn figures(&self, counts: &[[f64; 2]], valley: usize) -> Option<[f64; 5]> {
        let sum =
            |bins: &[[f64; 2]]| bins.iter().fold([0.0; 2], |sum, bin| [sum[0] + bin[0], sum[1] + bin[1]]);
        let (ordered, disordered) = counts.split_at(valley);
        let ([low, low_energy], [high, high_energy]) = (sum(ordered), sum(disordered));
        if low == 0.0 || high == 0.0 {
            return None;
        }
        let (ordered_energy, disordered_energy) = (low_energy / low, high_energy / high);
        let latent = disordered_energy - ordered_energy;
        Some([low / (low + high), ordered_energy, disordered_energy, latent, self.tension(counts, valley)])
    }

    /// The interface tension from the depth of the valley where a weight that is exponential in the energy makes both peaks equal.
    fn tension(&self, counts: &[[f64; 2]], valley: usize) -> f64 {
        let ln = |weight: f64| -> Vec<f64> {
            let of_bin = |[count, energies]: &[f64; 2]| match *count {
                0.0 => f64::NEG_INFINITY,
                count => count.ln() + weight * self.sites * energies / count,
            };
            counts.iter().map(of_bin).collect()
        };
        let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let peaks = |weight: f64| {
            let heights = ln(weight);
            [most(&heights[..valley]), most(&heights[valley..])]
        };
        // A larger weight favours higher energies. It is a change of beta, of the order of 1 / J at most.
        let most_change = STEP / self.unit;
        let (mut low, mut high) = (-most_change, most_change);
        for _ in 0..STEPS {
            let middle = (low + high) / 2.0;
            let [ordered, disordered] = peaks(middle);
            if ordered > disordered { low = middle } else { high = middle }
        }
        let heights = ln(low);
        let [ordered, disordered] = peaks(low);
        // Where no configuration is in the valley its depth is not known.
        match heights[valley] {
            f64::NEG_INFINITY => f64::NAN,
            height => (0.5 * (ordered + disordered) - height) / (2.0 * self.side),
        }
    }

    /// Bins of a whole number of the distances of which all energies are multiples: others would have one energy more or less. They are at least as wide as the gap above the
    /// ground state, so that none between two others is empty for want of energies.
    fn edges(&self) -> Option<Edges> {
        let keys = || self.chains.iter().flat_map(|chain| chain.keys().copied());
        let (low, high) = (keys().min()?, keys().max()?);
        let distance = keys().fold(0, |divisor, key| greatest_divisor(divisor, key - low));
        (low < high).then(|| {
            let least = ((high - low) / MOST_BINS).max(self.gap);
            let width = (least / distance + 1) * distance;
            let count = ((high - low) / width + 1) as usize;
            Edges { low, width, distance, count, per_step: self.unit / self.sites }
        })
    }

    /// `[bins]`: configurations and the sum of their energies per site, of all chains but one.
    fn counts(&self, edges: &Edges, left_out: Option<usize>) -> Vec<[f64; 2]> {
        let mut counts = vec![[0.0; 2]; edges.count];
        for (_, of_chain) in self.chains.iter().enumerate().filter(|(chain, _)| Some(*chain) != left_out) {
            for (&step, &(count, energy)) in of_chain {
                let [sum, energies] = &mut counts[edges.bin(step)];
                *sum += count;
                *energies += count * energy / self.sites;
            }
        }
        counts
    }
}

/// Bins of equal width from the least energy on, in steps.
struct Edges {
    low: i64,
    width: i64,
    /// From one energy to the next.
    distance: i64,
    count: usize,
    /// Energy per site of a step.
    per_step: f64,
}

impl Edges {
    fn bin(&self, step: i64) -> usize {
        ((step - self.low) / self.width) as usize
    }

    /// The least energy of a bin.
    fn lower(&self, bin: usize) -> f64 {
        (self.low + bin as i64 * self.width) as f64 * self.per_step
    }

    /// The mean of the energies of a bin.
    fn middle(&self, bin: usize) -> f64 {
        let of_bin = (bin as f64 + 0.5) * self.width as f64 - 0.5 * self.distance as f64;
        (self.low as f64 + of_bin) * self.per_step
    }
}

fn greatest_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_divisor(b, a % b) }
}

/// Counts, each averaged with its neighbours.
fn heights(counts: &[[f64; 2]]) -> Vec<f64> {
    let at = |bin: usize| counts.get(bin).map_or(0.0, |[count, _]| *count);
    (0..counts.len()).map(|bin| (at(bin.wrapping_sub(1)) + 2.0 * at(bin) + at(bin + 1)) / 4.0).collect()
}

/// The bin between two peaks that is lowest against the lower of them, if it is low enough, and by more than the noise of counts.
fn valley(heights: &[f64]) -> Option<usize> {
    let most = |heights: &[f64]| heights.iter().copied().fold(0.0, f64::max);
    let depth = |bin: usize| heights[bin] / most(&heights[..bin]).min(most(&heights[bin + 1..]));
    let deepest = (1..heights.len() - 1).min_by(|&a, &b| depth(a).total_cmp(&depth(b)))?;
    let lower = most(&heights[..deepest]).min(most(&heights[deepest + 1..]));
    let is_beyond_noise = lower - heights[deepest] > 5.0 * lower.sqrt();
    (depth(deepest) < DEEP && is_beyond_noise).then_some(deepest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Lattice;

    /// Chains with Gaussian peaks at energies per site of -1.7 and -0.9, of 60 and 40 % of the configurations.
    fn two_peaks() -> EnergyCounts {
        let interaction = Interaction { coupling: 1.0, field: 0.0 };
        let system = System::potts(Lattice::square(16).unwrap(), interaction, 12).unwrap();
        let mut counts = EnergyCounts::new(&system, 8);
        for chain in 0..8 {
            for (middle, share) in [(-1.7, 600.0), (-0.9, 400.0)] {
                for step in -48..=48 {
                    let energy = (middle + f64::from(step) * 0.01) * 256.0;
                    let height = share * (-0.5 * (f64::from(step) / 16.0).powi(2)).exp();
                    (0..(height * (1.0 + 0.01 * chain as f64)) as usize)
                        .for_each(|_| counts.push(chain, energy.round(), 1.0));
                }
            }
        }
        counts
    }

    #[test]
    fn two_peaks_are_two_phases() {
        let phases = two_peaks().phases().unwrap();
        assert!((phases.ordered_share.value - 0.6).abs() < 0.01, "{phases:?}");
        assert!(
            (phases.latent_heat.value - 0.8).abs() < 0.01 && (phases.boundary + 1.3).abs() < 0.1,
            "{phases:?}"
        );
        // At 2.5 widths from both peaks two of them overlap.
        let tension = (2.5_f64.powi(2) / 2.0 - 2.0_f64.ln()) / 32.0;
        assert!((phases.interface_tension.value - tension).abs() < 0.004, "{phases:?}, {tension}");
        let bins = two_peaks().bins();
        assert!((bins.iter().map(|bin| bin.share).sum::<f64>() - 1.0).abs() < 1e-12 && bins.len() > 20);
    }

    #[test]
    fn weights_count_as_so_many_configurations() {
        let all = two_peaks();
        let mut weighted = EnergyCounts { chains: vec![BTreeMap::new(); all.chains.len()], ..all.clone() };
        for (chain, counts) in all.chains.iter().enumerate() {
            counts.values().for_each(|&(count, energy)| weighted.push(chain, energy, count / 8.0));
        }
        let count = all.chains.iter().flat_map(BTreeMap::values).map(|(count, _)| count).sum();
        assert_eq!(weighted.counted_as(count), all);
    }

    #[test]
    fn one_peak_is_one_phase() {
        let system =
            System::potts(Lattice::square(8).unwrap(), Interaction { coupling: 1.0, field: 0.0 }, 5).unwrap();
        let mut counts = EnergyCounts::new(&system, 2);
        assert!(counts.bins().is_empty() && counts.phases().is_none());
        for step in -60_i32..=0 {
            let height = (1000.0 * (-0.5 * (f64::from(step + 30) / 8.0).powi(2)).exp()) as usize;
            (0..height).for_each(|number| counts.push(number % 2, f64::from(step), 1.0));
        }
        assert_eq!(counts.phases(), None);
        let mut counts = EnergyCounts::new(&system, 2);
        // No energy lies between that of the ground state and the next one.
        for (step, height) in [(-128, 500), (-124, 300), (-122, 150), (-121, 100), (-120, 90), (-119, 60)] {
            (0..height).for_each(|number| counts.push(number % 2, f64::from(step), 1.0));
        }
        assert_eq!(counts.phases(), None);
    }
}
