//! What a model costs per level and kernel, from its shapes alone.

use super::{Baseline, Kernel, sampling, training_step};
use crate::conditional::{Model, Network};
use crate::kernels::Cost;
use crate::lattice::LatticeKind;
use serde::Serialize;
use std::iter::Sum;

const WORD: usize = 4;

/// Work of one kernel, or the sum over several, in one run over a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct KernelCost {
    /// Dispatches on a GPU.
    pub dispatches: usize,
    /// Floating point operations of the nets' unmasked products (a multiply-add counts two) and of exact squares; what
    /// is done once per value that is read anyway is left out.
    pub flops: u64,
    /// Bytes moved if every kernel reads and writes each of its arrays once, four bytes a value (two where 16 bits are kept).
    pub bytes: u64,
}

/// What a device reaches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rates {
    /// Floating point operations per second of a large product.
    pub flops_per_s: f64,
    /// Bytes per second, read and written, of a large copy.
    pub bytes_per_s: f64,
}

impl Rates {
    /// The higher rates of two measurements.
    pub fn best(self, other: Self) -> Self {
        Self {
            flops_per_s: self.flops_per_s.max(other.flops_per_s),
            bytes_per_s: self.bytes_per_s.max(other.bytes_per_s),
        }
    }
}

impl KernelCost {
    /// Cost of one run of a kernel.
    pub fn of(kernel: Kernel, model: &Model, batch: usize) -> Self {
        let Cost { operations, words } = kernel.cost(model, batch);
        Self { dispatches: 1, flops: operations as u64, bytes: (WORD * words) as u64 }
    }

    /// Shortest time at given rates, in seconds: arithmetic and traffic overlap.
    pub fn seconds(self, rates: Rates) -> f64 {
        (self.flops as f64 / rates.flops_per_s).max(self.bytes as f64 / rates.bytes_per_s)
    }
}

impl Sum for KernelCost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self {
            dispatches: sum.dispatches + cost.dispatches,
            flops: sum.flops + cost.flops,
            bytes: sum.bytes + cost.bytes,
        })
    }
}

/// A kernel of a training step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KernelPlan {
    /// Its name, that of its shader.
    pub kernel: &'static str,
    /// Its cost.
    #[serde(flatten)]
    pub cost: KernelCost,
    /// Shortest time at the rates of [`Plan::at`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// Shape and cost of one level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelPlan {
    /// Index, 0 is the boundary.
    pub level: usize,
    /// `boundary` or `square`.
    pub name: &'static str,
    /// `masked_net`, `exact_square`, `exact_box`, `heat_bath` or `pair_head`.
    pub conditional: &'static str,
    /// Longest side of its squares or boxes.
    pub side: u32,
    /// Lengths along every axis.
    pub extent: Vec<u32>,
    /// Blocks per configuration.
    pub squares: usize,
    /// Conditioning sites per square.
    pub border: usize,
    /// Sites fixed per square.
    pub sites: usize,
    /// Parameters stored, masked zeros included.
    pub parameters: usize,
    /// Drawing a batch of complete configurations.
    pub sampling: KernelCost,
    /// One training step.
    pub training: KernelCost,
    /// The kernels of that step on this level.
    pub kernels: Vec<KernelPlan>,
}

/// The whole plan of a model at one batch size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Which sites are neighbours.
    pub lattice: LatticeKind,
    /// Architecture of the network.
    pub network: Network,
    /// Side of the lattice.
    pub size: u32,
    /// Configurations per batch.
    pub batch: usize,
    /// Per level.
    pub levels: Vec<LevelPlan>,
    /// Dispatches of a training step that work on all levels at once.
    pub shared_dispatches: usize,
    /// Their kernels.
    pub shared: Vec<KernelPlan>,
    /// Sums over levels; shared dispatches included.
    pub sampling: KernelCost,
    /// Sums over levels; shared dispatches included.
    pub training: KernelCost,
    /// Parameters of all levels.
    pub parameters: usize,
}

impl Plan {
    /// Plans a model for batches of `batch` configurations.
    pub fn new(model: &Model, batch: usize, baseline: Baseline) -> Self {
        let (draw, step) = (sampling(model, true), training_step(model, baseline));
        let levels: Vec<_> =
            (0..model.levels.len()).map(|level| plan_level(model, batch, level, &draw, &step)).collect();
        let shared = plan_kernels(model, batch, None, &step);
        let sampling = levels.iter().map(|level| level.sampling).sum();
        let training = levels.iter().map(|level| level.training).chain([total(&shared)]).sum();
        Self {
            lattice: model.system.lattice.kind(),
            network: model.options.network,
            size: model.system.lattice.side(),
            batch,
            levels,
            shared_dispatches: shared.len(),
            shared,
            sampling,
            training,
            parameters: model.used_parameters(),
        }
    }

    /// With the shortest time of every kernel at given rates.
    pub fn at(mut self, rates: Rates) -> Self {
        for kernel in self.levels.iter_mut().flat_map(|level| &mut level.kernels).chain(&mut self.shared) {
            kernel.seconds = Some(kernel.cost.seconds(rates));
        }
        self
    }
}

/// Those of `kernels` that work on `level`, or on all levels at once.
fn plan_kernels(model: &Model, batch: usize, level: Option<usize>, kernels: &[Kernel]) -> Vec<KernelPlan> {
    let here = kernels.iter().filter(|kernel| kernel.level() == level);
    here.map(|&kernel| KernelPlan {
        kernel: kernel.name(),
        cost: KernelCost::of(kernel, model, batch),
        seconds: None,
    })
    .collect()
}

fn total(kernels: &[KernelPlan]) -> KernelCost {
    kernels.iter().map(|kernel| kernel.cost).sum()
}

fn plan_level(model: &Model, batch: usize, level: usize, draw: &[Kernel], step: &[Kernel]) -> LevelPlan {
    let geometry = &model.hierarchy.levels[level];
    let kernels = plan_kernels(model, batch, Some(level), step);
    LevelPlan {
        level,
        name: geometry.name,
        conditional: model.levels[level].conditional.name(),
        side: geometry.extent.iter().copied().max().unwrap_or_default(),
        extent: geometry.extent.clone(),
        squares: geometry.blocks,
        border: geometry.border,
        sites: geometry.own,
        parameters: model.levels[level].conditional.parameters(),
        sampling: total(&plan_kernels(model, batch, Some(level), draw)),
        training: total(&kernels),
        kernels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::{Storage, Widths};
    use crate::config::Config;
    use crate::hierarchy::Cut;

    #[test]
    fn counts_are_those_of_the_hierarchy() {
        let config =
            Config { width: Widths::all(1), cut: Cut::Crosses, exact_bottom: 2, ..Config::default() };
        let plan = Plan::new(&config.model().unwrap(), config.batch, config.baseline);
        assert_eq!(plan.levels.iter().map(|level| level.squares * level.sites).sum::<usize>(), 256);
        assert!(plan.levels.iter().all(|level| level.sampling.dispatches == 1));
        assert_eq!(plan.sampling.dispatches, plan.levels.len());
        // A square of side 4: 12 border and 5 own sites; visible weights counted by hand.
        let square = &plan.levels[3];
        let first_layer = 12 * 12 + (0..5).map(|i| 12 + i).sum::<u64>();
        let output = (0..5).map(|i| 12 + i + 1).sum::<u64>();
        let skip = (0..5).map(|i| 12 + i).sum::<u64>();
        assert_eq!(square.sampling.flops, 2 * 512 * 16 * (first_layer + output + skip));
        assert_eq!(square.training.flops, 2 * 512 * 16 * (2 * (first_layer + output + skip) + output));
    }

    #[test]
    fn sixteen_bits_move_less() {
        let model = Config::default().model().unwrap();
        let half = Model { storage: Storage::F16, ..model.clone() };
        let bytes = |model: &Model, kernel| KernelCost::of(kernel, model, 64).bytes;
        let sample = Kernel::SampleLevel { level: 1 };
        let net = model.levels[1].conditional.net().unwrap();
        let rows = 64 * model.hierarchy.levels[1].blocks;
        let saved = 2 * (rows * net.depth * net.units() + net.parameters());
        assert!(bytes(&model, sample).abs_diff(bytes(&half, sample) + saved as u64) <= 4);
        assert_eq!(bytes(&half, Kernel::Adam), bytes(&model, Kernel::Adam) / 14 * 15);
    }
}
