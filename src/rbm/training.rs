//! A machine that learns its data step by step, and what is told of it.

use super::backend::Backend;
use super::bits::Bits;
use super::cpu::{Cpu, Draw};
use super::data::Data;
use super::exact;
use super::machine::{Machine, Parameters};
use super::settings::Settings;
use crate::counted::counted;
use crate::device;
use crate::error::{Error, Result};
use crate::io::MetricsRow;
use crate::random::Stream;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// Sets the order of the data apart from other random numbers of the seed.
const ORDER: u32 = 1 << 17;
/// Sets the sweep of metrics apart from those of steps.
const METRICS: u32 = u32::MAX;
/// Configurations that metrics are averages over, at most.
const LOOKED_AT: usize = 1000;
/// Conditionals of single sites that a row of metrics takes, at most, times hidden units.
const MOST_CONDITIONALS: usize = 1 << 24;
/// States of a side that rows of metrics sum over, at most.
const FEW_STATES: u64 = 1 << 12;

/// A row of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Steps done.
    pub step: u32,
    /// Times that the data were gone through.
    pub epoch: f64,
    /// Mean of `ln p(s_i | all others)` over sites of configurations that nothing is learned from.
    pub pseudo_likelihood: f64,
    /// Share of their spins that one sweep changes.
    pub reconstruction_error: f64,
    /// Mean free energy of configurations that nothing is learned from, less that of those that are: it grows when a machine learns its data by heart. Nothing where none are held
    /// out.
    pub free_energy_gap: Option<f64>,
    /// Mean of ln p of configurations that nothing is learned from, where the sum over one side is short.
    pub ln_likelihood: Option<f64>,
    /// Learning rate of the next step.
    pub learning_rate: f64,
    /// Seconds of training so far, earlier sessions of the run included.
    pub elapsed_s: f64,
}

impl MetricsRow for Metrics {
    const COLUMNS: &'static [&'static str] = &[
        "step",
        "epoch",
        "pseudo_likelihood",
        "reconstruction_error",
        "free_energy_gap",
        "ln_likelihood",
        "learning_rate",
        "elapsed_s",
    ];

    fn step(&self) -> u32 {
        self.step
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }
}

/// The state of a run after some steps.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Steps done.
    pub step: u32,
    /// Parameters.
    pub parameters: Parameters,
    /// `[batch][sites]`: configurations of the chains.
    pub chains: Vec<i8>,
}

/// A run.
#[derive(Debug)]
pub struct Training {
    settings: Settings,
    machine: Machine,
    backend: Box<dyn Backend>,
    step: u32,
    /// Configurations that are learned from.
    learned: usize,
    /// Some that are not, or some of the former where none are held out.
    held_out: Bits,
    is_held_out: bool,
    /// Some that are learned from, as many as are held out.
    compared: Bits,
    /// The epoch whose order is at hand, and that order.
    order: (u32, Vec<usize>),
}

impl State {
    /// Before the first step: chains start from data.
    pub fn initial(settings: &Settings, data: &Data) -> Result<Self> {
        let machine = settings.machine()?;
        let sites = machine.lattice.sites();
        let rows = data.configurations.chunks_exact(sites).cycle().take(settings.batch);
        Ok(Self {
            step: 0,
            parameters: machine.initial(settings.seed, &data.means(&machine)),
            chains: rows.flatten().copied().collect(),
        })
    }
}

impl Training {
    /// Takes up a run on the CPU.
    ///
    /// # Errors
    /// When settings are out of range.
    pub fn new(settings: &Settings, data: &Data, state: &State) -> Result<Self> {
        Self::on("cpu", settings, data, state)
    }

    /// Takes up a run on a device, as [`device::open`](crate::device::open) names them; the one that the settings record plays no part.
    ///
    /// # Errors
    /// When settings are out of range, there is no such device, or the machine does not fit it.
    pub fn on(wanted: &str, settings: &Settings, data: &Data, state: &State) -> Result<Self> {
        let machine = settings.machine()?;
        let sites = machine.lattice.sites();
        // A pure function of the seed, so that a run that goes on holds out the same.
        let mut rows: Vec<usize> = (0..data.count()).collect();
        rows.shuffle(&mut Stream::new(settings.seed, ORDER));
        let (held_out, learned) = rows.split_at(settings.held_out_count(data.count()));
        settings.check(learned.len())?;
        let bits = |rows: &[usize]| {
            let spins: Vec<i8> =
                rows.iter().flat_map(|&row| &data.configurations[row * sites..][..sites]).copied().collect();
            Bits::of_spins(&machine, &spins)
        };
        let compared = bits(&learned[..learned.len().min(LOOKED_AT)]);
        let cpu = Cpu::<f32>::new(machine, &state.parameters);
        let mut backend = device::open_machine(wanted, cpu, Bits::of_spins(&machine, &state.chains))?;
        backend.give(bits(learned))?;
        Ok(Self {
            settings: settings.clone(),
            machine,
            backend,
            step: state.step,
            learned: learned.len(),
            is_held_out: !held_out.is_empty(),
            held_out: if held_out.is_empty() {
                compared.clone()
            } else {
                bits(&held_out[..held_out.len().min(LOOKED_AT)])
            },
            compared,
            order: (u32::MAX, Vec::new()),
        })
    }

    /// The machine on its device.
    pub fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Steps done.
    pub fn steps_done(&self) -> u32 {
        self.step
    }

    /// Whether all steps are done.
    pub fn is_finished(&self) -> bool {
        self.step >= self.settings.steps
    }

    /// Learns from the next batch: every epoch goes through the data in an order of its own, and leaves out what is less than a batch.
    ///
    /// # Errors
    /// When the device fails.
    pub fn step(&mut self) -> Result<()> {
        let batches = (self.learned / self.settings.batch) as u32;
        let (epoch, number) = (self.step / batches, (self.step % batches) as usize);
        if self.order.0 != epoch {
            let mut order: Vec<usize> = (0..self.learned).collect();
            order.shuffle(&mut Stream::new(self.settings.seed, ORDER + 1 + epoch));
            self.order = (epoch, order);
        }
        let rows = &self.order.1[number * self.settings.batch..][..self.settings.batch];
        self.step += 1;
        self.backend.learn(rows, self.settings.rule(self.step), self.settings.seed, self.step)
    }

    /// Learns from so many batches, at most to the end of the run, while `go_on` allows it.
    ///
    /// # Errors
    /// When the device fails.
    pub fn advance(&mut self, steps: u32, mut go_on: impl FnMut() -> bool + Send) -> Result<()> {
        let last = self.settings.steps.min(self.step.saturating_add(steps));
        // On a thread of the pool, which hands out parts of a step in a microsecond; from outside it takes tens of them.
        rayon::scope(|_| {
            while self.step < last && go_on() {
                self.step()?;
            }
            Ok(())
        })
    }

    /// The state to go on from.
    ///
    /// # Errors
    /// When a parameter is not finite, or the device fails.
    pub fn state(&mut self) -> Result<State> {
        let parameters = self.backend.parameters()?;
        if !parameters.are_finite() {
            return Err(Error::setting(
                "lr",
                self.settings.learning_rate,
                format!(
                    "parameters are not finite after {}; start a new run with a lower one, or with a weight decay below {}",
                    counted(self.step, "step"),
                    self.settings.weight_decay.max(1.0)
                ),
            ));
        }
        Ok(State { step: self.step, parameters, chains: self.backend.chains()?.spins(&self.machine) })
    }

    /// What is told of the machine now.
    ///
    /// # Errors
    /// When the device fails.
    pub fn metrics(&mut self, elapsed_s: f64) -> Result<Metrics> {
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let held_out = mean(self.backend.ln_weights(&self.held_out)?);
        let compared = mean(self.backend.ln_weights(&self.compared)?);
        let conditionals = self.held_out.rows * self.machine.lattice.sites() * self.machine.hidden;
        let every = conditionals.div_ceil(MOST_CONDITIONALS);
        let ln_z = match exact::has_few_states(&self.machine, FEW_STATES) {
            true => exact::ln_z(&self.machine, &self.backend.parameters()?),
            false => None,
        };
        Ok(Metrics {
            step: self.step,
            epoch: f64::from(self.step) * self.settings.batch as f64 / self.learned as f64,
            pseudo_likelihood: mean(self.backend.pseudo_likelihood(&self.held_out, every)?),
            reconstruction_error: self.reconstruction_error()?,
            free_energy_gap: self.is_held_out.then_some(compared - held_out),
            ln_likelihood: ln_z.map(|ln_z| held_out - ln_z),
            learning_rate: self.settings.rule((self.step + 1).min(self.settings.steps)).rate,
            elapsed_s,
        })
    }

    fn reconstruction_error(&mut self) -> Result<f64> {
        let draw = Draw { seed: self.settings.seed, step: self.step, stage: METRICS - 1, first: 0 };
        let visible = self.backend.reconstruct(&self.held_out, draw)?;
        // Of a colour that changes, two numbers do.
        let of_spin = if self.machine.spins.numbers() == 1 { 1.0 } else { 2.0 };
        let sites = self.held_out.rows * self.machine.lattice.sites();
        Ok(self.held_out.differences(&visible) as f64 / of_spin / sites as f64)
    }
}
