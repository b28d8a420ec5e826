//! Index tables and work lists for the device: pure data.

use super::windows::Window;
use crate::conditional::{LEVEL_ALIGNMENT, MaskedNet, Model, Weights};
use crate::schedule::{JobSize, LANES, QUAD};
use bytemuck::{Pod, Zeroable};

/// Rows that make a slice worth a workgroup of its own.
const SLICE_ROWS: usize = 512;
/// Most slices of a level whose partial gradients are many.
const MAX_SLICES: usize = 64;
/// Most partial gradients of such a level, in parameters: 32 MiB.
const MAX_PARTIALS: usize = 1 << 23;
/// The same where they are few beside what they are computed from, 4 MiB: levels of small nets have many rows, and a graphics card
/// is not kept busy by few workgroups that go through them.
const MANY_SLICES: usize = 1024;
const FEW_PARTIALS: usize = 1 << 20;
/// Slices that a lane of `gradient_sum` sums, if there are enough for lanes to share them.
const LANE_SLICES: usize = 8;
/// Lanes that share the slices of a parameter at most.
pub(super) const MAX_SLICE_LANES: usize = 32;

/// Where one level's data lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct LevelTable {
    /// Offsets into the geometry buffer.
    pub(super) sites: usize,
    pub(super) bonds: usize,
    pub(super) children: usize,
    /// Slices of rows that give partial gradients.
    pub(super) slices: usize,
    pub(super) slice_rows: usize,
    /// Lanes that share the sum over the slices of a parameter; a power of two.
    pub(super) slice_lanes: usize,
    /// Offset into the partial gradients.
    pub(super) partials: usize,
    /// Parameters, padded.
    pub(super) parameters: usize,
    /// First workgroup of `gradient_sum`.
    pub(super) first_norm: usize,
}

impl LevelTable {
    /// Workgroups of `gradient_sum` for some of its parameters.
    pub(super) fn sum_groups(&self, parameters: usize) -> usize {
        parameters.div_ceil(QUAD * LANES / self.slice_lanes)
    }
}

/// All tables of a model at one batch size.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) levels: Vec<LevelTable>,
    /// Sites, bonds and children of all levels.
    pub(super) geometry: Vec<u32>,
    /// Length of the partial gradients.
    pub(super) partials: usize,
    /// Workgroups of `gradient_sum` over all levels.
    pub(super) norms: usize,
    /// For every [`LANES`] parameters, what their net's learning rate is multiplied with when rates are scaled.
    /// Runs of equal factors, so that a plan of a giant stays small.
    rate_factors: Vec<(f32, usize)>,
}

impl Tables {
    pub(super) fn new(model: &Model, batch: usize, window: Window) -> Self {
        let mut tables = Self {
            levels: Vec::new(),
            geometry: Vec::new(),
            partials: 0,
            norms: 0,
            rate_factors: Vec::new(),
        };
        for (description, level) in model.levels.iter().zip(&model.hierarchy.levels) {
            let sites = append(&mut tables.geometry, level.sites.iter().copied());
            let bonds =
                append(&mut tables.geometry, level.bonds.iter().flat_map(|bond| [bond.earlier, bond.later]));
            let children = append(&mut tables.geometry, level.children.iter().copied());
            let rows = level.blocks * batch;
            let count = description.conditional.net().map_or(0, MaskedNet::parameters);
            let parameters = count.next_multiple_of(LEVEL_ALIGNMENT);
            // All slices of a level are bound together.
            let fit = |partials: usize| partials.min(window.parameters()) / parameters.max(1);
            let most = fit(MAX_PARTIALS).clamp(1, MAX_SLICES).max(fit(FEW_PARTIALS).min(MANY_SLICES));
            let slice_rows = rows.div_ceil(rows.div_ceil(SLICE_ROWS).min(most)).next_multiple_of(QUAD);
            let slices = rows.div_ceil(slice_rows);
            let table = LevelTable {
                sites,
                bonds,
                children,
                slices,
                slice_rows,
                slice_lanes: slices.div_ceil(LANE_SLICES).next_power_of_two().min(MAX_SLICE_LANES),
                partials: tables.partials,
                parameters,
                first_norm: tables.norms,
            };
            tables.partials += slices * parameters;
            tables.norms += table.sum_groups(parameters);
            let factor = description.conditional.net().map_or(1.0, MaskedNet::rate_factor);
            tables.rate_factors.push((factor as f32, parameters / LANES));
            tables.levels.push(table);
        }
        tables
    }

    /// Factors of the learning rate, one for every [`LANES`] parameters.
    pub(super) fn rate_factors(&self) -> Vec<f32> {
        self.rate_factors.iter().flat_map(|&(factor, count)| std::iter::repeat_n(factor, count)).collect()
    }
}

fn append(buffer: &mut Vec<u32>, values: impl Iterator<Item = u32>) -> usize {
    let start = buffer.len();
    buffer.extend(values);
    start
}

/// Twin of `Job` in `shaders/backward_weights.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shader declares them")]
pub struct Job {
    pub source_kind: u32,
    pub sources: u32,
    pub source_width: u32,
    pub first_source: u32,
    pub target_kind: u32,
    pub targets: u32,
    pub target_width: u32,
    pub first_target: u32,
    pub weight: u32,
    pub first_group: u32,
    pub inclusive: u32,
    pub has_bias: u32,
}

/// The parts of a net's gradient that are not masked as a whole.
pub(super) fn jobs(net: &MaskedNet, size: JobSize) -> Vec<Job> {
    let depth = net.depth as u32;
    let layers = net.layers.iter().enumerate().map(|(layer, weights)| (layer as u32, layer as u32, weights));
    let matrices =
        layers.chain([(depth, depth, &net.output)]).chain(net.skip.iter().map(|skip| (0, depth, skip)));
    matrices
        .flat_map(|(source_kind, target_kind, weights)| {
            let targets = if target_kind == depth { size.logits } else { size.units };
            parts(source_kind, target_kind, weights, [size.sources, targets])
        })
        .collect()
}

fn parts(source_kind: u32, target_kind: u32, weights: &Weights, [sources, targets]: [usize; 2]) -> Vec<Job> {
    let mut jobs = Vec::new();
    let rows = weights.sources + usize::from(weights.has_bias);
    for first_source in (0..rows).step_by(sources) {
        for first_target in (0..weights.targets).step_by(targets) {
            let last_target = (first_target + targets).min(weights.targets) - 1;
            // The last target of a part sees the most; the bias row is seen by all.
            let has_bias_row = first_source + sources >= rows && weights.has_bias;
            if weights.visible(last_target) > first_source || has_bias_row {
                jobs.push(Job {
                    source_kind,
                    sources: weights.sources as u32,
                    source_width: weights.source_width as u32,
                    first_source: first_source as u32,
                    target_kind,
                    targets: weights.targets as u32,
                    target_width: weights.target_width as u32,
                    first_target: first_target as u32,
                    weight: weights.offset as u32,
                    first_group: weights.first_group as u32,
                    inclusive: weights.inclusive.into(),
                    has_bias: weights.has_bias.into(),
                });
            }
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::Gauge;
    use crate::schedule::Loads;
    use std::collections::HashSet;

    #[test]
    fn jobs_cover_every_unmasked_weight_and_bias_once() {
        let nets = [(0, 31, 1, 1), (12, 5, 1, 1), (28, 13, 3, 2), (60, 29, 2, 3), (124, 61, 3, 1)];
        for ((border, own, width, depth), loads) in
            nets.into_iter().flat_map(|net| [(net, Loads::Own), (net, Loads::Shared)])
        {
            let net = MaskedNet::new(border, own, width, depth, true, Gauge::None);
            let size = JobSize::of(&net, loads);
            let mut covered = HashSet::new();
            for job in jobs(&net, size) {
                let rows = job.sources + job.has_bias;
                let targets = if job.target_kind == depth as u32 { size.logits } else { size.units } as u32;
                for source in job.first_source..(job.first_source + size.sources as u32).min(rows) {
                    for target in job.first_target..(job.first_target + targets).min(job.targets) {
                        assert!(covered.insert(job.weight + source * job.targets + target));
                    }
                }
            }
            for weights in net.weights() {
                for target in 0..weights.targets {
                    for source in 0..weights.visible(target) {
                        assert!(
                            covered.contains(&((weights.offset + source * weights.targets + target) as u32))
                        );
                    }
                }
                if weights.has_bias {
                    let biases = weights.bias_offset()..weights.bias_offset() + weights.targets;
                    assert!(biases.into_iter().all(|bias| covered.contains(&(bias as u32))));
                }
            }
        }
    }
}
