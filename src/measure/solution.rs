//! Exact thermodynamics of a system, as `exact --json` prints them.

use crate::disorder::has_seed;
use crate::error::Result;
use crate::exact::{self, Transition};
use crate::lattice::{Ensemble, LatticeKind, SpinModel, Spins};
use serde::Serialize;

/// Exact figures of a system at a temperature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Solution {
    /// Model of spins other than those of Ising.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<SpinModel>,
    /// Colours of such spins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states: Option<usize>,
    /// Lattice.
    pub lattice: LatticeKind,
    /// Side, or the number of sites of a lattice that has none.
    pub size: u32,
    /// Inverse temperature.
    pub beta: f64,
    /// J; absent where every bond has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupling: Option<f64>,
    /// H, as J.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<f64>,
    /// The file or kind of disorder that the settings name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub couplings: Option<String>,
    /// Seed of the disorder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disorder_seed: Option<u32>,
    /// ln Z.
    pub ln_z: f64,
    /// F / N; absent at beta = 0.
    pub free_energy_per_site: Option<f64>,
    /// U / N.
    pub energy_per_site: f64,
    /// S / N in units of k_B.
    pub entropy_per_site: Option<f64>,
    /// C / N in units of k_B.
    pub specific_heat: f64,
    /// Mean spin, which chains alone have an exact value of here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magnetisation_per_site: Option<f64>,
    /// The transition of the infinite lattice of Potts spins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition: Option<Transition>,
}

impl Solution {
    /// Solves a system at a temperature, whose couplings of single bonds, if it has any, have a name and a seed.
    ///
    /// # Errors
    /// When its solution is not known.
    pub fn of(ensemble: &Ensemble, couplings: &str, disorder_seed: u32) -> Result<Self> {
        let Ensemble { system, beta } = ensemble;
        let exact = exact::solve(system, *beta).ok_or_else(|| exact::refusal(system))?;
        let uniform = system.weights.is_none().then_some(system.interaction);
        let value = |name| ensemble.exact_value(name, Some(exact)).filter(|value| value.is_finite());
        let has_colours = system.spins != Spins::Ising;
        Ok(Self {
            model: has_colours.then(|| system.spins.model()),
            states: has_colours.then(|| system.spins.states()),
            lattice: system.lattice.kind(),
            size: system.lattice.side(),
            beta: *beta,
            coupling: uniform.map(|interaction| interaction.coupling),
            field: uniform.map(|interaction| interaction.field),
            disorder_seed: has_seed(couplings).then_some(disorder_seed),
            couplings: (!couplings.is_empty()).then(|| couplings.to_owned()),
            ln_z: exact.ln_z,
            free_energy_per_site: value("free_energy_per_site"),
            // 0 and not -0 at infinite temperature.
            energy_per_site: exact.energy_per_site + 0.0,
            entropy_per_site: value("entropy_per_site"),
            specific_heat: exact.specific_heat,
            magnetisation_per_site: exact::magnetisation_per_site(system, *beta).map(|m| m + 0.0),
            transition: exact::transition(system),
        })
    }
}
