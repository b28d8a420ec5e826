//! The exchange of ranks that share a batch out, in one training step, and the time it takes.

use serde::Serialize;

/// Arrays of numbers as wide as a gradient that leave a rank in one step where it has one chunk of the batch: its own gradient, and its part of the sum, to all others.
const PASSES: u64 = 2;

/// A network between ranks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interconnect {
    /// Bytes per second that a rank sends while it receives as many.
    pub bytes_per_s: f64,
    /// Seconds that a message takes however short it is.
    pub latency_s: f64,
}

/// One training step of ranks that share a batch out, each one chunk of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SharedStep {
    /// Ranks.
    pub ranks: usize,
    /// Configurations of each.
    pub batch_per_rank: usize,
    /// Bytes that each sends.
    pub sent_bytes: u64,
    /// Messages that each sends.
    pub messages: usize,
    /// Seconds of the exchange, which nothing else overlaps.
    pub communication_s: f64,
    /// Seconds of the step, where that of a rank alone is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_s: Option<f64>,
    /// Share of the step in which ranks compute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub efficiency: Option<f64>,
}

impl SharedStep {
    /// The step of so many ranks, of which one alone takes `alone_s` for its part of the batch. Copies between a card and main memory are left out.
    pub fn new(
        parameters: usize,
        batch_per_rank: usize,
        ranks: usize,
        network: Interconnect,
        alone_s: Option<f64>,
    ) -> Self {
        let others = ranks.saturating_sub(1);
        let gradient = (parameters * size_of::<f32>()) as u64;
        // A part of each array stays where it is.
        let sent_bytes = PASSES * gradient * others as u64 / ranks.max(1) as u64;
        let messages = PASSES as usize * others;
        let communication_s = sent_bytes as f64 / network.bytes_per_s + messages as f64 * network.latency_s;
        let step_s = alone_s.map(|alone| alone + communication_s);
        let efficiency = alone_s.map(|alone| alone / (alone + communication_s));
        Self { ranks, batch_per_rank, sent_bytes, messages, communication_s, step_s, efficiency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_go_twice_over_the_network_whatever_the_number_of_ranks() {
        let network = Interconnect { bytes_per_s: 1e9, latency_s: 1e-6 };
        let step = |ranks| SharedStep::new(1_000_000, 64, ranks, network, Some(0.01));
        assert_eq!((step(1).sent_bytes, step(1).communication_s, step(1).efficiency), (0, 0.0, Some(1.0)));
        assert_eq!((step(2).sent_bytes, step(2).messages), (4_000_000, 2));
        assert_eq!((step(1000).sent_bytes, step(1000).messages), (7_992_000, 1998));
        let found = step(2);
        assert!((found.communication_s - 0.004_002).abs() < 1e-12, "{found:?}");
        assert!((found.efficiency.unwrap() - 0.01 / 0.014_002).abs() < 1e-12, "{found:?}");
        assert_eq!(SharedStep::new(10, 1, 4, network, None).efficiency, None);
    }
}
