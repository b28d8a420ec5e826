//! Snapshots on their way to rows of metrics.

use super::metrics::Clock;
use crate::backend::Snapshot;
use crate::schedule::Inputs;
use std::collections::VecDeque;

/// Joins the snapshots of a step's parts, and tells those that make a row of metrics from those that only look at the state.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) clock: Clock,
    /// Snapshots of a step: one for each part that its batch goes through the device in.
    parts_of_step: usize,
    /// Inputs of the steps whose rows are under way.
    due: VecDeque<Inputs>,
    /// Snapshots that have come back and were not looked at yet.
    arrived: VecDeque<Snapshot>,
    /// Snapshots of the first parts of the next row's step.
    parts: Vec<Snapshot>,
}

impl Rows {
    pub(super) fn new(clock: Clock, parts_of_step: usize) -> Self {
        Self { clock, parts_of_step, due: VecDeque::new(), arrived: VecDeque::new(), parts: Vec::new() }
    }

    /// Expects the snapshots of a step that gets a row.
    pub(super) fn expect(&mut self, inputs: Inputs) {
        self.due.push_back(inputs);
    }

    /// Takes snapshots, in the order in which they were asked for.
    pub(super) fn arrive(&mut self, snapshots: Vec<Snapshot>) {
        self.arrived.extend(snapshots);
    }

    /// Whether all snapshots that have come back were looked at.
    pub(super) fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }

    /// The next snapshot, to be looked at.
    pub(super) fn next(&mut self) -> Option<Snapshot> {
        self.arrived.pop_front()
    }

    /// The snapshot of a whole step and the inputs of the step, if this part is the last of one that gets a row.
    pub(super) fn join(&mut self, part: Snapshot) -> Option<(Inputs, Snapshot)> {
        // Steps that were recorded before, and never submitted.
        while self.due.front().is_some_and(|due| due.step < part.step) {
            self.due.pop_front();
            self.parts.clear();
        }
        if self.due.front().is_none_or(|due| due.step != part.step) {
            // A look at the state, beside the rows.
            return None;
        }
        self.parts.push(part);
        if self.parts.len() < self.parts_of_step {
            return None;
        }
        self.due.pop_front().zip(Snapshot::join(std::mem::take(&mut self.parts)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(step: u32, reward: f64) -> Snapshot {
        Snapshot {
            step,
            rewards: vec![reward],
            sums: vec![[0, 0]],
            gradient_norm: reward,
            first_bad_step: None,
        }
    }

    fn expecting(steps: &[u32]) -> Rows {
        let mut rows = Rows::new(Clock::new(0.0, 0), 2);
        for &step in steps {
            rows.expect(Inputs { step, seed: 1, beta: 0.44, ..Inputs::SAMPLING });
        }
        rows
    }

    fn joined(rows: &mut Rows, parts: &[(u32, f64)]) -> Vec<(u32, Vec<f64>)> {
        let join = |&(step, reward): &(u32, f64)| rows.join(snapshot(step, reward));
        parts.iter().filter_map(join).map(|(inputs, whole)| (inputs.step, whole.rewards)).collect()
    }

    #[test]
    fn the_parts_of_a_step_make_one_snapshot_and_looks_at_the_state_none() {
        let parts = [(3, 1.0), (4, 2.0), (4, 3.0), (4, 9.0), (7, 9.0), (8, 4.0), (8, 5.0)];
        let found = joined(&mut expecting(&[4, 8]), &parts);
        assert_eq!(found, [(4, vec![2.0, 3.0]), (8, vec![4.0, 5.0])]);
    }

    #[test]
    fn steps_that_never_come_back_are_forgotten_with_their_parts() {
        let found = joined(&mut expecting(&[1, 2, 3]), &[(1, 1.0), (3, 2.0), (3, 3.0)]);
        assert_eq!(found, [(3, vec![2.0, 3.0])]);
    }
}
