//! A training step on one of several ranks.

use super::executor::Executor;
use crate::backend::{Backend, Snapshot, Tensor};
use crate::error::Result;
use crate::ranks::{Ranks, numbers};
use crate::schedule::{Chunk, Inputs, Kernel};

/// Takes a rank's part of one step: its backend runs the kernels, and before Adam the ranks add up the gradients of all chunks, in
/// the order of chunks.
pub(super) struct OnRank<'a> {
    backend: &'a mut dyn Backend,
    ranks: &'a Ranks,
    /// Gradients of the chunks so far.
    gradients: Vec<Vec<f32>>,
    /// Whether the step gets a row of metrics.
    is_seen: bool,
}

impl<'a> OnRank<'a> {
    pub(super) fn new(backend: &'a mut dyn Backend, ranks: &'a Ranks) -> Self {
        Self { backend, ranks, gradients: Vec::new(), is_seen: false }
    }

    /// On the first rank the snapshots that the step asked for on all ranks, in the order of its chunks; none on others.
    pub(super) fn into_snapshots(self) -> Result<Vec<Snapshot>> {
        if !self.is_seen {
            return Ok(Vec::new());
        }
        let bytes = self.backend.snapshots(true)?.iter().flat_map(to_bytes).collect();
        let batch = self.backend.batch();
        let all = self.ranks.gather(bytes);
        Ok(all.iter().flat_map(|bytes| bytes.chunks(bytes_of(batch)).map(of_bytes)).collect())
    }
}

impl Executor for OnRank<'_> {
    fn run(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()> {
        let own = kernels.strip_suffix(&[Kernel::Adam]).unwrap_or(kernels);
        if !own.is_empty() {
            // The gradient of a chunk alone, which starts from zero.
            let alone = Inputs { chunk: Chunk { index: 0, ..inputs.chunk }, ..*inputs };
            self.backend.run(own, &alone)?;
        }
        if own.contains(&Kernel::GradientNorm) {
            self.gradients.push(self.backend.read_f32(Tensor::Gradient)?);
        }
        if own.len() == kernels.len() {
            return Ok(());
        }
        let whole = self.ranks.add_in_order(&std::mem::take(&mut self.gradients));
        self.backend.write(Tensor::Gradient, &whole)?;
        self.backend.run(&[Kernel::GradientNorm, Kernel::Adam], inputs)
    }

    fn write_spins(&mut self, spins: &[i8]) -> Result<()> {
        self.backend.write_spins(spins)
    }

    fn has_room_for_snapshots(&self, _parts: usize) -> bool {
        true
    }

    fn request_snapshot(&mut self, step: u32) -> Result<()> {
        self.is_seen = true;
        self.backend.request_snapshot(step)
    }
}

/// Bytes of a snapshot of so many configurations.
fn bytes_of(batch: usize) -> usize {
    2 * size_of::<u32>() + size_of::<f64>() + batch * (size_of::<f64>() + size_of::<[i32; 2]>())
}

fn to_bytes(snapshot: &Snapshot) -> Vec<u8> {
    let Snapshot { step, rewards, sums, gradient_norm, first_bad_step } = snapshot;
    // Steps count from 1.
    let steps = [*step, first_bad_step.unwrap_or(0)];
    [
        bytemuck::cast_slice(&steps),
        bytemuck::bytes_of(gradient_norm),
        bytemuck::cast_slice(rewards),
        bytemuck::cast_slice(sums),
    ]
    .concat()
}

fn of_bytes(bytes: &[u8]) -> Snapshot {
    let (steps, rest) = bytes.split_at(2 * size_of::<u32>());
    let (norm, rest) = rest.split_at(size_of::<f64>());
    let (rewards, sums) = rest.split_at(rest.len() / 2);
    let steps: Vec<u32> = numbers(steps);
    Snapshot {
        step: steps[0],
        rewards: numbers(rewards),
        sums: numbers(sums),
        gradient_norm: bytemuck::pod_read_unaligned(norm),
        first_bad_step: Some(steps[1]).filter(|&step| step > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Objective};
    use crate::cpu::Cpu;
    use crate::io::{Checkpoint, Metrics};
    use crate::ranks::threads::on_ranks;
    use crate::train::Trainer;
    use std::sync::Arc;

    fn trained(ranks: &Ranks, config: &Config, chunk: usize) -> (Checkpoint, Vec<Metrics>) {
        let mut cpu = Cpu::<f32>::new(Arc::new(config.model().unwrap()), chunk);
        let start = Checkpoint::initial(config, cpu.model());
        let mut trainer = Trainer::on_ranks(ranks, config, &mut cpu, start).unwrap();
        let mut rows = Vec::new();
        for _ in 0..config.steps {
            trainer.step().unwrap();
            rows.extend(std::iter::from_fn(|| trainer.next_row().unwrap()));
        }
        (trainer.checkpoint().unwrap(), rows)
    }

    /// All of a row but its times.
    fn figures(row: &Metrics) -> [f64; 6] {
        let &Metrics { beta_f_per_site, energy_per_site, ess, gradient_norm, learning_rate, .. } = row;
        [row.step.into(), beta_f_per_site, energy_per_site, ess, gradient_norm, learning_rate]
    }

    #[test]
    fn ranks_train_as_one_process_with_the_same_chunks_bit_for_bit() {
        let mixed = Config { objective: Objective::Mixed, forward_share: 0.3, pool: 64, ..Config::default() };
        for base in [Config::default(), mixed] {
            let config =
                Config { size: 8, batch: 96, steps: 12, metrics_every: 5, beta: 0.3, clip: 0.5, ..base };
            let (alone, rows) = trained(&Ranks::alone(), &config, 16);
            assert_eq!(rows.iter().map(|row| row.step).collect::<Vec<_>>(), [5, 10, 12]);
            // Three ranks with two chunks each, and six with one.
            for count in [3, 6] {
                let found = on_ranks(count, |ranks| trained(&ranks, &config, 16));
                assert!(found.iter().all(|(checkpoint, _)| *checkpoint == alone), "{count} ranks");
                let told: Vec<_> = found[0].1.iter().map(figures).collect();
                assert_eq!(told, rows.iter().map(figures).collect::<Vec<_>>());
                assert!(found[1..].iter().all(|(_, rows)| rows.is_empty()));
            }
        }
    }

    #[test]
    fn snapshots_go_from_rank_to_rank_whole() {
        let snapshot = |first_bad_step| Snapshot {
            step: 7,
            rewards: vec![1.5, -0.25, f64::INFINITY],
            sums: vec![[1, -2], [3, 4], [i32::MIN, 6]],
            gradient_norm: 0.125,
            first_bad_step,
        };
        for snapshot in [snapshot(None), snapshot(Some(3))] {
            let bytes = to_bytes(&snapshot);
            assert_eq!(bytes.len(), bytes_of(3));
            assert_eq!(of_bytes(&bytes), snapshot);
        }
    }
}
