//! What a model costs per level, from its shapes alone.

use super::{Baseline, Kernel, sampling, training_step};
use crate::conditional::{Conditional, MaskedNet, Model, Weights};
use serde::Serialize;

const WORD: u64 = 4;

/// Work of one level in one run over a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct KernelCost {
    /// Dispatches on a GPU.
    pub dispatches: usize,
    /// Floating point operations of the nets' unmasked products (a multiply-add counts two); exact squares and baselines
    /// are left out.
    pub flops: u64,
    /// Bytes moved if every kernel reads and writes each of its arrays once; baselines are left out.
    pub bytes: u64,
}

/// Shape and cost of one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelPlan {
    /// Index, 0 is the boundary.
    pub level: usize,
    /// `boundary` or `square`.
    pub name: &'static str,
    /// `masked_net`, `exact_square` or `heat_bath`.
    pub conditional: &'static str,
    /// Side of its squares.
    pub side: u32,
    /// Squares per configuration.
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
}

/// The whole plan of a model at one batch size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Side of the lattice.
    pub size: u32,
    /// Configurations per batch.
    pub batch: usize,
    /// Per level.
    pub levels: Vec<LevelPlan>,
    /// Dispatches of a training step that work on all levels at once.
    pub shared_dispatches: usize,
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
        let shared_dispatches = on_level(&step, None);
        let total = |cost: fn(&LevelPlan) -> KernelCost, dispatches| {
            levels.iter().map(cost).fold(KernelCost { dispatches, ..KernelCost::default() }, |sum, cost| {
                KernelCost {
                    dispatches: sum.dispatches + cost.dispatches,
                    flops: sum.flops + cost.flops,
                    bytes: sum.bytes + cost.bytes,
                }
            })
        };
        let sampling = total(|level| level.sampling, 0);
        let mut training = total(|level| level.training, shared_dispatches);
        // Adam reads and writes parameters and both moments, and reads the gradient.
        training.bytes += 7 * WORD * model.parameters as u64;
        let parameters = model.used_parameters();
        Self { size: model.torus.side(), batch, levels, shared_dispatches, sampling, training, parameters }
    }
}

fn on_level(kernels: &[Kernel], level: Option<usize>) -> usize {
    kernels.iter().filter(|kernel| kernel.level() == level).count()
}

fn plan_level(model: &Model, batch: usize, level: usize, draw: &[Kernel], step: &[Kernel]) -> LevelPlan {
    let geometry = &model.hierarchy.levels[level];
    let rows = (geometry.blocks * batch) as u64;
    let net = model.levels[level].conditional.net();
    let (sampling, training) = match net {
        Some(net) => (sampling_cost(net, rows), training_cost(net, rows)),
        None => {
            let bytes = rows * WORD * (geometry.inputs() as u64 + 2);
            (KernelCost { bytes, ..KernelCost::default() }, KernelCost { bytes, ..KernelCost::default() })
        }
    };
    LevelPlan {
        level,
        name: geometry.name,
        conditional: match model.levels[level].conditional {
            Conditional::MaskedNet(_) => "masked_net",
            Conditional::ExactSquare { .. } => "exact_square",
            Conditional::HeatBath => "heat_bath",
        },
        side: geometry.side,
        squares: geometry.blocks,
        border: geometry.border,
        sites: geometry.own,
        parameters: net.map_or(0, MaskedNet::parameters),
        sampling: KernelCost { dispatches: on_level(draw, Some(level)), ..sampling },
        training: KernelCost { dispatches: on_level(step, Some(level)), ..training },
    }
}

fn sampling_cost(net: &MaskedNet, rows: u64) -> KernelCost {
    let [inputs, own, hidden] = per_row(net);
    // Border spins in, own spins out, inputs, hidden state and logits kept, one ln q.
    let per_row = net.border as u64 + own + inputs + hidden + own + 1;
    KernelCost {
        dispatches: 0,
        flops: 2 * rows * net.multiply_adds() as u64,
        bytes: WORD * (rows * per_row + net.parameters() as u64),
    }
}

fn training_cost(net: &MaskedNet, rows: u64) -> KernelCost {
    let [inputs, own, hidden] = per_row(net);
    let sampling = sampling_cost(net, rows);
    let unmasked = |weights: &Weights| weights.unmasked() as u64;
    let into_hidden: u64 = net.layers[1..].iter().chain([&net.output]).map(unmasked).sum();
    let reward = inputs + 4;
    let output = 3 * own + 1;
    let hidden_error = own + 3 * hidden;
    let weights = inputs + 2 * hidden + own;
    let slope = 2 * hidden;
    let backward = reward + output + hidden_error + weights + slope;
    KernelCost {
        dispatches: 0,
        flops: sampling.flops + 2 * rows * (net.multiply_adds() as u64 + into_hidden),
        bytes: sampling.bytes + WORD * (rows * backward + 4 * net.parameters() as u64),
    }
}

/// Inputs, own sites and hidden units of one block.
fn per_row(net: &MaskedNet) -> [u64; 3] {
    [net.inputs() as u64, net.own as u64, (net.depth * net.units()) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn counts_are_those_of_the_hierarchy() {
        let config = Config { width: 1, exact_bottom: 2, ..Config::default() };
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
}
