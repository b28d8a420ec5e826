//! What a dispatch is told, and where the numbers of a net are, as the shaders see them (`shaders/shared/dense/units.wgsl`).

use super::kernels::DenseSlot;
use crate::dense::{DECAY, FLOOR, Net, corrections};
use crate::gpu::tasks::tile::{STAGED, TILE};
use bytemuck::{Pod, Zeroable};

/// Most rows that are read at a time, where a step has fewer.
const ROWS: usize = 1024;
/// Words of inputs that wait for their dispatches, where one batch has fewer.
const WORDS: usize = 1 << 22;

/// Twin of `Task`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shaders declare them")]
pub struct Task {
    pub rows: u32,
    pub first: u32,
    pub layers: u32,
    pub layer: u32,
    pub blocks: u32,
    pub tiles: u32,
    pub share: f32,
    pub rate: f32,
    pub kept: f32,
    pub rest: f32,
    pub kept_square: f32,
    pub rest_square: f32,
    pub correction: f32,
    pub correction_square: f32,
    pub floor: f32,
}

impl Task {
    /// The same for a step of Adam, counted from 1.
    pub(super) fn at(self, rate: f64, step: i32) -> Self {
        let [kept, kept_square] = DECAY;
        let [correction, correction_square] = corrections(step);
        // Subtracted in f64: at f32, 1 - 0.999 would be wrong in its fifth digit.
        let [rest, rest_square] = [1.0 - kept, 1.0 - kept_square];
        Self {
            rate: rate as f32,
            kept: kept as f32,
            rest: rest as f32,
            kept_square: kept_square as f32,
            rest_square: rest_square as f32,
            correction: correction as f32,
            correction_square: correction_square as f32,
            floor: FLOOR as f32,
            ..self
        }
    }
}

/// Twin of `Units`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shaders declare them")]
pub struct Units {
    pub count: u32,
    pub stride: u32,
    pub values: u32,
    pub slopes: u32,
    pub parameters: u32,
    pub first_tile: u32,
}

/// Sizes of a net's arrays.
#[derive(Debug)]
pub(super) struct Sizes {
    /// From the inputs to the classes.
    pub(super) units: Vec<Units>,
    /// Most rows of a dispatch.
    pub(super) rows: usize,
    /// Rows of inputs that wait for their dispatches, at most.
    pub(super) waiting: usize,
    /// Tiles of all weights.
    tiles: usize,
    /// Words of values, of slopes and of parameters.
    values: usize,
    slopes: usize,
    parameters: usize,
}

impl Sizes {
    /// Sizes where a step learns from so many rows at most.
    pub(super) fn of(net: &Net, batch: usize) -> Self {
        let stride = |count: usize| (count + 1).next_multiple_of(TILE);
        let at_once = WORDS / stride(net.widths[0]);
        let rows = at_once.clamp(1, ROWS).max(batch);
        let mut sizes = Self {
            units: Vec::new(),
            rows,
            waiting: at_once.max(rows),
            tiles: 0,
            values: 0,
            slopes: 0,
            parameters: 0,
        };
        // Places beyond 32 bits lie in buffers that no device has, which are refused before a kernel sees them.
        let word = |size: usize| size as u32;
        for (level, &count) in net.widths.iter().enumerate() {
            sizes.units.push(Units {
                count: word(count),
                stride: word(stride(count)),
                values: word(sizes.values),
                slopes: word(sizes.slopes),
                parameters: word(sizes.parameters),
                first_tile: word(sizes.tiles),
            });
            // Inputs have no slopes, classes no weights.
            let is_input = level == 0;
            sizes.values += stride(count) * if is_input { sizes.waiting } else { rows };
            sizes.slopes += stride(count) * if is_input { 0 } else { rows };
            if let Some(&above) = net.widths.get(level + 1) {
                sizes.parameters += stride(count) * stride(above);
                sizes.tiles += stride(count) / TILE * above.div_ceil(STAGED);
            }
        }
        sizes
    }

    /// Arrays and their words.
    pub(super) fn wanted(&self) -> Vec<(DenseSlot, usize)> {
        vec![
            (DenseSlot::Units, size_of::<Units>() / 4 * self.units.len()),
            (DenseSlot::Values, self.values),
            (DenseSlot::Classes, self.waiting),
            (DenseSlot::Slopes, self.slopes),
            (DenseSlot::Parameters, self.parameters),
            (DenseSlot::Means, self.parameters),
            (DenseSlot::Squares, self.parameters),
        ]
    }

    /// Layers of weights.
    pub(super) fn layers(&self) -> usize {
        self.units.len() - 1
    }

    /// A dispatch of rows of inputs from a place on, each with a share in a mean.
    pub(super) fn task(&self, rows: usize, first: usize, share: f64) -> Task {
        Task {
            rows: rows as u32,
            first: first as u32,
            layers: self.layers() as u32,
            tiles: self.tiles as u32,
            share: share as f32,
            ..Task::default()
        }
    }
}
