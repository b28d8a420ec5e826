//! The flow of reconstructions: a machine makes visible numbers out of visible numbers again and again (S. Iso, S. Shiba and S. Yokoo, Phys. Rev. E 97, 053304, 2018; S. S.
//! Funai and D. Giataganas, Phys. Rev. Research 2, 033415, 2020).

use super::bits::Bits;
use super::cpu::{Cpu, Draw};
use super::machine::{Machine, Parameters};
use super::mean_field::MeanField;
use crate::lattice::Spins;
use crate::random::{Stream, philox};
use rand::RngExt;
use serde::Serialize;

/// Sets the draws of flows apart from those of training and samples.
const STAGE: u32 = 1 << 30;
/// Sets the spins that are drawn of means apart from other streams of the seed.
const READ_OUT: u32 = 0xf107;

/// The values that one layer hands on to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowKind {
    /// Probabilities, which are real numbers: a map without chance, whose flow ends at its fixed points.
    MeanField,
    /// Units drawn with these probabilities: Gibbs sampling, whose flow ends at the distribution of the machine.
    Gibbs,
}

impl FlowKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::MeanField, Self::Gibbs];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::MeanField => "mean-field",
            Self::Gibbs => "gibbs",
        }
    }
}

/// Configurations on their way.
#[derive(Debug)]
pub struct Flow {
    machine: Machine,
    seed: u32,
    iterations: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    MeanField { map: MeanField, means: Vec<f32> },
    Gibbs { cpu: Cpu<f32>, visible: Bits, hidden: Bits },
}

impl Flow {
    /// Starts from configurations, `[count][sites]`.
    pub fn new(machine: Machine, parameters: &Parameters, kind: FlowKind, spins: &[i8], seed: u32) -> Self {
        let state = match kind {
            FlowKind::MeanField => {
                let map = MeanField::new(machine, parameters);
                State::MeanField { means: map.numbers(spins), map }
            }
            FlowKind::Gibbs => {
                let visible = Bits::of_spins(&machine, spins);
                let hidden = Bits::zeros(visible.rows, machine.hidden);
                State::Gibbs { cpu: Cpu::new(machine, parameters), visible, hidden }
            }
        };
        Self { machine, seed, iterations: 0, state }
    }

    /// The kind of the flow.
    pub fn kind(&self) -> FlowKind {
        match self.state {
            State::MeanField { .. } => FlowKind::MeanField,
            State::Gibbs { .. } => FlowKind::Gibbs,
        }
    }

    /// Reconstructs every configuration once.
    pub fn iterate(&mut self) {
        self.iterations += 1;
        let draw = |half| Draw { seed: self.seed, step: self.iterations, stage: STAGE + half, first: 0 };
        match &mut self.state {
            State::MeanField { map, means } => map.reconstruct(means),
            State::Gibbs { cpu, visible, hidden } => {
                cpu.draw_hidden(visible, 1.0, draw(0), hidden);
                cpu.draw_visible(hidden, 1.0, None, draw(1), visible);
            }
        }
    }

    /// Configurations now, `[count][sites]`. Of means every spin is drawn by its own, so that mean products of spins are products of means.
    pub fn spins(&self) -> Vec<i8> {
        match &self.state {
            State::Gibbs { visible, .. } => visible.spins(&self.machine),
            State::MeanField { means, .. } => {
                let key = philox([self.seed, READ_OUT], [self.iterations, 0, 0, 0])[0];
                let mut stream = Stream::new(key, READ_OUT);
                means
                    .chunks_exact(self.machine.spins.numbers())
                    .map(|means| drawn(self.machine.spins, means, stream.random()))
                    .collect()
            }
        }
    }

    /// Means of spins that have not been drawn, `[count][sites]`, from -1 to 1; those of drawn Ising spins are the spins. Nothing for Potts spins, whose means are more than a
    /// number.
    pub fn means(&self) -> Option<Vec<f32>> {
        match (&self.state, self.machine.spins) {
            (_, Spins::Potts { .. }) => None,
            (State::MeanField { means, .. }, Spins::Ising) => {
                Some(means.iter().map(|mean| 2.0 * mean - 1.0).collect())
            }
            (State::Gibbs { .. }, Spins::Ising) => {
                Some(self.spins().iter().map(|&spin| spin.into()).collect())
            }
        }
    }
}

/// The spin that a number in [0, 1) draws of the means of its visible numbers.
fn drawn(kind: Spins, means: &[f32], number: f32) -> i8 {
    match kind {
        Spins::Ising if number < means[0] => 1,
        Spins::Ising => -1,
        Spins::Potts { .. } => {
            let mut left = number * means.iter().sum::<f32>();
            let found = means.iter().position(|mean| {
                left -= mean;
                left < 0.0
            });
            found.unwrap_or(means.len() - 1) as i8
        }
    }
}
