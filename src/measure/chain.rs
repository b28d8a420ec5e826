//! Statistics of Markov chains: averages with errors that include autocorrelation.

use super::quantities::{QUANTITIES, Quantity, System};
use crate::estimate::{Autocorrelation, Bins, Estimate, Series};
use crate::exact::Exact;

/// Bins over all chains, at least.
const BINS: usize = 256;
/// Values kept of each series over all chains.
const KEPT: usize = 1 << 18;
/// Autocorrelation times that a bin must be long for its jackknife to be right.
const LONG: f64 = 5.0;
/// Bins that must be left for an error to be known to a fifth of itself.
const FEWEST: f64 = 16.0;

/// One Markov chain of configurations, in constant memory.
#[derive(Debug, Clone)]
pub struct Chain {
    /// 1 and the values of [`System::values`].
    bins: Bins,
    energy: Series,
    abs_magnetisation: Series,
}

/// What several chains say together.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainStatistics {
    /// [`QUANTITIES`]; energy and |m| with errors of the Gamma method, the others with those of the jackknife.
    pub quantities: Vec<Quantity>,
    /// Two-point function at distances from 1.
    pub correlation: Vec<Estimate>,
    /// Of the energy; `None` if it never changed.
    pub energy: Option<Autocorrelation>,
    /// Of |m|.
    pub abs_magnetisation: Option<Autocorrelation>,
    /// Configurations of all chains.
    pub count: usize,
    /// Whether bins are too short, or chains too stuck, for errors to be right.
    pub is_short: bool,
}

impl Chain {
    /// One of `chains` chains of a system.
    pub fn new(system: &System, chains: usize) -> Self {
        let series = || Series::new((KEPT / chains).max(64));
        let bins = Bins::new(1 + system.values_per_configuration(), (BINS / chains).max(4));
        Self { bins, energy: series(), abs_magnetisation: series() }
    }

    /// Adds the values of the chain's next configuration.
    pub fn push(&mut self, values: &[f64]) {
        let mut row = vec![1.0];
        row.extend(values);
        self.bins.push(&row);
        self.energy.push(values[0]);
        self.abs_magnetisation.push(values[2]);
    }

    /// Number of configurations.
    pub fn count(&self) -> usize {
        self.bins.count()
    }

    /// What chains of equal length say together.
    ///
    /// # Panics
    /// When there are none, or they are empty.
    pub fn statistics(chains: &[Self], system: &System, exact: Option<Exact>) -> ChainStatistics {
        let (energy, energy_is_short) = autocorrelation(chains, |chain| &chain.energy);
        let (abs_magnetisation, m_is_short) = autocorrelation(chains, |chain| &chain.abs_magnetisation);
        let tau = |found: &Option<Autocorrelation>| found.as_ref().map_or(1.0, |found| found.tau_int.value);
        let wanted = LONG * tau(&energy).max(tau(&abs_magnetisation));
        // Where tau is not known, only whole chains are independent.
        let wanted = if energy_is_short || m_is_short { f64::INFINITY } else { wanted };
        let bins = long_bins(chains, wanted);
        let estimates = Bins::jackknife_of(&bins, |sums| {
            let means: Vec<f64> = sums[1..].iter().map(|sum| sum / sums[0]).collect();
            system.quantities(&means)
        });
        let (scalars, correlation) = estimates.split_at(QUANTITIES.len());
        let mut quantities = system.named(&QUANTITIES, scalars, exact);
        for (name, found) in [("energy_per_site", &energy), ("abs_magnetisation", &abs_magnetisation)] {
            let quantity = quantities.iter_mut().find(|quantity| quantity.meaning.name == name);
            if let Some((quantity, found)) = quantity.zip(found.as_ref()) {
                quantity.estimate.error = found.mean.error;
            }
        }
        ChainStatistics {
            quantities,
            correlation: correlation.to_vec(),
            is_short: energy_is_short || m_is_short || (bins[0].length() as f64) < wanted,
            energy,
            abs_magnetisation,
            count: chains.iter().map(Self::count).sum(),
        }
    }
}

/// The autocorrelation of a series, and whether it is too long to be seen.
fn autocorrelation(chains: &[Chain], of: fn(&Chain) -> &Series) -> (Option<Autocorrelation>, bool) {
    let series: Vec<Series> = chains.iter().map(|chain| of(chain).clone()).collect();
    let found = Series::autocorrelation(&series);
    let is_short = found.is_none() && !Series::is_constant(&series);
    (found, is_short)
}

/// Bins of a length, or as long as still leaves enough of them.
fn long_bins(chains: &[Chain], wanted: f64) -> Vec<Bins> {
    let mut bins: Vec<Bins> = chains.iter().map(|chain| chain.bins.clone()).collect();
    loop {
        let length = bins[0].length() as f64;
        let enough = chains.iter().map(Chain::count).sum::<usize>() as f64 / (2.0 * length) >= FEWEST;
        if length >= wanted || !enough || length >= chains[0].count() as f64 {
            return bins;
        }
        bins.iter_mut().for_each(|bins| bins.lengthen(2.0 * length));
    }
}
