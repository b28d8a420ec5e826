//! A step of contrastive divergence (G. E. Hinton, Neural Comput. 14, 1771, 2002), and of persistent chains (T. Tieleman, ICML 2008).

use super::bits::Bits;
use super::cpu::{Cpu, Draw, Statistics};
use crate::cpu::Real;

/// How a step learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Sweeps of the chains in a step.
    pub sweeps: u32,
    /// Whether chains go on from step to step; else they start from the data.
    pub is_persistent: bool,
    /// The learning rate.
    pub rate: f64,
    /// Weights lose so much of themselves times the rate.
    pub decay: f64,
}

/// A machine that learns, with its chains.
#[derive(Debug)]
pub struct Learner<R> {
    pub(super) name: String,
    pub(super) cpu: Cpu<R>,
    /// The configurations that [`learn`](super::Backend::learn) takes batches of.
    pub(super) data: Bits,
    /// Visible numbers of the chains, `[batch][visible]`.
    pub(super) chains: Bits,
    pub(super) hidden: Bits,
    data_turned: Bits,
    model_turned: Bits,
}

impl<R: Real> Learner<R> {
    /// Takes a machine and chains, `[batch]` configurations.
    pub fn new(cpu: Cpu<R>, chains: Bits) -> Self {
        let name = crate::cpu::device_name();
        let none = || Bits::zeros(0, 0);
        let mut learner = Self {
            name,
            cpu,
            data: none(),
            chains: none(),
            hidden: none(),
            data_turned: none(),
            model_turned: none(),
        };
        learner.set_chains(chains);
        learner
    }

    /// Takes other chains.
    pub(super) fn set_chains(&mut self, chains: Bits) {
        let turned = || Bits::zeros(chains.units, chains.rows);
        (self.data_turned, self.model_turned) = (turned(), turned());
        self.hidden = Bits::zeros(chains.rows, self.cpu.machine().hidden);
        self.chains = chains;
    }

    /// The machine.
    pub fn cpu(&self) -> &Cpu<R> {
        &self.cpu
    }

    /// Visible numbers of the chains.
    pub fn chains(&self) -> &Bits {
        &self.chains
    }

    /// Learns from a batch of configurations.
    pub fn step(&mut self, data: &Bits, rule: Rule, seed: u32, step: u32) {
        let draw = |stage| Draw { seed, step, stage, first: 0 };
        let of_data = self.cpu.draw_hidden(data, R::one(), draw(0), &mut self.hidden);
        if rule.is_persistent {
            self.cpu.draw_hidden(&self.chains, R::one(), draw(1), &mut self.hidden);
        }
        let mut of_model = Vec::new();
        for sweep in 1..=rule.sweeps {
            self.cpu.draw_visible(&self.hidden, R::one(), None, draw(2 * sweep), &mut self.chains);
            of_model = match sweep == rule.sweeps {
                true => self.cpu.hidden_probabilities(&self.chains),
                false => self.cpu.draw_hidden(&self.chains, R::one(), draw(2 * sweep + 1), &mut self.hidden),
            };
        }
        data.transpose_into(&mut self.data_turned);
        self.chains.transpose_into(&mut self.model_turned);
        let data = Statistics { visible: &self.data_turned, hidden: &of_data };
        let model = Statistics { visible: &self.model_turned, hidden: &of_model };
        self.cpu.learn(data, model, rule.rate, rule.decay);
    }
}
