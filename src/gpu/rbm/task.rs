//! What a dispatch is told, and the sizes of a machine's arrays, as the shaders see them (`shaders/shared/rbm/task.wgsl`).

use crate::gpu::tasks::tile::TILE;
use crate::rbm::{Draw, Machine};
use bytemuck::{Pod, Zeroable};

/// Units of a word.
pub(super) const WORD: usize = 32;

/// Twin of `Task`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shaders declare them")]
pub struct Task {
    pub visible: u32,
    pub visible_words: u32,
    pub visible_stride: u32,
    pub hidden: u32,
    pub hidden_words: u32,
    pub colours: u32,
    pub rows: u32,
    pub given: u32,
    pub first_given: u32,
    pub told: u32,
    pub first_told: u32,
    pub drawn: u32,
    pub seed: u32,
    pub step: u32,
    pub stage: u32,
    pub first: u32,
    pub every: u32,
    pub scale: f32,
    pub share: f32,
    pub rate: f32,
    pub kept: f32,
}

impl Task {
    /// The same for a half step.
    pub(super) fn at(self, draw: Draw) -> Self {
        let Draw { seed, step, stage, first } = draw;
        Self { seed, step, stage, first, ..self }
    }
}

/// Sizes of a machine's arrays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) visible: usize,
    pub(super) visible_words: usize,
    /// Visible numbers in whole tiles.
    pub(super) visible_stride: usize,
    pub(super) hidden: usize,
    pub(super) hidden_words: usize,
    /// Hidden units in whole words.
    pub(super) hidden_stride: usize,
    /// Visible numbers of a site.
    pub(super) colours: usize,
}

impl Sizes {
    pub(super) fn of(machine: &Machine) -> Self {
        let (visible, hidden) = (machine.visible(), machine.hidden);
        Self {
            visible,
            visible_words: visible.div_ceil(WORD),
            visible_stride: visible.next_multiple_of(TILE),
            hidden,
            hidden_words: hidden.div_ceil(WORD),
            hidden_stride: hidden.next_multiple_of(WORD),
            colours: machine.spins.numbers(),
        }
    }

    /// A dispatch of rows that are chains, of which none is drawn and none leaves probabilities.
    pub(super) fn task(&self, rows: usize) -> Task {
        let [visible, visible_words, visible_stride, hidden, hidden_words, colours] = [
            self.visible,
            self.visible_words,
            self.visible_stride,
            self.hidden,
            self.hidden_words,
            self.colours,
        ]
        .map(|size| size as u32);
        Task {
            visible,
            visible_words,
            visible_stride,
            hidden,
            hidden_words,
            colours,
            rows: rows as u32,
            drawn: rows as u32,
            every: 1,
            scale: 1.0,
            ..Task::default()
        }
    }
}
