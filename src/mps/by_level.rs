//! Which level of a network its divergence comes from.

use super::sampler::{BoxSampler, Source};
use crate::backend::Backend;
use crate::clock::Instant;
use crate::conditional::{MOST_BOND_STATES, Model, NetOptions};
use crate::error::{Error, Result};
use crate::estimate::Estimate;
use crate::exact;
use crate::hierarchy::{Cut, Hierarchy, Level};
use crate::sample::{Draws, each_block};
use crate::schedule::{self, Inputs};
use serde::Serialize;
use std::ops::ControlFlow;

/// Divergence in nats from which an error of half of it is no accuracy.
const LOOSE: f64 = 0.1;

/// A level of the tree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelDivergence {
    /// Its number.
    pub level: usize,
    /// Its blocks: `boundary of side 16`, `box of 8 x 16`.
    pub name: String,
    /// Blocks of a configuration.
    pub blocks: usize,
    /// Spins that its blocks fix together.
    pub spins: usize,
    /// Mean of `ln q - ln p` of these spins given those that are fixed before, in nats, over samples of the network; all levels together have KL(q | p). Of the boundary it needs ln Z.
    pub kl: Option<Estimate>,
}

/// The divergences of all levels, and what they took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Levels {
    /// Divergences, level by level.
    pub by_level: Vec<LevelDivergence>,
    /// Samples drawn: fewer than asked for if the pass was stopped.
    pub by_level_count: usize,
    /// Seconds.
    pub by_level_elapsed_s: f64,
}

impl Levels {
    /// Draws a network level by level. `observe` is told how many samples are done, and may stop.
    ///
    /// # Errors
    /// As [`divergence_by_level`].
    pub fn draw(
        backend: &mut dyn Backend,
        Draws { seed, beta, count }: Draws,
        bond_dimension: usize,
        mut observe: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Self> {
        let (start, mut drawn) = (Instant::now(), 0);
        let see = |done| {
            drawn = done;
            observe(done)
        };
        let by_level = divergence_by_level(backend, beta, seed, count, bond_dimension, see)?;
        Ok(Self { by_level, by_level_count: drawn, by_level_elapsed_s: start.elapsed().as_secs_f64() })
    }

    /// Says so where levels do not add up to the divergence of the network that they are levels of.
    pub fn disagreement(&self, whole: Estimate) -> Option<String> {
        let all: Vec<Estimate> = self.by_level.iter().map(|level| level.kl).collect::<Option<_>>()?;
        let sum: f64 = all.iter().map(|kl| kl.value).sum();
        let error = all.iter().map(|kl| kl.error).fold(0.0, f64::hypot);
        let is_off = (sum - whole.value).abs() > 5.0 * error.hypot(whole.error) + 0.1 * whole.value.abs();
        // One sample that outweighs all others.
        let is_loose = error.is_nan() || sum > LOOSE && error > 0.5 * sum;
        (is_off || is_loose).then(|| {
            format!("the levels add up to KL {sum:.2e} +- {error:.1e}, which is not that of the network: give a larger --bond-dimension")
        })
    }
}

/// Divergences of all levels, from so many samples. What a level should draw follows from boxes alone: of a box's spins the middle ones have the probability of the whole inside
/// over those of the insides that are left, all given their borders, by matrix product states of a bond dimension.
///
/// # Errors
/// When the network is not a hierarchical one of Ising spins on the square lattice, a number is out of range, or the device fails.
pub fn divergence_by_level(
    backend: &mut dyn Backend,
    beta: f64,
    seed: u32,
    count: usize,
    bond_dimension: usize,
    mut observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Vec<LevelDivergence>> {
    let model = backend.model().clone();
    check_levels(&model, bond_dimension)?;
    // Levels that are drawn by a bond dimension are judged by twice that.
    let bond_dimension = bond_dimension.max(2 * model.options.bond_dimension);
    let trees = trees(&model);
    // A level that is summed exactly needs no check, and single spins have no inside.
    let has_exact_bottom = model.hierarchy.has_bottom && model.options.bond_dimension == 0;
    let with_nets = trees.len() - usize::from(has_exact_bottom);
    let samplers: Vec<BoxSampler> = trees[1..with_nets.max(1)]
        .iter()
        .map(|levels| inside(&model, levels[0]))
        .map(|level| BoxSampler::new(level, 0, &model.system, beta, bond_dimension))
        .collect();
    let ln_z = exact::ln_z(&model.system, beta);
    let kernels = schedule::sampling(&model, true);
    // `[tree levels][samples]`.
    let mut excess = vec![Vec::new(); trees.len()];
    for first in (0..count).step_by(backend.batch()) {
        let rows = backend.batch().min(count - first);
        let inputs = Inputs { seed, first_configuration: first as u32, beta, ..Inputs::SAMPLING };
        backend.run(&kernels, &inputs)?;
        let of_q = by_tree_level(backend)?;
        let sites = model.hierarchy.sites;
        let mut spins = backend.read_spins()?;
        spins.truncate(rows * sites);
        // ln p of all spins that lie inside boxes of a level, given those outside; of all spins first.
        let energies = spins.chunks(sites).map(|spins| -beta * model.system.energy(spins));
        let mut of_insides: Vec<Vec<f64>> =
            vec![energies.map(|ln_w| ln_w - ln_z.unwrap_or(f64::NAN)).collect()];
        for sampler in &samplers {
            let mut ln_p = vec![0.0; rows];
            sampler.fill_and_add(&mut spins, sites, Source::Given, &mut ln_p);
            of_insides.push(ln_p);
        }
        of_insides.extend(of_q[with_nets..].iter().map(|ln_q| ln_q[..rows].to_vec()));
        of_insides.push(vec![0.0; rows]);
        for (level, excess) in excess.iter_mut().enumerate() {
            excess.extend((0..rows).map(|row| {
                let excess = of_q[level][row] - of_insides[level][row] + of_insides[level + 1][row];
                // p / q is 1 on average: with it the numbers stay above 0 and scatter far less.
                excess + (-excess).exp_m1()
            }));
        }
        if observe(first + rows).is_break() {
            break;
        }
    }
    let tell = |(levels, excess): (&Vec<&Level>, &Vec<f64>)| {
        let blocks = levels.iter().map(|level| level.blocks).sum();
        let kl = Some(Estimate::mean(excess)).filter(|kl| !kl.value.is_nan());
        let (level, own) = (levels[0].tree_level, levels[0].own);
        LevelDivergence { level, name: levels[0].to_string(), blocks, spins: blocks * own, kl }
    };
    Ok(trees.iter().zip(&excess).map(tell).collect())
}

/// Checks that the levels of a network have divergences that matrix product states of a bond dimension know.
///
/// # Errors
/// When it is not a hierarchical network of Ising spins on the square lattice, or the number is out of range.
pub fn check_levels(model: &Model, bond_dimension: usize) -> Result<()> {
    if !model.has_square_boxes() {
        let expected = "only hierarchical networks of Ising spins on the square lattice have boxes for it: leave --by-level out";
        return Err(Error::setting("by_level", true, expected));
    }
    if !(1..=MOST_BOND_STATES).contains(&bond_dimension) {
        let expected = format!("it must lie in 1 to {MOST_BOND_STATES}");
        return Err(Error::setting("bond_dimension", bond_dimension, expected));
    }
    Ok(())
}

/// The levels of a network by their number in the tree.
fn trees(model: &Model) -> Vec<Vec<&Level>> {
    let levels = &model.hierarchy.levels;
    levels.chunk_by(|a, b| a.tree_level == b.tree_level).map(|levels| levels.iter().collect()).collect()
}

/// The whole insides of a level's boxes.
fn inside(model: &Model, level: &Level) -> Level {
    let (lattice, NetOptions { cut, .. }) = (model.system.lattice, model.options);
    let hierarchy = match cut {
        Cut::Crosses => Hierarchy::square(lattice, level.extent[0]),
        Cut::Halves => Hierarchy::bisection(lattice, &level.extent),
    };
    let mut levels = hierarchy.weighted(&model.system).levels;
    levels.pop().expect("a hierarchy has levels")
}

/// `[tree levels][batch]`: ln q of all that a level drew.
fn by_tree_level(backend: &mut dyn Backend) -> Result<Vec<Vec<f64>>> {
    let batch = backend.batch();
    let mut sums: Vec<Vec<f64>> = Vec::new();
    each_block(backend, |level, rows| {
        if sums.len() <= level.tree_level {
            sums.push(vec![0.0; batch]);
        }
        sums[level.tree_level].iter_mut().zip(rows).for_each(|(sum, value)| *sum += value);
    })?;
    Ok(sums)
}
