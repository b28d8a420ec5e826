//! Independence Metropolis (neural Markov chain Monte Carlo, arXiv:1910.13496): the network's samples as proposals,
//! accepted with probability min(1, w' / w).

use super::chain::Chain;
use crate::lattice::Ensemble;
use crate::random::Stream;
use rand::RngExt;

/// Keeps the acceptance apart from all other random numbers of a seed.
const STREAM: u32 = 0xacce_97ed;

/// The Markov chain over a network's samples.
#[derive(Debug, Clone)]
pub struct IndependenceChain {
    /// Its configurations.
    pub chain: Chain,
    stream: Stream,
    ln_w: f64,
    values: Vec<f64>,
    accepted: usize,
    streak: usize,
    longest_streak: usize,
}

impl IndependenceChain {
    /// An empty chain; the first proposal is accepted.
    pub fn new(ensemble: &Ensemble, seed: u32) -> Self {
        Self {
            chain: Chain::new(ensemble, 1),
            stream: Stream::new(seed, STREAM),
            ln_w: f64::NEG_INFINITY,
            values: Vec::new(),
            accepted: 0,
            streak: 0,
            longest_streak: 0,
        }
    }

    /// Proposes a sample.
    pub fn propose(&mut self, ln_w: f64, values: &[f64]) {
        let chance: f64 = self.stream.random();
        if chance < (ln_w - self.ln_w).exp() {
            self.accepted += usize::from(self.chain.count() > 0);
            self.ln_w = ln_w;
            self.values.clear();
            self.values.extend(values);
            self.streak = 0;
        } else {
            self.streak += 1;
            self.longest_streak = self.longest_streak.max(self.streak);
        }
        self.chain.push(&self.values);
    }

    /// Share of accepted proposals; the first, which has nothing to be compared with, is left out.
    pub fn acceptance(&self) -> f64 {
        self.accepted as f64 / (self.chain.count() as f64 - 1.0).max(1.0)
    }

    /// Most proposals rejected in a row.
    pub fn longest_streak(&self) -> usize {
        self.longest_streak
    }
}
