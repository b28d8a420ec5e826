//! A measurement as JSON and as text.

use super::chain::ChainStatistics;
use super::phases::EnergyCounts;
use super::quantities::{FEWEST_FOR_ERRORS, Quantity};
use super::{ChainFigures, Measurement, Method};
use crate::counted::counted;
use crate::estimate::{Autocorrelation, Estimate};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::fmt::Write;

/// What tau_int means here; the literature has two conventions.
const TAU_CONVENTION: &str = "1 + 2 sum rho(t): N / tau_int configurations count";

/// Effective samples below which errors cannot be trusted.
const FEWEST_EFFECTIVE: f64 = 100.0;
/// Share of the weights from which on one sample dominates.
const DOMINATING: f64 = 0.1;

/// Standard errors from an exact value beyond which an estimate is doubtful.
const LARGEST_DEVIATION: f64 = 4.0;
/// The warning of configurations that are all alike.
const NOTHING_CHANGED: &str =
    "the energy never changed: errors cannot be told; draw more, or choose a higher temperature";
/// The warning of configurations that differ from each other a few times.
const HARDLY_CHANGED: &str = "too few samples differ in energy, or carry most of the weight, to tell the error of the energy; draw more, or choose a higher temperature";

impl Quantity {
    /// Says so if the estimate is far from the exact value.
    pub(super) fn doubt(&self) -> Option<String> {
        let deviation = self.deviation().filter(|deviation| deviation.abs() > LARGEST_DEVIATION)?;
        Some(format!("{} is {deviation:+.1} sigma from the exact value", self.meaning.symbol))
    }
}

/// Says so if configurations are alike, or differ too rarely to tell the error of the energy.
pub(super) fn untold(is_constant: bool, quantities: &[Quantity]) -> Option<String> {
    let energy = quantities.iter().find(|quantity| quantity.meaning.name == "energy_per_site");
    let unknown = energy.is_some_and(|energy| energy.estimate.error.is_nan() && energy.estimate.value != 0.0);
    match (is_constant, unknown) {
        (true, _) => Some(NOTHING_CHANGED.to_owned()),
        (false, true) => Some(HARDLY_CHANGED.to_owned()),
        (false, false) => None,
    }
}

/// One distance of the two-point function.
#[derive(Serialize)]
struct Distance {
    r: usize,
    #[serde(flatten)]
    estimate: Estimate,
}

fn distances(correlation: &[Estimate]) -> Vec<Distance> {
    (1..).zip(correlation).map(|(r, &estimate)| Distance { r, estimate }).collect()
}

impl Measurement {
    /// Quantities of the method: the chain's where only that was asked for, with ln Z, F and S from the weights.
    pub fn main_quantities(&self) -> Vec<Quantity> {
        let chain = self.chain.as_ref().filter(|_| self.method == Method::Nmcmc);
        let Some(chain) = chain else { return self.quantities.clone() };
        let of_chain = &chain.statistics.quantities;
        let free = self
            .quantities
            .iter()
            .filter(|own| of_chain.iter().all(|quantity| quantity.meaning != own.meaning));
        free.chain(of_chain).copied().collect()
    }

    /// The two-point function of the method.
    fn main_correlation(&self) -> &[Estimate] {
        let of_chain = self.chain.as_ref().filter(|_| self.method == Method::Nmcmc);
        of_chain.map_or(&self.correlation, |chain| &chain.statistics.correlation)
    }

    /// Independent samples of the Boltzmann distribution that the samples are worth.
    fn effective_samples(&self) -> f64 {
        self.importance.ess.value * self.count as f64
    }

    /// Wall-clock seconds per effective sample.
    pub fn seconds_per_effective_sample(&self) -> f64 {
        self.elapsed_s / self.effective_samples()
    }

    /// Reasons to doubt the figures.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let effective = self.effective_samples();
        if effective < FEWEST_EFFECTIVE {
            doubts.push(format!(
                "only {effective:.1} effective samples: values and errors are not reliable; draw more, or train the \
                 network further"
            ));
        }
        let share = self.importance.largest_weight_share;
        if share > DOMINATING {
            doubts.push(format!("one sample carries {:.0} % of all weight", 100.0 * share));
        }
        if self.count < FEWEST_FOR_ERRORS {
            doubts.push(format!("too few samples to tell errors ({}): draw more", self.count));
        }
        doubts.extend(self.main_quantities().iter().filter_map(Quantity::doubt));
        if self.chain.as_ref().is_some_and(|chain| chain.statistics.is_short) {
            doubts.push(
                "the Markov chain is short against its autocorrelation time: its errors are too small; draw more"
                    .to_owned(),
            );
        }
        doubts
    }

    /// Doubts, and what the samples do not tell although they are as they should be.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.doubts();
        // Where a few weights make the errors, that is the doubt.
        if self.count >= FEWEST_FOR_ERRORS && self.effective_samples() >= FEWEST_EFFECTIVE {
            warnings.extend(untold(self.is_constant, &self.main_quantities()));
        }
        warnings
    }

    /// A table for people.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        let importance = &self.importance;
        for quantity in self.main_quantities() {
            let _ = writeln!(text, "{}", line(&quantity));
        }
        text.push_str(&describe_correlation(self.main_correlation()));
        if let Some(phases) = self.energies.as_ref().and_then(EnergyCounts::phases) {
            let _ = writeln!(text, "{phases}");
        }
        let _ = writeln!(
            text,
            "{:<10} {}   of {}, largest weight {:.2e} of all",
            "ESS",
            brief(importance.ess),
            counted(self.count, "sample"),
            importance.largest_weight_share
        );
        let _ = writeln!(text, "{:<10} {} nats", "KL", brief(self.kl));
        let _ = writeln!(text, "{:<10} {} nats", "gap", brief(importance.gap));
        if let Some(chain) = &self.chain {
            chain.describe(&mut text, self.method == Method::Both);
        }
        let _ = write!(
            text,
            "{:<10} {:.3} s, {:.2e} s per effective sample",
            "time",
            self.elapsed_s,
            self.seconds_per_effective_sample()
        );
        text
    }
}

impl ChainFigures {
    fn describe(&self, text: &mut String, with_quantities: bool) {
        let _ = writeln!(
            text,
            "{:<10} acceptance {:.4}, longest streak of rejections {}",
            "NMCMC", self.acceptance, self.longest_streak
        );
        let _ = writeln!(text, "{}", describe_tau(&self.statistics));
        if with_quantities {
            for quantity in &self.statistics.quantities {
                let _ = writeln!(text, "  {}", line(quantity));
            }
        }
    }
}

/// Autocorrelation times with their convention.
pub(super) fn describe_tau(statistics: &ChainStatistics) -> String {
    let tau = |found: &Option<Autocorrelation>| {
        found.as_ref().map_or("unknown".to_owned(), |found| brief(found.tau_int))
    };
    format!(
        "{:<10} energy {}, {} {}   (1 + 2 sum convention)",
        "tau_int",
        tau(&statistics.energy),
        statistics.size_of_order[1],
        tau(&statistics.abs_magnetisation)
    )
}

/// The two-point function at the distances 1, 2, 4, ..., a line each.
pub(super) fn describe_correlation(correlation: &[Estimate]) -> String {
    let distances = std::iter::successors(Some(1), |r| Some(2 * r)).take_while(|r| *r <= correlation.len());
    distances.map(|r| format!("{:<10} {}\n", format!("G({r})"), brief(correlation[r - 1]))).collect()
}

/// A quantity with its exact value.
pub(super) fn line(quantity: &Quantity) -> String {
    if let Some(reason) = quantity.missing {
        return format!("{:<10} -   {reason}", quantity.meaning.symbol);
    }
    if quantity.is_exact() {
        return format!(
            "{:<10} {:.8} in every configuration",
            quantity.meaning.symbol, quantity.estimate.value
        );
    }
    let mut line = format!("{:<10} {}", quantity.meaning.symbol, brief(quantity.estimate));
    if !quantity.meaning.unit.is_empty() {
        let _ = write!(line, " {}", quantity.meaning.unit);
    }
    if let Some(exact) = quantity.exact {
        let _ = write!(line, "   exact {exact:.8}");
    }
    if let Some(deviation) = quantity.deviation() {
        let _ = write!(line, ", off by {deviation:+.1} sigma");
    }
    if quantity.estimate.error.is_nan() {
        line.push_str("   (these samples do not tell the error)");
    }
    line
}

/// Error below which numbers are in powers of ten: they would be rows of zeros.
const LEAST_DECIMAL: f64 = 1e-10;
/// Most decimals of a value with its error in brackets.
const MOST_DECIMALS: usize = 12;

/// Value and error with two digits of the error, for people; `?` for an error that is not known.
pub fn brief(estimate: Estimate) -> String {
    let Estimate { value, error } = estimate;
    if !(error.is_finite() && error > 0.0) {
        return format!("{value:.8} +- ?");
    }
    if error < LEAST_DECIMAL {
        return format!("{value:.10} +- {error:.1e}");
    }
    let digits = (1.0 - error.log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.digits$} +- {error:.digits$}")
}

/// A value with its error in brackets, in units of the last digit: 1.234(56), or 1.234(?) where it is not known.
pub fn short(estimate: Estimate) -> String {
    short_to(estimate, MOST_DECIMALS)
}

/// The same with so many decimals at the most: an error that is smaller counts as one of the last digit.
pub fn short_to(estimate: Estimate, most: usize) -> String {
    let Estimate { value, error } = estimate;
    if error == 0.0 {
        return format!("{value:.0$}", most.min(6));
    }
    if !error.is_finite() {
        return format!("{value:.0$}(?)", most.min(4));
    }
    let digits = (1.0 - error.log10().floor()).clamp(0.0, most as f64) as usize;
    let units = (error * 10_f64.powi(digits as i32)).round().max(1.0);
    format!("{value:.digits$}({units})")
}

/// Flat: every estimate under its name, the chain's own averages under `nmcmc`. Warnings are left to whoever knows more
/// reasons for them.
impl Serialize for Measurement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.ensemble.serialize_entries(&mut map)?;
        map.serialize_entry("method", &self.method)?;
        map.serialize_entry("count", &self.count)?;
        map.serialize_entry("images", &self.images)?;
        for quantity in self.main_quantities() {
            map.serialize_entry(quantity.meaning.name, &quantity)?;
        }
        // Potts spins have no two-point function here.
        if !self.main_correlation().is_empty() {
            map.serialize_entry("correlation", &distances(self.main_correlation()))?;
        }
        map.serialize_entry("ess", &self.importance.ess)?;
        map.serialize_entry("kl", &self.kl)?;
        map.serialize_entry("variational_gap", &self.importance.gap)?;
        map.serialize_entry("largest_weight_share", &self.importance.largest_weight_share)?;
        if let Some(energies) = &self.energies {
            map.serialize_entry("energy_histogram", &energies.bins())?;
            map.serialize_entry("phases", &energies.phases())?;
        }
        if let Some(chain) = &self.chain {
            map.serialize_entry("acceptance", &chain.acceptance)?;
            map.serialize_entry("longest_rejection_streak", &chain.longest_streak)?;
            serialize_tau(&mut map, &chain.statistics)?;
            if self.method == Method::Both {
                map.serialize_entry("nmcmc", &chain.statistics)?;
            }
        }
        map.serialize_entry("elapsed_s", &self.elapsed_s)?;
        map.serialize_entry("seconds_per_effective_sample", &self.seconds_per_effective_sample())?;
        map.end()
    }
}

/// Autocorrelation times under their names; null where a chain never moved.
pub(super) fn serialize_tau<M: SerializeMap>(
    map: &mut M,
    statistics: &ChainStatistics,
) -> Result<(), M::Error> {
    let tau = |found: &Option<Autocorrelation>| found.as_ref().map(|found| found.tau_int);
    map.serialize_entry("tau_int_energy", &tau(&statistics.energy))?;
    let [name, _] = statistics.size_of_order;
    map.serialize_entry(&format!("tau_int_{name}"), &tau(&statistics.abs_magnetisation))?;
    map.serialize_entry("tau_int_convention", TAU_CONVENTION)
}

/// Every quantity under its name, and the two-point function.
impl Serialize for ChainStatistics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.serialize_entries(&mut map)?;
        map.end()
    }
}

impl ChainStatistics {
    pub(super) fn serialize_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for quantity in &self.quantities {
            map.serialize_entry(quantity.meaning.name, quantity)?;
        }
        // Potts spins have no two-point function here.
        if self.correlation.is_empty() {
            Ok(())
        } else {
            map.serialize_entry("correlation", &distances(&self.correlation))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stand_in_brackets_and_unknown_ones_are_told() {
        let of = |value: f64, error: f64| Estimate { value, error };
        assert_eq!(short(of(-2.663831, 0.00069)), "-2.66383(69)");
        assert_eq!(short(of(0.5, 0.0)), "0.500000");
        assert_eq!(short(of(-1.924229, f64::NAN)), "-1.9242(?)");
        assert_eq!(short_to(of(-1.999_999_999_978, 2.8e-12), 6), "-2.000000(1)");
        assert_eq!(short_to(of(12.3456, 0.12), 6), "12.35(12)");
        assert_eq!(brief(of(-1.999_999_999_978, 2.8e-12)), "-2.0000000000 +- 2.8e-12");
    }
}
