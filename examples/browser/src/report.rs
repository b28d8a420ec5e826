//! What the page is told: new rows of metrics, and estimates from the weights of the last samples.

use han_gpu::Result;
use han_gpu::config::Config;
use han_gpu::engine::{Engine, Weights};
use han_gpu::estimate::{Estimate, Weighted};
use han_gpu::exact;
use han_gpu::io::Metrics;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Samples that estimates are made of, the last ones: the network changes, and each sample has the weight of its own.
const SAMPLES: usize = 1 << 14;
/// Samples from which estimates are told.
const FEWEST: usize = 256;
/// Observables of a sample: E, |M|.
const OBSERVABLES: usize = 2;

/// The last samples at one temperature, and what is exactly known there.
#[derive(Debug)]
pub(crate) struct Samples {
    beta: f64,
    sites: f64,
    weights: VecDeque<Weights>,
    solution: Option<Solution>,
}

impl Samples {
    /// None yet, for the temperature of an engine.
    pub(crate) fn new(engine: &Engine) -> Self {
        let sites = engine.model().system.lattice.sites() as f64;
        Self { beta: engine.config().beta, sites, weights: VecDeque::new(), solution: None }
    }

    /// Takes the exact solution, unless it is of another temperature.
    pub(crate) fn set_solution(&mut self, solution: Solution) {
        self.solution = Some(solution).filter(|solution| solution.beta == self.beta);
    }

    /// Takes a batch, unless it is of another temperature: it was under way when that was changed.
    pub(crate) fn push(&mut self, weights: Weights) {
        if weights.beta != self.beta {
            return;
        }
        self.weights.push_back(weights);
        while self.count() > SAMPLES {
            self.weights.pop_front();
        }
    }

    fn count(&self) -> usize {
        self.weights.iter().map(|weights| weights.ln_w.len()).sum()
    }

    fn estimates(&self) -> Option<Estimates> {
        if self.count() < FEWEST {
            return None;
        }
        let mut weighted = Weighted::new(OBSERVABLES);
        for Weights { ln_w, energy, magnetisation, .. } in &self.weights {
            for ((ln_w, energy), magnetisation) in ln_w.iter().zip(energy).zip(magnetisation) {
                weighted.push(*ln_w, &[energy / self.sites, f64::from(magnetisation.abs()) / self.sites]);
            }
        }
        let importance = weighted.importance();
        let means = weighted.means(|_, means| means.to_vec());
        let scaled = |estimate: Estimate, factor: f64| Estimate {
            value: factor * estimate.value,
            error: factor.abs() * estimate.error,
        };
        Some(Estimates {
            count: self.count(),
            ess: importance.ess,
            ln_z: importance.ln_z,
            free_energy: scaled(importance.ln_z, -1.0 / (self.beta * self.sites)),
            energy: means[0],
            abs_magnetisation: means[1],
            kl: self.solution.as_ref().map_or(importance.gap, |solution| weighted.kl(solution.ln_z)),
        })
    }
}

/// What samples say; energies are per site.
#[derive(Debug, Serialize)]
struct Estimates {
    count: usize,
    ess: Estimate,
    ln_z: Estimate,
    free_energy: Estimate,
    energy: Estimate,
    abs_magnetisation: Estimate,
    kl: Estimate,
}

/// What is exactly known at a temperature; energies are per site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Solution {
    beta: f64,
    ln_z: f64,
    /// None at infinite temperature, where it has no bound.
    free_energy: Option<f64>,
    energy: f64,
}

impl Solution {
    /// That of the system of settings, where it is known.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>> {
        let (system, beta) = (config.system()?, config.beta);
        let solution = exact::solve(&system, beta).map(|exact| Self {
            beta,
            ln_z: exact.ln_z,
            free_energy: (beta != 0.0).then(|| -exact.ln_z / (beta * system.lattice.sites() as f64)),
            energy: exact.energy_per_site,
        });
        Ok(solution)
    }
}

/// A row of metrics, as the charts need it.
#[derive(Debug, Serialize)]
struct Point {
    step: u32,
    beta: f64,
    /// F / N of the batch, an upper bound on average.
    free_energy: f64,
    ess: f64,
}

/// All that is new or known.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    step: u32,
    /// The system and its temperature in words.
    system: String,
    points: Vec<Point>,
    estimates: Option<Estimates>,
    exact: Option<Solution>,
}

impl Report {
    pub(crate) fn new(engine: &Engine, new: &[Metrics], samples: &Samples) -> Self {
        let point = |row: &Metrics| Point {
            step: row.step,
            beta: row.beta,
            free_energy: row.beta_f_per_site / row.beta,
            ess: row.ess,
        };
        let points = new.iter().map(point).collect();
        let system = engine.model().system.clone();
        let system = system.at(samples.beta).map_or_else(|_| String::new(), |ensemble| ensemble.to_string());
        let (estimates, exact) = (samples.estimates(), samples.solution.clone());
        Self { step: engine.step(), system, points, estimates, exact }
    }
}
