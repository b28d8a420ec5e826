//! Sampling from and evaluating a network on any backend, batch by batch.

use crate::backend::{Backend, Snapshot, Tensor};
use crate::conditional::Model;
use crate::config::MAX_SAMPLES;
use crate::error::{Error, Result};
use crate::exact;
use crate::hierarchy::Level;
use crate::ranks::{Ranks, Rounds, numbers};
use crate::schedule::{self, Inputs, Kernel};
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

/// Complete configurations with what is known of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// `[count][sites]`, +-1.
    pub spins: Vec<i8>,
    /// `[count]`: ln q.
    pub ln_q: Vec<f64>,
    /// `[count]`: E.
    pub energy: Vec<f64>,
}

/// The configurations of least energy among samples, each once.
#[derive(Debug)]
pub struct Lowest {
    most: usize,
    /// ln q by energy, as an integer that orders as it does, and spins.
    found: BTreeMap<(i64, Vec<i8>), f64>,
}

impl Lowest {
    /// At most `most` configurations.
    pub fn new(most: usize) -> Self {
        Self { most, found: BTreeMap::new() }
    }

    /// Looks at a batch.
    pub fn push(&mut self, samples: &Samples) {
        let Samples { spins, ln_q, energy } = samples;
        let sites = spins.len() / energy.len().max(1);
        for ((spins, ln_q), energy) in spins.chunks(sites.max(1)).zip(ln_q).zip(energy) {
            let key = ordered(*energy);
            let is_low = self.found.len() < self.most
                || self.found.last_key_value().is_some_and(|(last, _)| key < last.0);
            if is_low {
                self.found.insert((key, spins.to_vec()), *ln_q);
                if self.found.len() > self.most {
                    self.found.pop_last();
                }
            }
        }
    }

    /// All of them, those of least energy first.
    pub fn into_samples(self) -> Samples {
        let mut samples = Samples::default();
        for ((energy, spins), ln_q) in self.found {
            samples.spins.extend(spins);
            samples.ln_q.push(ln_q);
            samples.energy.push(f64::from_bits(unordered(energy)));
        }
        samples
    }
}

/// An integer that is larger for a larger number.
fn ordered(number: f64) -> i64 {
    let bits = (number + 0.0).to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The bits of the number of an integer of [`ordered`].
fn unordered(key: i64) -> u64 {
    (key ^ ((key >> 63) as u64 >> 1) as i64) as u64
}

/// Log weights of samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogWeights {
    /// `[count]`: `-beta E - ln q`; the same number whatever the last level's spins are, so they are summed out.
    pub ln_w: Vec<f64>,
    /// `[count]`: E.
    pub energy: Vec<f64>,
}

/// Which samples to draw. They do not depend on the batch of the backend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draws {
    /// Seed of the random numbers.
    pub seed: u32,
    /// Inverse temperature that the network was trained for.
    pub beta: f64,
    /// Number of configurations.
    pub count: usize,
}

/// A shift of rewards per site that keeps them near zero: about ln Z per site at H = 0. Any value gives the same results up to
/// rounding.
pub fn reward_per_site(model: &Model, beta: f64) -> f32 {
    let exact = exact::ln_z_per_site_without_field(&model.system, beta);
    // A multiple of 2^-12, so that its product with a block's number of sites is exact in f32.
    ((exact * 4096.0).round() / 4096.0) as f32
}

/// As [`reward_per_site`], for a network whose rewards lie around another value: one that has learnt little is far from Z, and on a large lattice
/// 32 bits do not hold the distance to three digits behind the point.
pub fn centred_reward_per_site(per_site: f32, reward: f64, sites: usize) -> f32 {
    per_site - (reward / sites as f64 * 4096.0).round() as f32 / 4096.0
}

/// Kernels that draw configurations without the bottom and weigh them, and then those of `completion`.
pub(crate) fn weighing(model: &Model, completion: impl IntoIterator<Item = Kernel>) -> Vec<Kernel> {
    let mut kernels = schedule::sampling(model, false);
    kernels.extend(schedule::rewards(model));
    kernels.extend(completion);
    kernels
}

/// Draws batches of configurations with their log weights, under a shift of the rewards that the first configuration settles.
#[derive(Debug)]
pub struct Weigher {
    kernels: Vec<Kernel>,
    inputs: Inputs,
    sites: usize,
    /// Whether the first configuration has been seen.
    settled: bool,
}

impl Weigher {
    /// For samples of a seed. The kernels of `completion` follow those that sample and weigh: they may draw the bottom,
    /// which the weights sum out, and look at the complete configurations.
    pub fn new(model: &Model, seed: u32, beta: f64, completion: impl IntoIterator<Item = Kernel>) -> Self {
        let kernels = weighing(model, completion);
        let inputs = Inputs { seed, beta, reward_per_site: reward_per_site(model, beta), ..Inputs::SAMPLING };
        Self { kernels, inputs, sites: model.system.lattice.sites(), settled: false }
    }

    /// Draws the batch whose first configuration has the given number: `[batch]` log weights, and the snapshot they come from.
    ///
    /// # Errors
    /// When the device fails.
    pub fn draw(&mut self, backend: &mut dyn Backend, first: u32) -> Result<(Vec<f64>, Snapshot)> {
        self.inputs.first_configuration = first;
        let mut snapshot = self.run(backend)?;
        if !self.settled {
            self.settled = true;
            // The first configuration is the same whatever the batch, and near enough to the mean.
            let centred =
                centred_reward_per_site(self.inputs.reward_per_site, snapshot.rewards[0], self.sites);
            if centred.is_finite() && centred != self.inputs.reward_per_site {
                self.inputs.reward_per_site = centred;
                snapshot = self.run(backend)?;
            }
        }
        let shift = f64::from(self.inputs.reward_per_site) * self.sites as f64;
        Ok((snapshot.rewards.iter().map(|reward| shift - reward).collect(), snapshot))
    }

    fn run(&self, backend: &mut dyn Backend) -> Result<Snapshot> {
        backend.run(&self.kernels, &self.inputs)?;
        backend.request_snapshot(0)?;
        // The last one: a trainer may have left others before it.
        Ok(backend.snapshots(true)?.pop().expect("the snapshot that was asked for"))
    }
}

/// Draws log weights. `progress` is told how many are done and may break: those are then what comes back.
///
/// # Errors
/// When the device fails.
pub fn log_weights(
    backend: &mut dyn Backend,
    Draws { seed, beta, count }: Draws,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<LogWeights> {
    let batches = count.div_ceil(backend.batch());
    let mut result = weights_of_batches(backend, Draws { seed, beta, count }, 0..batches, progress)?;
    result.ln_w.truncate(count);
    result.energy.truncate(count);
    Ok(result)
}

/// As [`log_weights`], on all ranks of a job together, of which each draws a part of the samples. The first one gets all of them, in their order; the others
/// get none. Where `progress` breaks on any rank, which is told how many this rank has drawn, the first gets those up to the first that is missing.
///
/// # Errors
/// When the device fails.
pub fn log_weights_on_ranks(
    ranks: &Ranks,
    backend: &mut dyn Backend,
    draws: Draws,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<LogWeights> {
    if ranks.count() == 1 {
        return log_weights(backend, draws, progress);
    }
    let (batch, count) = (backend.batch(), ranks.count());
    let batches = draws.count.div_ceil(batch);
    let of_rank = |rank: usize| batches * rank / count..batches * (rank + 1) / count;
    let own = weights_of_batches(backend, draws, of_rank(ranks.rank()), progress)?;
    let bytes = [own.ln_w, own.energy].map(|values| bytemuck::cast_slice(&values).to_vec());
    let [ln_w, energy] = bytes.map(|bytes| ranks.gather(bytes));
    let mut all = LogWeights::default();
    for (rank, (ln_w, energy)) in ln_w.iter().zip(&energy).enumerate() {
        all.ln_w.extend(numbers::<f64>(ln_w));
        all.energy.extend(numbers::<f64>(energy));
        if all.ln_w.len() < of_rank(rank).end * batch {
            break;
        }
    }
    all.ln_w.truncate(draws.count);
    all.energy.truncate(draws.count);
    Ok(all)
}

/// Log weights of some batches of all that `count` samples take, the last of them whole.
fn weights_of_batches(
    backend: &mut dyn Backend,
    Draws { seed, beta, count }: Draws,
    batches: Range<usize>,
    mut progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<LogWeights> {
    let model = backend.model().clone();
    let mut weigher = Weigher::new(&model, seed, beta, schedule::completion(&model));
    if batches.start > 0 {
        // The first configuration of all settles the shift of the rewards.
        weigher.draw(backend, 0)?;
    }
    let (mut result, batch) = (LogWeights::default(), backend.batch());
    for number in batches {
        let (ln_w, snapshot) = weigher.draw(backend, (number * batch) as u32)?;
        result.ln_w.extend(ln_w);
        result.energy.extend(snapshot.energies(model.system.interaction));
        if progress(result.ln_w.len().min(count)).is_break() {
            break;
        }
    }
    Ok(result)
}

/// Draws complete configurations, passing them on batch by batch.
///
/// # Errors
/// When the device or `consume` fails.
pub fn draw(
    backend: &mut dyn Backend,
    draws: Draws,
    consume: impl FnMut(Samples) -> Result<()>,
) -> Result<()> {
    draw_from(backend, 0, draws, consume)
}

/// As [`draw`], from the configuration of a seed with number `start` on: those of a seed may be drawn piece by piece.
///
/// # Errors
/// When the numbers of configurations leave 32 bits, or the device or `consume` fails.
pub fn draw_from(
    backend: &mut dyn Backend,
    start: usize,
    Draws { seed, beta, count }: Draws,
    mut consume: impl FnMut(Samples) -> Result<()>,
) -> Result<()> {
    // A batch is drawn whole, also where fewer are asked for.
    let most = MAX_SAMPLES.saturating_sub(count.next_multiple_of(backend.batch()));
    if start > most {
        let expected = format!("configurations of one seed end at 2^32; it must be at most {most}");
        return Err(Error::setting("start", start, expected));
    }
    let kernels = complete(backend.model());
    for first in (0..count).step_by(backend.batch()) {
        let first_configuration = (start + first) as u32;
        let rows = backend.batch().min(count - first);
        let inputs = Inputs { seed, first_configuration, beta, ..Inputs::SAMPLING };
        consume(draw_batch(backend, &kernels, &inputs, rows)?)?;
    }
    Ok(())
}

/// As [`draw`], on all ranks of a job together, which draw batches in turn. The first rank consumes all of them in their order; the others
/// none.
///
/// # Errors
/// When the device or `consume` fails. The other ranks then wait for this one: end the job ([`Ranks::abort`]).
pub fn draw_on_ranks(
    ranks: &Ranks,
    backend: &mut dyn Backend,
    draws: Draws,
    mut consume: impl FnMut(Samples) -> Result<()>,
) -> Result<()> {
    let Draws { seed, beta, count } = draws;
    if ranks.count() == 1 || count == 0 {
        return draw(backend, draws, consume);
    }
    let (kernels, batch) = (complete(backend.model()), backend.batch());
    let sites = backend.model().hierarchy.sites;
    let mut work = |piece: usize| {
        let first = piece * batch;
        if first >= count {
            return Ok(Vec::new());
        }
        let inputs = Inputs { seed, first_configuration: first as u32, beta, ..Inputs::SAMPLING };
        let Samples { spins, ln_q, energy } =
            draw_batch(backend, &kernels, &inputs, batch.min(count - first))?;
        let of_numbers = [ln_q, energy].concat();
        Ok([bytemuck::cast_slice(&of_numbers), bytemuck::cast_slice(&spins)].concat())
    };
    let mut rounds = Rounds::new(ranks);
    if !ranks.is_first() {
        return rounds.help(&mut work);
    }
    for _ in (0..count).step_by(batch) {
        let bytes = rounds.next(&mut work)?;
        let rows = bytes.len() / (2 * size_of::<f64>() + sites);
        let (of_numbers, spins) = bytes.split_at(rows * 2 * size_of::<f64>());
        let mut ln_q: Vec<f64> = numbers(of_numbers);
        let energy = ln_q.split_off(rows);
        consume(Samples { spins: numbers(spins), ln_q, energy })?;
    }
    rounds.end();
    Ok(())
}

/// Kernels that draw complete configurations and tell their energies.
fn complete(model: &Model) -> Vec<Kernel> {
    let mut kernels = schedule::sampling(model, true);
    kernels.extend(schedule::energies(model));
    kernels
}

/// Draws a batch, and keeps its first rows.
fn draw_batch(
    backend: &mut dyn Backend,
    kernels: &[Kernel],
    inputs: &Inputs,
    rows: usize,
) -> Result<Samples> {
    backend.run(kernels, inputs)?;
    let (interaction, sites) = (backend.model().system.interaction, backend.model().hierarchy.sites);
    let mut spins = backend.read_spins()?;
    spins.truncate(rows * sites);
    let mut ln_q = block_sums(backend)?;
    ln_q.truncate(rows);
    let sums = backend.read_sums()?;
    let energy =
        sums[..rows].iter().map(|[bonds, spins]| interaction.energy((*bonds).into(), (*spins).into()));
    Ok(Samples { spins, ln_q, energy: energy.collect() })
}

/// ln q of given configurations, `[count][sites]`, +-1.
///
/// # Errors
/// When the device fails.
pub fn evaluate(
    backend: &mut dyn Backend,
    beta: f64,
    spins: &[i8],
    mut progress: impl FnMut(usize),
) -> Result<Vec<f64>> {
    let kernels = schedule::evaluation(backend.model());
    let batch_spins = backend.batch() * backend.model().hierarchy.sites;
    let count = spins.len() / backend.model().hierarchy.sites;
    let mut ln_q = Vec::with_capacity(count);
    for (first, chunk) in (0_u32..).step_by(backend.batch()).zip(spins.chunks(batch_spins)) {
        // The last batch is filled up; what it says of the filling is dropped.
        let mut padded = chunk.to_vec();
        padded.resize(batch_spins, 1);
        backend.write_spins(&padded)?;
        backend.run(&kernels, &Inputs { first_configuration: first, beta, ..Inputs::SAMPLING })?;
        ln_q.extend(block_sums(backend)?);
        ln_q.truncate(count);
        progress(ln_q.len());
    }
    Ok(ln_q)
}

/// ln q of whole configurations: the blocks' values summed in f64. Those of mirror images are part of their blocks' already.
fn block_sums(backend: &mut dyn Backend) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; backend.batch()];
    each_block(backend, |_, rows| sums.iter_mut().zip(rows).for_each(|(sum, value)| *sum += value))?;
    Ok(sums)
}

/// Shows the ln q of every block, `[batch]`, with its level, in the order of levels and blocks.
pub(crate) fn each_block(backend: &mut dyn Backend, mut visit: impl FnMut(&Level, &[f64])) -> Result<()> {
    let batch = backend.batch();
    let values = backend.read(Tensor::LnQ)?;
    let mut levels = &values[..];
    for level in &backend.model().hierarchy.levels {
        levels.chunks(batch).take(level.blocks).for_each(|rows| visit(level, rows));
        levels = &levels[level.net_blocks() * batch..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::cpu::Cpu;
    use crate::ranks::threads::on_ranks;
    use std::sync::Arc;

    #[test]
    fn configurations_of_a_seed_may_be_drawn_piece_by_piece() {
        let config = Config { size: 8, ..Config::default() };
        let model = Arc::new(config.model().unwrap());
        let mut cpu = Cpu::<f32>::new(model.clone(), 16);
        cpu.write(Tensor::Parameters, &model.initial_parameters(3, 0.2)).unwrap();
        let mut piece = |start: usize, count: usize| {
            let mut all = Samples::default();
            draw_from(&mut cpu, start, Draws { seed: 7, beta: 0.2, count }, |samples| {
                all.spins.extend(samples.spins);
                all.ln_q.extend(samples.ln_q);
                all.energy.extend(samples.energy);
                Ok(())
            })?;
            Ok::<_, Error>(all)
        };
        let (whole, second) = (piece(0, 50).unwrap(), piece(20, 30).unwrap());
        assert_eq!(second.spins, whole.spins[20 * 64..]);
        assert_eq!((&second.ln_q[..], &second.energy[..]), (&whole.ln_q[20..], &whole.energy[20..]));
        let refused = piece(MAX_SAMPLES - 15, 1).unwrap_err().to_string();
        assert!(refused.contains("start") && refused.contains("at most 4294967279"), "{refused}");
        assert_eq!(piece(MAX_SAMPLES - 16, 1).unwrap().ln_q.len(), 1);
    }

    #[test]
    fn ranks_draw_what_one_process_draws() {
        let config = Config { size: 8, ..Config::default() };
        let model = Arc::new(config.model().unwrap());
        let draws = Draws { seed: 7, beta: 0.2, count: 90 };
        let drawn = |ranks: Ranks| {
            let mut cpu = Cpu::<f32>::new(model.clone(), 16);
            cpu.write(Tensor::Parameters, &model.initial_parameters(3, 0.2)).unwrap();
            let weights =
                log_weights_on_ranks(&ranks, &mut cpu, draws, |_| ControlFlow::Continue(())).unwrap();
            let mut all = Samples::default();
            draw_on_ranks(&ranks, &mut cpu, draws, |samples| {
                all.spins.extend(samples.spins);
                all.ln_q.extend(samples.ln_q);
                all.energy.extend(samples.energy);
                Ok(())
            })
            .unwrap();
            (weights.ln_w, weights.energy, all)
        };
        let alone = drawn(Ranks::alone());
        assert_eq!((alone.0.len(), alone.2.ln_q.len()), (90, 90));
        for count in [2, 4] {
            let found = on_ranks(count, drawn);
            assert_eq!(found[0], alone, "{count} ranks");
            assert!(found[1..].iter().all(|(ln_w, _, all)| ln_w.is_empty() && all.ln_q.is_empty()));
        }
    }

    #[test]
    fn ranks_that_are_stopped_give_samples_without_a_gap() {
        let model = Arc::new(Config { size: 8, ..Config::default() }.model().unwrap());
        let draws = Draws { seed: 7, beta: 0.2, count: 96 };
        let found = on_ranks(3, |ranks| {
            let mut cpu = Cpu::<f32>::new(model.clone(), 16);
            let is_stopped = ranks.rank() == 1;
            let flow = |_| if is_stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            log_weights_on_ranks(&ranks, &mut cpu, draws, flow).unwrap().ln_w.len()
        });
        // Two batches of the first rank, and one of the second.
        assert_eq!(found, [48, 0, 0]);
    }

    #[test]
    fn the_lowest_are_kept_in_order_and_once() {
        let energy = [1.0, -2.0, 0.0, -2.0, -0.5, -3.5];
        let samples = |energies: &[f64]| Samples {
            spins: energies.iter().flat_map(|&energy| [if energy < -1.0 { 1 } else { -1 }, 1]).collect(),
            ln_q: energies.iter().map(|energy| -energy).collect(),
            energy: energies.to_vec(),
        };
        let mut lowest = Lowest::new(3);
        lowest.push(&samples(&energy[..3]));
        lowest.push(&samples(&energy[3..]));
        let found = lowest.into_samples();
        assert_eq!(found, samples(&[-3.5, -2.0, -0.5]));
    }
}
