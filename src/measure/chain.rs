//! Statistics of Markov chains: averages with errors that include autocorrelation.

use super::quantities::{FEWEST_FOR_ERRORS, Quantity, told};
use crate::estimate::{Autocorrelation, Bins, Estimate, Series, deviation_of_means};
use crate::exact::Exact;
use crate::lattice::{Ensemble, Spins};

/// Bins over all chains, at least.
const BINS: usize = 256;
/// Values kept of each series over all chains.
const KEPT: usize = 1 << 18;
/// Autocorrelation times that a bin must be long for its jackknife to be right.
const LONG: f64 = 5.0;
/// Bins that must be left for an error to be known to a fifth of itself.
const FEWEST: f64 = 16.0;
/// Chains from which on their means alone tell errors, however short they are.
const MANY_CHAINS: usize = 32;
/// Measurements of a chain that show its autocorrelation time, if it is shorter than the chain.
const LONG_CHAIN: usize = 256;

/// One Markov chain of configurations, in constant memory.
#[derive(Debug, Clone)]
pub struct Chain {
    /// 1 and the values of [`Ensemble::values`].
    bins: Bins,
    energy: Series,
    abs_magnetisation: Series,
    /// M, which at H = 0 tells nothing but its own error.
    magnetisation: Series,
    /// |M|, or |M_s| of an antiferromagnet.
    order: Series,
    /// Its place among the values.
    order_at: usize,
}

/// What several chains say together.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainStatistics {
    /// [`Ensemble::meanings`]; energy and |m| with errors of the Gamma method, the others with those of the jackknife.
    pub quantities: Vec<Quantity>,
    /// Two-point function at distances from 1.
    pub correlation: Vec<Estimate>,
    /// Of the energy; `None` if it never changed, or if chains are too short to tell.
    pub energy: Option<Autocorrelation>,
    /// Of |m|; of Potts spins that of the order parameter.
    pub abs_magnetisation: Option<Autocorrelation>,
    /// Name and symbol of that quantity.
    pub size_of_order: [&'static str; 2],
    /// The longest autocorrelation time of energy, |m| and the order parameter, where it is known.
    pub tau_int: Option<Estimate>,
    /// Configurations of all chains.
    pub count: usize,
    /// Whether bins are too short, or chains too stuck, for errors to be right.
    pub is_short: bool,
    /// Whether the energy never changed.
    pub is_constant: bool,
    /// Names of energy, |m| and order parameter, with the deviation of chains of even index from those of odd index in
    /// standard deviations of a normal distribution: these are told opposite starts. Empty for fewer than two of each.
    pub halves: Vec<(&'static str, f64)>,
}

impl Chain {
    /// One of `chains` chains of an ensemble.
    pub fn new(ensemble: &Ensemble, chains: usize) -> Self {
        let series = || Series::new((KEPT / chains).max(64));
        let bins = Bins::new(1 + ensemble.values_per_configuration(), (BINS / chains).max(4));
        Self {
            bins,
            energy: series(),
            abs_magnetisation: series(),
            magnetisation: series(),
            order: series(),
            order_at: ensemble.order_parameter().0,
        }
    }

    /// Adds the values of the chain's next configuration.
    pub fn push(&mut self, values: &[f64]) {
        let mut row = vec![1.0];
        row.extend(values);
        self.bins.push(&row);
        self.energy.push(values[0]);
        self.abs_magnetisation.push(values[2]);
        self.magnetisation.push(values[3]);
        self.order.push(values[self.order_at]);
    }

    /// Number of configurations.
    pub fn count(&self) -> usize {
        self.bins.count()
    }

    /// What chains of equal length say together.
    ///
    /// # Panics
    /// When there are none, or they are empty.
    pub fn statistics(chains: &[Self], ensemble: &Ensemble, exact: Option<Exact>) -> ChainStatistics {
        let observed = observed(chains, ensemble);
        let tau_int =
            observed.iter().filter_map(Observed::tau_int).max_by(|a, b| a.value.total_cmp(&b.value));
        // Where a time is not known, only whole chains are independent.
        let unknown = observed.iter().any(Observed::is_unknown);
        let wanted = if unknown { f64::INFINITY } else { tau_int.map_or(1.0, |tau| LONG * tau.value) };
        let bins = long_bins(chains, wanted);
        // Chains long enough to show a time that show none do not move from state to state: they are no samples of one distribution.
        let is_stuck = unknown && chains[0].count() >= LONG_CHAIN;
        let whole_chains = bins[0].length() >= chains[0].count() && chains.len() >= MANY_CHAINS;
        let count_of = |bins: &Bins| bins.count().div_ceil(bins.length());
        let enough = bins.iter().map(count_of).sum::<usize>() >= FEWEST_FOR_ERRORS;
        let estimates = Bins::told_jackknife_of(&bins, |sums| {
            let means: Vec<f64> = sums[1..].iter().map(|sum| sum / sums[0]).collect();
            ensemble.quantities(&means)
        });
        let (scalars, correlation) = estimates.split_at(ensemble.meanings().len());
        let mut quantities = ensemble.named(ensemble.meanings(), scalars, exact, enough);
        // The fourth value is M, or the share of colour 0.
        let fourth = if ensemble.system.spins == Spins::Ising { "magnetisation" } else { "first_colour" };
        let magnetisation = Observed::of(chains, fourth, |chain| &chain.magnetisation);
        for observed in observed.iter().chain([&magnetisation]).filter(|_| enough) {
            let named = |quantity: &&mut Quantity| quantity.meaning.name == observed.name;
            if let Some(quantity) = quantities.iter_mut().find(named) {
                quantity.estimate.error = observed.error(quantity.estimate.error, whole_chains);
            }
        }
        let found = |name: &str| {
            let of_name = observed.iter().find(|observed| observed.name == name);
            of_name.and_then(|observed| observed.autocorrelation.clone())
        };
        ChainStatistics {
            quantities,
            correlation: correlation.iter().map(|&estimate| told(estimate, enough)).collect(),
            energy: found("energy_per_site"),
            abs_magnetisation: found(size_of_order(ensemble)[0]),
            size_of_order: size_of_order(ensemble),
            tau_int,
            count: chains.iter().map(Self::count).sum(),
            is_short: (!whole_chains || is_stuck) && (bins[0].length() as f64) < wanted,
            is_constant: ensemble.is_constant(scalars[0]),
            halves: halves(chains, ensemble),
        }
    }
}

/// One of a chain's series.
type SeriesOf = fn(&Chain) -> &Series;

/// A series of all chains.
struct Observed {
    /// The quantity's name.
    name: &'static str,
    /// `None` if it cannot be told.
    autocorrelation: Option<Autocorrelation>,
    /// Whether it ever changed.
    varies: bool,
    /// Whether it changed too rarely to tell anything.
    is_rare: bool,
}

impl Observed {
    fn of(chains: &[Chain], name: &'static str, of: SeriesOf) -> Self {
        let series: Vec<Series> = chains.iter().map(|chain| of(chain).clone()).collect();
        Self {
            name,
            autocorrelation: Series::autocorrelation(&series),
            varies: !Series::is_constant(&series),
            is_rare: Series::is_rare(&series),
        }
    }

    fn tau_int(&self) -> Option<Estimate> {
        Some(self.autocorrelation.as_ref().filter(|_| !self.is_rare)?.tau_int)
    }

    /// Whether its time should be known, but is not.
    fn is_unknown(&self) -> bool {
        self.varies && !self.is_rare && self.autocorrelation.is_none()
    }

    /// The error of its mean: by the Gamma method, or by whole chains where they are too short for that.
    fn error(&self, of_bins: f64, whole_chains: bool) -> f64 {
        match &self.autocorrelation {
            Some(found) if !self.is_rare => found.mean.error,
            _ if whole_chains || !self.varies => of_bins,
            _ => f64::NAN,
        }
    }
}

/// Energy, |m| (of Potts spins the order parameter) and, in an antiferromagnet, its order parameter.
fn observed(chains: &[Chain], ensemble: &Ensemble) -> Vec<Observed> {
    let [size, _] = size_of_order(ensemble);
    let mut observed = vec![
        Observed::of(chains, "energy_per_site", |chain| &chain.energy),
        Observed::of(chains, size, |chain| &chain.abs_magnetisation),
    ];
    let order = ensemble.order_parameter().1;
    if order != size {
        observed.push(Observed::of(chains, order, |chain| &chain.order));
    }
    observed
}

/// Name and symbol of the quantity whose series stands as |m|.
fn size_of_order(ensemble: &Ensemble) -> [&'static str; 2] {
    match ensemble.system.spins {
        Spins::Ising => ["abs_magnetisation", "|m|"],
        Spins::Potts { .. } => ["order_parameter", "m"],
    }
}

/// How chains of even and of odd index differ, by the symbols of their quantities.
fn halves(chains: &[Chain], ensemble: &Ensemble) -> Vec<(&'static str, f64)> {
    let [_, size] = size_of_order(ensemble);
    let mut compared: Vec<(&'static str, SeriesOf)> =
        vec![("U/N", |chain| &chain.energy), (size, |chain| &chain.abs_magnetisation)];
    if ensemble.system.spins == Spins::Ising {
        compared.push(("the order parameter", |chain| &chain.order));
    }
    let deviation = |(name, of): &(&'static str, SeriesOf)| {
        let means = |first: usize| -> Vec<f64> {
            chains.iter().skip(first).step_by(2).map(|chain| of(chain).mean()).collect()
        };
        Some((*name, deviation_of_means(&means(0), &means(1))?))
    };
    compared.iter().filter_map(deviation).collect()
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
