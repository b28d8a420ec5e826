//! A network whose smaller boxes are drawn by a tensor network: its nets fix the borders.

use super::by_level::by_tree_level;
use super::sampler::{BoxSampler, Source};
use crate::backend::Backend;
use crate::conditional::{Model, NetOptions};
use crate::error::{Error, Result};
use crate::sample::{Draws, Samples};
use crate::schedule::{self, Inputs, Kernel};

/// Smallest side of boxes, and largest bond dimension.
const LEAST_SIDE: u32 = 4;
const MOST_STATES: usize = 64;

/// Which boxes are drawn by a tensor network, and how exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bottom {
    /// Side of the square boxes, up to that of the lattice, whose whole inside is one box.
    pub side: u32,
    /// States of a bond of the matrix product states.
    pub bond_dimension: usize,
}

/// A network with another bottom than its own.
pub struct Completed<'a> {
    backend: &'a mut dyn Backend,
    beta: f64,
    /// Levels of the tree that are drawn by nets.
    tree_levels: usize,
    sampler: BoxSampler,
}

impl<'a> Completed<'a> {
    /// The network that a backend has, with a bottom in place of its smaller boxes.
    ///
    /// # Errors
    /// When the network has no such boxes, or a number is out of range.
    pub fn new(backend: &'a mut dyn Backend, beta: f64, bottom: Bottom) -> Result<Self> {
        let model = backend.model();
        let options = options(model, bottom)?;
        let mut levels = options.hierarchy(&model.system).weighted(&model.system).levels;
        let level = levels.pop().expect("a hierarchy has levels");
        let tree_levels = level.tree_level;
        let sampler = BoxSampler::new(level, &model.system, beta, bottom.bond_dimension);
        Ok(Self { backend, beta, tree_levels, sampler })
    }

    /// The backend of the nets.
    pub fn backend(&mut self) -> &mut dyn Backend {
        self.backend
    }

    /// The batch whose first configuration has the given number.
    ///
    /// # Errors
    /// When the device fails.
    pub fn draw_batch(&mut self, seed: u32, first: u32) -> Result<Samples> {
        let model = self.backend.model().clone();
        let kernels = self.of_nets(schedule::sampling(&model, true));
        let inputs = Inputs { seed, first_configuration: first, beta: self.beta, ..Inputs::SAMPLING };
        self.backend.run(&kernels, &inputs)?;
        let mut spins = self.backend.read_spins()?;
        let mut ln_q = self.sums()?;
        self.sampler.fill(
            &mut spins,
            model.hierarchy.sites,
            Source::Drawn { seed, first_configuration: first },
            &mut ln_q,
        );
        let energy = spins.chunks(model.hierarchy.sites).map(|spins| model.system.energy(spins)).collect();
        Ok(Samples { spins, ln_q, energy })
    }

    /// Draws complete configurations, passing them on batch by batch.
    ///
    /// # Errors
    /// When the device or `consume` fails.
    pub fn draw(&mut self, draws: Draws, mut consume: impl FnMut(Samples) -> Result<()>) -> Result<()> {
        let (batch, sites) = (self.backend.batch(), self.backend.model().hierarchy.sites);
        for first in (0..draws.count).step_by(batch) {
            let rows = batch.min(draws.count - first);
            let mut samples = self.draw_batch(draws.seed, first as u32)?;
            samples.spins.truncate(rows * sites);
            samples.ln_q.truncate(rows);
            samples.energy.truncate(rows);
            consume(samples)?;
        }
        Ok(())
    }

    /// ln q of given configurations, `[count][sites]`, +-1.
    ///
    /// # Errors
    /// When the device fails.
    pub fn evaluate(&mut self, spins: &[i8], mut progress: impl FnMut(usize)) -> Result<Vec<f64>> {
        let model = self.backend.model().clone();
        let kernels = self.of_nets(schedule::evaluation(&model));
        let (batch, sites) = (self.backend.batch(), model.hierarchy.sites);
        let count = spins.len() / sites;
        let mut ln_q = Vec::with_capacity(count);
        for (first, chunk) in (0_u32..).step_by(batch).zip(spins.chunks(batch * sites)) {
            // The last batch is filled up; what it says of the filling is dropped.
            let mut padded = chunk.to_vec();
            padded.resize(batch * sites, 1);
            self.backend.write_spins(&padded)?;
            let inputs = Inputs { first_configuration: first, beta: self.beta, ..Inputs::SAMPLING };
            self.backend.run(&kernels, &inputs)?;
            let mut of_batch = self.sums()?;
            self.sampler.fill(&mut padded, sites, Source::Given, &mut of_batch);
            ln_q.extend(of_batch);
            ln_q.truncate(count);
            progress(ln_q.len());
        }
        Ok(ln_q)
    }

    /// Kernels of the levels that nets draw.
    fn of_nets(&self, kernels: Vec<Kernel>) -> Vec<Kernel> {
        let levels = &self.backend.model().hierarchy.levels;
        let is_of_nets = |level: usize| levels[level].tree_level < self.tree_levels;
        kernels.into_iter().filter(|kernel| kernel.level().is_none_or(is_of_nets)).collect()
    }

    /// `[batch]`: ln q of all that nets drew.
    fn sums(&mut self) -> Result<Vec<f64>> {
        let of_levels = by_tree_level(self.backend)?;
        let of_nets = &of_levels[..self.tree_levels];
        Ok((0..self.backend.batch()).map(|row| of_nets.iter().map(|level| level[row]).sum()).collect())
    }
}

/// The network's options with the bottom that is asked for.
fn options(model: &Model, Bottom { side, bond_dimension }: Bottom) -> Result<NetOptions> {
    check(model, ("bottom", "mps"), bond_dimension)?;
    let least = model.options.exact_bottom.max(model.options.exact_length).max(LEAST_SIDE);
    let most = model.system.lattice.side();
    if !side.is_power_of_two() || !(least..=most).contains(&side) {
        let expected = format!(
            "it must be a power of two from {least}, the boxes that the network sums exactly, to the size, {most}"
        );
        return Err(Error::setting("bottom_side", side, expected));
    }
    Ok(NetOptions { exact_bottom: side, exact_length: 0, ..model.options })
}

/// Checks that a network has boxes of which matrix product states know the weights, for what a setting asks.
pub(super) fn check(
    model: &Model,
    (setting, value): (&'static str, &str),
    bond_dimension: usize,
) -> Result<()> {
    if !model.has_square_boxes() {
        let expected = "only hierarchical networks of Ising spins on the square lattice have boxes for it";
        return Err(Error::setting(setting, value, expected));
    }
    if !(1..=MOST_STATES).contains(&bond_dimension) {
        let expected = format!("it must lie in 1 to {MOST_STATES}");
        return Err(Error::setting("bond_dimension", bond_dimension, expected));
    }
    Ok(())
}
