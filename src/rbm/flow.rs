//! The flow of reconstructions: a machine makes visible numbers out of visible numbers again and again (S. Iso, S. Shiba and S. Yokoo, Phys. Rev. E 97, 053304, 2018; S. S.
//! Funai and D. Giataganas, Phys. Rev. Research 2, 033415, 2020).

use super::backend::Backend;
use super::bits::Bits;
use super::cpu::Draw;
use crate::error::Result;
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

/// Configurations on their way through a machine, on the device where it is.
#[derive(Debug)]
pub struct Flow<'a> {
    backend: &'a mut dyn Backend,
    seed: u32,
    iterations: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// `[count][visible]`.
    MeanField(Vec<f32>),
    Gibbs(Bits),
}

impl<'a> Flow<'a> {
    /// Starts from configurations, `[count][sites]`.
    pub fn new(backend: &'a mut dyn Backend, kind: FlowKind, spins: &[i8], seed: u32) -> Self {
        let machine = *backend.machine();
        let state = match kind {
            FlowKind::MeanField => State::MeanField(machine.numbers(spins)),
            FlowKind::Gibbs => State::Gibbs(Bits::of_spins(&machine, spins)),
        };
        Self { backend, seed, iterations: 0, state }
    }

    /// The kind of the flow.
    pub fn kind(&self) -> FlowKind {
        match self.state {
            State::MeanField(_) => FlowKind::MeanField,
            State::Gibbs(_) => FlowKind::Gibbs,
        }
    }

    /// Reconstructs every configuration once.
    ///
    /// # Errors
    /// When the device fails.
    pub fn iterate(&mut self) -> Result<()> {
        self.iterations += 1;
        let draw = Draw { seed: self.seed, step: self.iterations, stage: STAGE, first: 0 };
        match &mut self.state {
            State::MeanField(means) => *means = self.backend.reconstruct_means(means)?,
            State::Gibbs(visible) => *visible = self.backend.reconstruct(visible, draw)?,
        }
        Ok(())
    }

    /// Configurations now, `[count][sites]`. Of means every spin is drawn by its own, so that mean products of spins are products of means.
    pub fn spins(&self) -> Vec<i8> {
        let machine = self.backend.machine();
        match &self.state {
            State::Gibbs(visible) => visible.spins(machine),
            State::MeanField(means) => {
                let key = philox([self.seed, READ_OUT], [self.iterations, 0, 0, 0])[0];
                let mut stream = Stream::new(key, READ_OUT);
                means
                    .chunks_exact(machine.spins.numbers())
                    .map(|means| drawn(machine.spins, means, stream.random()))
                    .collect()
            }
        }
    }

    /// Means of spins that have not been drawn, `[count][sites]`, from -1 to 1; those of drawn Ising spins are the spins. Nothing for Potts spins, whose means are more than a
    /// number.
    pub fn means(&self) -> Option<Vec<f32>> {
        match (&self.state, self.backend.machine().spins) {
            (_, Spins::Potts { .. }) => None,
            (State::MeanField(means), Spins::Ising) => {
                Some(means.iter().map(|mean| 2.0 * mean - 1.0).collect())
            }
            (State::Gibbs(_), Spins::Ising) => Some(self.spins().iter().map(|&spin| spin.into()).collect()),
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
