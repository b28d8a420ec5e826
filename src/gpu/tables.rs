//! Index tables and work lists for the device: pure data.

use super::windows::Window;
use crate::conditional::{Encoding, LEVEL_ALIGNMENT, MaskedNet, Model};
use crate::hierarchy::{Level, PATH_LENGTHS, PathPairs};
use crate::kernels::{LANES, QUAD, gradient_groups};
use crate::mps::Scratch;
use std::collections::BTreeMap;

/// Rows that make a slice worth a workgroup of its own.
const SLICE_ROWS: usize = 512;
/// The same for heads over pairs, where a slice has a lane for every site and not for every part of a matrix.
const PAIR_SLICE_ROWS: usize = 64;
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
    pub(super) path_pairs: usize,
    pub(super) faces: usize,
    pub(super) patches: usize,
    pub(super) weights: usize,
    pub(super) sketch: usize,
    /// Workgroups that share the boxes of a tensor network.
    pub(super) workers: usize,
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
        gradient_groups(parameters, self.slice_lanes)
    }
}

/// All tables of a model at one batch size.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) levels: Vec<LevelTable>,
    /// Sites, bonds, children, pairs, faces, patches, weights and random vectors of all levels.
    pub(super) geometry: Vec<u32>,
    /// Length of the partial gradients.
    pub(super) partials: usize,
    /// Workgroups of `gradient_sum` over all levels.
    pub(super) norms: usize,
    /// For every [`LANES`] parameters, what their net's learning rate is multiplied with when rates are scaled, and 1 for linear terms, else 0.
    /// Runs of equal factors, so that a plan of a giant stays small.
    rate_factors: Vec<([f32; 2], usize)>,
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
            let sites = append(&mut tables.geometry, level.sites.repeat(level.images).into_iter());
            let bonds =
                append(&mut tables.geometry, level.bonds.iter().flat_map(|bond| [bond.earlier, bond.later]));
            let children = append(&mut tables.geometry, level.children.iter().copied());
            let path_pairs = append_path_pairs(
                &mut tables.geometry,
                &level.path_pairs,
                Encoding::of(model.system.spins, model.options.colours),
            );
            let tensors = Scratch::of_level(model, &description.conditional);
            let layers = description.conditional.exact_box().or(tensors.map(|scratch| scratch.layers));
            let faces = layers.map_or(Vec::new(), |layers| layers.faces(&level.neighbours));
            let faces = append(&mut tables.geometry, faces.into_iter().flatten());
            let patches =
                description.conditional.net().map_or(0, |net| append_patches(&mut tables.geometry, net));
            let weights = append_weights(&mut tables.geometry, level);
            let numbers = tensors.map_or(Vec::new(), |scratch| scratch.sketch());
            let sketch = append(&mut tables.geometry, numbers.into_iter().map(f32::to_bits));
            let workers = tensors.map_or(0, |scratch| scratch.workers(level.blocks * batch));
            let rows = level.net_blocks() * batch;
            let count = description.conditional.parameters();
            let parameters = count.next_multiple_of(LEVEL_ALIGNMENT);
            // All slices of a level are bound together.
            let fit = |partials: usize| partials.min(window.parameters()) / parameters.max(1);
            let most = fit(MAX_PARTIALS).clamp(1, MAX_SLICES).max(fit(FEW_PARTIALS).min(MANY_SLICES));
            let worth =
                if description.conditional.pair_head().is_some() { PAIR_SLICE_ROWS } else { SLICE_ROWS };
            let slice_rows = rows.div_ceil(rows.div_ceil(worth).min(most)).next_multiple_of(QUAD);
            let slices = rows.div_ceil(slice_rows);
            let table = LevelTable {
                sites,
                bonds,
                children,
                path_pairs,
                faces,
                patches,
                weights,
                sketch,
                workers,
                slices,
                slice_rows,
                slice_lanes: slices.div_ceil(LANE_SLICES).next_power_of_two().min(MAX_SLICE_LANES),
                partials: tables.partials,
                parameters,
                first_norm: tables.norms,
            };
            tables.partials += slices * parameters;
            tables.norms += table.sum_groups(parameters);
            let net = description.conditional.net();
            let factor = net.map_or(1.0, MaskedNet::rate_factor) as f32;
            let before = net.map_or(parameters, MaskedNet::before_linear) / LANES;
            let runs = [([factor, 0.0], before), ([factor, 1.0], parameters / LANES - before)];
            tables.rate_factors.extend(runs);
            tables.levels.push(table);
        }
        tables
    }

    /// Factors of the learning rate, one for every [`LANES`] parameters.
    pub(super) fn rate_factors(&self) -> Vec<[f32; 2]> {
        self.rate_factors.iter().flat_map(|&(factor, count)| std::iter::repeat_n(factor, count)).collect()
    }
}

/// Appends pairs of border sites as `regressors.wgsl` reads them: for every length of a path the place of its entries, their number
/// and all paths; then the entries, of up to 32 pairs each whose first ends are in one word of bits and as far from the other ends.
/// Lengths without pairs have no entries, and a level without a border has none of any length. Colours have pairs of bits for each of them.
fn append_path_pairs(buffer: &mut Vec<u32>, lengths: &[PathPairs], encoding: Encoding) -> usize {
    let start = buffer.len();
    let numbers = encoding.numbers() as u32;
    // Of two different colours, two bits differ, of one input or of two passes.
    let differing = if encoding == Encoding::Sign { 1 } else { 2 };
    let bits = |ends: &[u32; 2]| {
        let [first, other] = ends.map(|end| end * numbers);
        (0..numbers).map(move |colour| [first + colour, other + colour])
    };
    buffer.resize(start + 3 * PATH_LENGTHS.len(), 0);
    for (length, pairs) in lengths.iter().enumerate() {
        let mut masks: BTreeMap<[u32; 3], u32> = BTreeMap::new();
        for (paths, pairs) in &pairs.groups {
            for [first, other] in pairs.iter().flat_map(bits) {
                *masks.entry([first / 32, other - first, *paths as u32]).or_default() |= 1 << (first % 32);
            }
        }
        let header = [buffer.len() as u32, masks.len() as u32, differing * pairs.paths() as u32];
        buffer[start + 3 * length..][..3].copy_from_slice(&header);
        let entry = |([word, distance, paths], mask): ([u32; 3], u32)| {
            [word | (word + distance / 32) << 8 | (distance % 32) << 16, mask, paths]
        };
        buffer.extend(masks.into_iter().flat_map(entry));
    }
    start
}

/// Appends the weights of a level as `weights_each.wgsl` reads them, and behind them, for exact boxes, as `factors_each.wgsl` does; nothing where all
/// are alike.
fn append_weights(buffer: &mut Vec<u32>, level: &Level) -> usize {
    let words = |weights: &[i32]| weights.iter().map(|&weight| weight as u32).collect::<Vec<_>>();
    let start = append(buffer, words(&level.bond_weights).into_iter());
    append(buffer, words(&level.site_weights).into_iter());
    if level.is_weighted() && !level.neighbours.is_empty() {
        let total = |weights: &[i32]| weights.iter().map(|weight| weight.unsigned_abs()).sum::<u32>();
        let bonds = level.bond_weights.chunks(level.bonds.len());
        let totals = bonds
            .zip(level.site_weights.chunks(level.own))
            .map(|(bonds, sites)| [total(bonds), total(sites)]);
        append(buffer, totals.flatten());
        for block in 0..level.blocks {
            append(buffer, words(level.neighbour_weights(block).as_flattened()).into_iter());
        }
    }
    start
}

/// Appends the patches that hidden matrices have as `patches_near.wgsl` reads them; nothing where they have all.
fn append_patches(buffer: &mut Vec<u32>, net: &MaskedNet) -> usize {
    let start = buffer.len();
    let patches: Vec<_> =
        net.layers.iter().chain([&net.output]).filter_map(|weights| weights.patches.as_ref()).collect();
    buffer.resize(start + 2 * patches.len(), 0);
    for (matrix, patches) in patches.into_iter().enumerate() {
        let words = patches.sources().div_ceil(32);
        let place = [buffer.len() as u32, words as u32];
        buffer[start + 2 * matrix..][..2].copy_from_slice(&place);
        let word = |bits: &[bool]| {
            bits.iter().zip(0..).fold(0, |word, (&there, bit)| word | u32::from(there) << bit)
        };
        buffer.extend(patches.rows().flat_map(|row| row.chunks(32)).map(word));
    }
    start
}

fn append(buffer: &mut Vec<u32>, values: impl Iterator<Item = u32>) -> usize {
    let start = buffer.len();
    buffer.extend(values);
    start
}
