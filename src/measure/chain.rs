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
        let series = || Series::new((KEPT / chains).max(1024));
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
        let bins: Vec<Bins> = chains.iter().map(|chain| chain.bins.clone()).collect();
        let estimates = Bins::jackknife_of(&bins, |sums| {
            let means: Vec<f64> = sums[1..].iter().map(|sum| sum / sums[0]).collect();
            system.quantities(&means)
        });
        let (scalars, correlation) = estimates.split_at(QUANTITIES.len());
        let series = |of: fn(&Self) -> &Series| {
            let all: Vec<Series> = chains.iter().map(|chain| of(chain).clone()).collect();
            Series::autocorrelation(&all)
        };
        let energy = series(|chain| &chain.energy);
        let abs_magnetisation = series(|chain| &chain.abs_magnetisation);
        let mut quantities = system.named(&QUANTITIES, scalars, exact);
        for (name, found) in [("energy_per_site", &energy), ("abs_magnetisation", &abs_magnetisation)] {
            let quantity = quantities.iter_mut().find(|quantity| quantity.meaning.name == name);
            if let Some((quantity, found)) = quantity.zip(found.as_ref()) {
                quantity.estimate.error = found.mean.error;
            }
        }
        let bin = bins[0].length() as f64;
        // Chains that are bins of their own are independent however long tau is, if each is long.
        let long = |found: &Option<Autocorrelation>| {
            found.as_ref().is_some_and(|found| bin >= LONG * found.tau_int.value)
        };
        ChainStatistics {
            quantities,
            correlation: correlation.to_vec(),
            is_short: !(long(&energy) && long(&abs_magnetisation)),
            energy,
            abs_magnetisation,
            count: chains.iter().map(Self::count).sum(),
        }
    }
}
