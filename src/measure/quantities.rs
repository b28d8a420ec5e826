//! Physical quantities from means of what every configuration is measured for.

use crate::estimate::Estimate;
use crate::exact::{Exact, magnetisation_per_site};
use crate::lattice::{Ensemble, Observables, Spins};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A quantity by its name in files, its symbol and its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// Name, as in JSON and tables.
    pub name: &'static str,
    /// Symbol, for people.
    pub symbol: &'static str,
    /// Unit; empty for pure numbers. Energies are in units of the coupling's unit, k_B = 1.
    pub unit: &'static str,
}

const fn meaning(name: &'static str, symbol: &'static str, unit: &'static str) -> Meaning {
    Meaning { name, symbol, unit }
}

/// Quantities of any source of configurations of Ising spins, in the order of [`Ensemble::quantities`].
pub const QUANTITIES: [Meaning; 9] = [
    meaning("energy_per_site", "U/N", "J"),
    meaning("specific_heat", "C/N", "k_B"),
    meaning("abs_magnetisation", "|m|", ""),
    meaning("staggered_magnetisation", "|m_s|", ""),
    meaning("magnetisation", "m", ""),
    meaning("magnetisation_squared", "m^2", ""),
    meaning("susceptibility", "chi", "1/J"),
    meaning("binder", "U_4", ""),
    meaning("correlation_length", "xi", "sites"),
];

/// The same of Potts spins.
pub const POTTS_QUANTITIES: [Meaning; 8] = [
    meaning("energy_per_site", "U/N", "J"),
    meaning("specific_heat", "C/N", "k_B"),
    meaning("order_parameter", "m", ""),
    meaning("order_parameter_squared", "m^2", ""),
    meaning("susceptibility", "chi", "1/J"),
    meaning("binder", "U_4", ""),
    meaning("energy_binder", "V_4", ""),
    meaning("first_colour", "n_0/N", ""),
];

/// Quantities that only a network gives, in the order of [`Ensemble::free_quantities`].
pub const FREE_QUANTITIES: [Meaning; 3] = [
    meaning("ln_z", "ln Z", ""),
    meaning("free_energy_per_site", "F/N", "J"),
    meaning("entropy_per_site", "S/N", "k_B"),
];

/// An estimate with its meaning and, where it is known, the exact value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// Name, symbol, unit.
    pub meaning: Meaning,
    /// Value and standard error. The error is NaN where the samples do not tell it: there are too few of them, or the
    /// quantity never changed.
    pub estimate: Estimate,
    /// The exact value of this lattice.
    pub exact: Option<f64>,
    /// The reason why the quantity does not exist here; its estimate is NaN then.
    pub missing: Option<&'static str>,
}

impl Quantity {
    /// Whether its value is no estimate, but the same in every configuration.
    pub fn is_exact(&self) -> bool {
        self.estimate.error == 0.0
    }

    /// Distance from the exact value in standard errors; nothing where the error is not known, or the value is exact.
    pub fn deviation(&self) -> Option<f64> {
        let exact = self.exact.filter(|_| self.estimate.error.is_finite() && !self.is_exact());
        exact.map(|exact| self.estimate.deviation(exact))
    }
}

/// `value` and `error`; `exact` and `deviation` where known; the `reason` of a quantity that does not exist.
impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("value", &self.estimate.value)?;
        map.serialize_entry("error", &self.estimate.error)?;
        if let Some(reason) = self.missing {
            map.serialize_entry("reason", reason)?;
        }
        if let Some(exact) = self.exact {
            map.serialize_entry("exact", &exact)?;
            map.serialize_entry("deviation", &self.deviation())?;
        }
        map.end()
    }
}

/// Means before those of the two-point function.
const SCALARS: usize = 8;
/// Values of a configuration of Potts spins.
const POTTS_VALUES: usize = 7;
/// Samples, or bins of a chain, below which nothing can be said about errors.
pub(super) const FEWEST_FOR_ERRORS: usize = 8;
/// Share of a value below which its error is rounding: the quantity never changed.
const ROUNDING: f64 = 1e-12;

/// Share of two means below which their difference is rounding.
const CANCELLED: f64 = 1e-13;

/// Reasons why quantities do not exist.
const NO_WAVE: &str =
    "an antiferromagnet's longest wave is its weakest: there is no second-moment correlation length";
const NO_SPACE: &str = "where all sites are neighbours there are no distances";
const NO_PEAK: &str = "the longest wave does not stand out of the noise";
const NO_ENERGY_BINDER: &str =
    "for J <= 0 or H < 0 energies lie about zero, and moments about it tell nothing";
const NO_BINDER: &str = "in a field moments about zero tell nothing about order";

impl Ensemble {
    /// Number of values per configuration.
    pub fn values_per_configuration(&self) -> usize {
        if self.system.spins != Spins::Ising {
            return POTTS_VALUES;
        }
        SCALARS + Observables::distances(self.system.lattice)
    }

    /// What is averaged over configurations, per site: E, E^2, |M|, M, M^2, M^4, the structure factor at the smallest wave
    /// number, |M_s| (0 where there is no such pattern), and the two-point function along the axes at distances 1 to L / 2. Of Potts spins: E, E^2, the order
    /// parameter, the share of colour 0, m^2, m^4 and E^4.
    pub fn values(&self, observables: &Observables, configuration: usize) -> Vec<f64> {
        let sites = self.system.lattice.sites() as f64;
        let energy = observables.energy(self.system.interaction, configuration) / sites;
        if let Some(occupation) = observables.occupation(configuration) {
            let m = occupation.order();
            return vec![energy, energy * energy, m, occupation.of_first(), m * m, m.powi(4), energy.powi(4)];
        }
        let m = observables.spin_sum(configuration) as f64 / sites;
        let wave = observables.structure_factor(configuration) / sites;
        let staggered = observables.staggered_sum(configuration).unwrap_or(0).abs() as f64 / sites;
        let mut values = vec![energy, energy * energy, m.abs(), m, m * m, m.powi(4), wave, staggered];
        let distances = 1..=Observables::distances(self.system.lattice);
        let pairs = self.system.lattice.bond_count() as f64;
        values.extend(distances.map(|distance| observables.products(distance, configuration) as f64 / pairs));
        values
    }

    /// Meanings of [`Ensemble::quantities`] but for the two-point function.
    pub fn meanings(&self) -> &'static [Meaning] {
        match self.system.spins {
            Spins::Ising => &QUANTITIES,
            Spins::Potts { .. } => &POTTS_QUANTITIES,
        }
    }

    /// [`QUANTITIES`], then the two-point function, from the means of [`Ensemble::values`]; [`POTTS_QUANTITIES`] of Potts spins.
    ///
    /// `C = beta^2 var(E)`, `chi = beta N (<m^2> - <|m|>^2)` (with `<m>` in place of `<|m|>` in a field),
    /// `U_4 = 1 - <m^4> / (3 <m^2>^2)`, `xi = (S(0) / S(k) - 1)^(1/2) / |k|` with `S(0) = N <m^2>` (less
    /// `N <m>^2` in a field) and `|k|` of [`Lattice::smallest_wave_number_squared`](crate::lattice::Lattice::smallest_wave_number_squared). NaN where a quantity does not exist.
    pub fn quantities(&self, means: &[f64]) -> Vec<f64> {
        if self.system.spins != Spins::Ising {
            return self.potts_quantities(means);
        }
        let sites = self.system.lattice.sites() as f64;
        let [energy, energy_squared, abs_m, m, m_squared, m_fourth, wave, staggered] =
            [0, 1, 2, 3, 4, 5, 6, 7].map(|which| means[which]);
        let in_field = self.system.interaction.field != 0.0;
        let order = if in_field { m } else { abs_m };
        let connected = if in_field { difference(m_squared, m * m) } else { m_squared };
        let wave_number = self.system.lattice.smallest_wave_number_squared().sqrt();
        let mut quantities = vec![
            energy,
            self.beta * self.beta * sites * difference(energy_squared, energy * energy),
            abs_m,
            if self.system.is_staggered() { staggered } else { f64::NAN },
            m,
            m_squared,
            self.beta * sites * difference(m_squared, order * order),
            if in_field { f64::NAN } else { 1.0 - m_fourth / (3.0 * m_squared * m_squared) },
            // A wave that is only rounding has no length.
            if wave > 1e-12 * m_squared
                && self.system.interaction.coupling >= 0.0
                && self.system.lattice.is_spatial()
            {
                (connected / wave - 1.0).sqrt() / wave_number
            } else {
                f64::NAN
            },
        ];
        quantities.extend(&means[SCALARS..]);
        quantities
    }

    /// `C` and `chi` as of Ising spins with the order parameter m in place of |m|, `U_4 = 1 - <m^4> / (3 <m^2>^2)` and `V_4 = 1 - <E^4> / (3 <E^2>^2)`.
    fn potts_quantities(&self, means: &[f64]) -> Vec<f64> {
        let sites = self.system.lattice.sites() as f64;
        let [energy, energy_squared, m, first, m_squared, m_fourth, energy_fourth] =
            [0, 1, 2, 3, 4, 5, 6].map(|which| means[which]);
        let binder = |fourth: f64, squared: f64| 1.0 - fourth / (3.0 * squared * squared);
        vec![
            energy,
            self.beta * self.beta * sites * difference(energy_squared, energy * energy),
            m,
            m_squared,
            self.beta * sites * difference(m_squared, m * m),
            binder(m_fourth, m_squared),
            binder(energy_fourth, energy_squared),
            first,
        ]
    }

    /// Whether configurations have several energies.
    fn can_change(&self) -> bool {
        self.system.interaction.coupling != 0.0 || self.system.interaction.field != 0.0
    }

    /// Whether an estimate of the energy says that it never changed, though it could.
    pub(super) fn is_constant(&self, energy: Estimate) -> bool {
        self.can_change() && energy.error <= ROUNDING * energy.value.abs()
    }

    /// The order parameter: its place among [`Ensemble::values`] and its name.
    pub(super) fn order_parameter(&self) -> (usize, &'static str) {
        match self.system.spins {
            Spins::Potts { .. } => (2, "order_parameter"),
            Spins::Ising if self.system.is_staggered() => (7, "staggered_magnetisation"),
            Spins::Ising => (2, "abs_magnetisation"),
        }
    }

    /// [`FREE_QUANTITIES`] from ln Z and the means: F = -ln Z / beta, S = beta (U - F).
    pub fn free_quantities(&self, ln_z: f64, means: &[f64]) -> Vec<f64> {
        let per_site = ln_z / self.system.lattice.sites() as f64;
        vec![ln_z, -per_site / self.beta, self.beta * means[0] + per_site]
    }

    /// Estimates of [`FREE_QUANTITIES`] with their exact values, from ln Z and the error of U/N. The weights alone tell the errors of
    /// ln Z and F; that of S needs the energy's too.
    pub(super) fn free(
        &self,
        estimates: &[Estimate],
        ln_z: Estimate,
        energy_error: f64,
        exact: Option<Exact>,
    ) -> Vec<Quantity> {
        let sites = self.system.lattice.sites() as f64;
        let named = |(meaning, estimate): (&Meaning, &Estimate)| {
            let error = match meaning.name {
                "ln_z" => ln_z.error,
                "free_energy_per_site" => ln_z.error / (self.beta * sites),
                // Without interactions U is 0 exactly, and S has the error of ln Z.
                _ if !self.can_change() => ln_z.error / sites,
                // Jackknife knows how errors of ln Z and U go together, but not what was not seen.
                _ if energy_error.is_nan() => f64::NAN,
                _ => estimate.error,
            };
            Quantity {
                meaning: *meaning,
                estimate: Estimate { error, ..*estimate },
                exact: self.exact_value(meaning.name, exact),
                missing: None,
            }
        };
        let there = |quantity: &Quantity| quantity.estimate.value.is_finite();
        FREE_QUANTITIES.iter().zip(estimates).map(named).filter(there).collect()
    }

    /// The exact value of a quantity, where it is known.
    pub fn exact_value(&self, name: &str, exact: Option<Exact>) -> Option<f64> {
        let exact = exact?;
        let per_site = exact.ln_z / self.system.lattice.sites() as f64;
        match name {
            "ln_z" => Some(exact.ln_z),
            "free_energy_per_site" => Some(-per_site / self.beta),
            "entropy_per_site" => Some(self.beta * exact.energy_per_site + per_site),
            "energy_per_site" => Some(exact.energy_per_site),
            "specific_heat" => Some(exact.specific_heat),
            "magnetisation" => magnetisation_per_site(&self.system, self.beta),
            _ => None,
        }
    }

    /// Lattice, size, beta, J and H under their names, and a number that tells couplings of single bonds from others.
    pub(super) fn serialize_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if self.system.spins != Spins::Ising {
            map.serialize_entry("model", &self.system.spins.model())?;
            map.serialize_entry("states", &self.system.spins.states())?;
        }
        map.serialize_entry("lattice", &self.system.lattice.kind())?;
        map.serialize_entry("size", &self.system.lattice.side())?;
        map.serialize_entry("beta", &self.beta)?;
        map.serialize_entry("coupling", &self.system.interaction.coupling)?;
        map.serialize_entry("field", &self.system.interaction.field)?;
        match &self.system.weights {
            None => Ok(()),
            Some(weights) => map.serialize_entry("couplings", &weights.fingerprint().to_string()),
        }
    }

    /// Estimates with their meanings and exact values, from enough samples to know errors or not. F at beta = 0 and the
    /// staggered magnetisation of a ferromagnet are left out; other quantities that do not exist say why.
    pub(super) fn named(
        &self,
        meanings: &[Meaning],
        estimates: &[Estimate],
        exact: Option<Exact>,
        enough: bool,
    ) -> Vec<Quantity> {
        let named = |(meaning, estimate): (&Meaning, &Estimate)| {
            let missing = self.missing(meaning.name, *estimate);
            let estimate = match missing {
                Some(_) => Estimate { value: f64::NAN, error: f64::NAN },
                None if self.vanishes(meaning.name) => Estimate::exact(0.0),
                None => told(*estimate, enough),
            };
            Quantity { meaning: *meaning, estimate, exact: self.exact_value(meaning.name, exact), missing }
        };
        let there = |quantity: &Quantity| quantity.estimate.value.is_finite() || quantity.missing.is_some();
        meanings.iter().zip(estimates).map(named).filter(there).collect()
    }

    /// Whether a quantity is 0 in every configuration: U and C without interactions, and C at beta = 0.
    fn vanishes(&self, name: &str) -> bool {
        match name {
            "energy_per_site" => !self.can_change(),
            "specific_heat" => !self.can_change() || self.beta == 0.0,
            _ => false,
        }
    }

    /// The reason why a quantity does not exist in this ensemble, if it does not.
    fn missing(&self, name: &str, estimate: Estimate) -> Option<&'static str> {
        match name {
            "correlation_length" if !self.system.lattice.is_spatial() => Some(NO_SPACE),
            "energy_binder"
                if self.system.interaction.coupling <= 0.0 || self.system.interaction.field < 0.0 =>
            {
                Some(NO_ENERGY_BINDER)
            }
            "binder" if self.system.interaction.field != 0.0 => Some(NO_BINDER),
            "correlation_length" if self.system.interaction.coupling < 0.0 => Some(NO_WAVE),
            "correlation_length" if !estimate.value.is_finite() || !estimate.error.is_finite() => {
                Some(NO_PEAK)
            }
            _ => None,
        }
    }
}

/// The difference of two means, 0 where it is rounding.
fn difference(a: f64, b: f64) -> f64 {
    if (a - b).abs() <= CANCELLED * (a.abs() + b.abs()) { 0.0 } else { a - b }
}

/// An estimate whose error is NaN unless the samples tell it.
pub(super) fn told(estimate: Estimate, enough: bool) -> Estimate {
    let Estimate { value, error } = estimate;
    let known = enough && error > ROUNDING * value.abs();
    Estimate { value, error: if known { error } else { f64::NAN } }
}
