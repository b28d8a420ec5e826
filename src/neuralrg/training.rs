//! A flow that learns step by step, and what its configurations say.

use super::adam::Moments;
use super::dual::Dual;
use super::flow::Flow;
use super::gradient::Batch;
use super::noise::Noise;
use super::settings::Settings;
use crate::cpu::Real;
use crate::error::{Error, Result};
use crate::estimate::Weighted;

/// Set the latent numbers of steps and of samples apart.
const STEPS: u32 = 0;
const SAMPLES: u32 = 1;
/// Configurations that are drawn at a time.
const CHUNK: usize = 4096;

/// The state of a run after some steps.
#[derive(Debug, Clone, PartialEq)]
pub struct State<R> {
    /// Steps done.
    pub step: u32,
    /// Parameters.
    pub parameters: Vec<R>,
    /// Means of gradients.
    pub moments: Moments<R>,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Training<R> {
    settings: Settings,
    dual: Dual<R>,
    flow: Flow<R>,
    moments: Moments<R>,
    step: u32,
}

impl<R: Real> Training<R> {
    /// A run from its start.
    ///
    /// # Errors
    /// When a setting is out of range, by its name.
    pub fn new(settings: Settings) -> Result<Self> {
        settings.check()?;
        let dual = Dual::new(settings.architecture.size, settings.coupling, settings.temperature)?;
        let flow = Flow::new(settings.architecture, settings.seed)?;
        let moments = Moments::zeros(flow.parameters().len());
        Ok(Self { settings, dual, flow, moments, step: 0 })
    }

    /// A run from a state of it; it goes on as if it had never stopped.
    ///
    /// # Errors
    /// As [`Training::new`], or when the state is one of another form.
    pub fn resume(settings: Settings, state: State<R>) -> Result<Self> {
        let start = Self::new(settings)?;
        let flow = start.flow.with_parameters(state.parameters)?;
        let expected = flow.parameters().len();
        for found in [state.moments.first.len(), state.moments.second.len()] {
            if found != expected {
                return Err(Error::setting("moments", found, format!("the flow has {expected} parameters")));
            }
        }
        Ok(Self { flow, moments: state.moments, step: state.step, ..start })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The flow.
    pub fn flow(&self) -> &Flow<R> {
        &self.flow
    }

    /// The field that it learns.
    pub fn dual(&self) -> &Dual<R> {
        &self.dual
    }

    /// Steps done.
    pub fn steps_done(&self) -> u32 {
        self.step
    }

    /// Whether all steps are done.
    pub fn is_finished(&self) -> bool {
        self.step >= self.settings.steps
    }

    /// Learns from a batch that it draws, and gives its losses `ln q(x) + E(x)`, `[batch]`. A pure function of the state and the settings.
    pub fn step(&mut self) -> Vec<f64> {
        let Settings { seed, batch, estimator, weight_decay, .. } = self.settings;
        let noise = Noise::new(seed, STEPS, self.step);
        let Batch { losses, gradient } = Batch::new(&self.flow, &self.dual, noise, batch, estimator);
        self.step += 1;
        let rate = self.settings.rate(self.step);
        self.moments.step(self.flow.parameters_mut(), &gradient, self.step, rate, weight_decay);
        losses
    }

    /// The state to go on from.
    ///
    /// # Errors
    /// When a parameter is not finite.
    pub fn state(&self) -> Result<State<R>> {
        let parameters = self.flow.parameters().to_vec();
        if !parameters.iter().all(|parameter| parameter.is_finite()) {
            return Err(Error::setting(
                "lr",
                self.settings.learning_rate,
                format!(
                    "parameters are not finite after {} steps; start a new run with a lower one",
                    self.step
                ),
            ));
        }
        Ok(State { step: self.step, parameters, moments: self.moments.clone() })
    }

    /// Log weights `-E(x) - ln q(x)` of so many configurations of the flow as it is now: ln Z_x, the effective sample size and the divergence from the field's distribution. A pure
    /// function of the state and the seed.
    pub fn sample(&self, count: usize) -> Weighted {
        let noise = Noise::new(self.settings.seed, SAMPLES, self.step);
        let mut weighted = Weighted::new(0);
        for first in (0..count).step_by(CHUNK) {
            let z = noise.fields(first, CHUNK.min(count - first), self.dual.sites());
            let (x, ln_q) = self.flow.generate(&z);
            let energies = self.dual.energies(&x);
            energies.iter().zip(ln_q).for_each(|(energy, ln_q)| weighted.push(-energy - ln_q, &[]));
        }
        weighted
    }
}
