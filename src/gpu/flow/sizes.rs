//! What a dispatch is told, and the sizes of a flow's arrays, as the shaders see them (`shaders/shared/flow/`).

use super::kernels::FlowSlot;
use crate::kernels::SOFTWARE_TURNS;
use crate::neuralrg::{Flow, Symmetry};
use bytemuck::{Pod, Zeroable};
use std::ops::Range;

/// How work is shared out to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Lanes of a workgroup that goes through blocks.
    pub(super) lanes: usize,
    /// Workgroups of a batch, where each may have as many configurations as it likes: every one leaves a gradient of its own, which memory and Adam have to bear.
    groups: usize,
    /// Whether lanes keep the parameters of a coupling.
    pub(super) keeps: bool,
    /// Whether its driver ends loops early.
    is_software: bool,
}

/// On graphics cards.
pub(super) const CARD: Shape = Shape { lanes: 64, groups: 512, keeps: false, is_software: false };
/// On software adapters, where a barrier costs by the lane, and a load as much as many products.
pub(super) const SOFTWARE: Shape = Shape { lanes: 32, groups: 32, keeps: true, is_software: true };

/// Configurations that are drawn or evaluated at a time, where a batch has fewer.
const ROWS: usize = 1024;
/// Quads of parameters that are added up at a time (`shaders/shared/flow/gradient_sum.wgsl`).
const AT_ONCE: usize = 8;
/// Most quads of parameters of a coupling: every lane has a gradient of them.
pub(super) const MOST_QUADS: usize = 512;

/// Twin of `FlowTask`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shaders declare them")]
pub struct FlowTask {
    pub side: u32,
    pub sites: u32,
    pub rows: u32,
    pub each: u32,
    pub first_block: u32,
    pub blocks: u32,
    pub starts: u32,
    pub first_slice: u32,
    pub slices: u32,
    pub quads: u32,
    pub key0: u32,
    pub key1: u32,
    pub step: u32,
    pub first: u32,
    pub of_energy: f32,
    pub of_score: f32,
    pub share: f32,
    pub of_ln_det: f32,
    pub rate: f32,
    pub kept: f32,
    pub scale: f32,
    pub kick: f32,
    pub drift: f32,
    pub first_row: u32,
    pub joins: u32,
}

/// The nets of couplings, and the couplings of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) hidden: usize,
    pub(super) depth: usize,
    pub(super) layers: usize,
    pub(super) symmetry: Symmetry,
}

impl Form {
    /// Quads of units of a hidden layer.
    pub(super) fn units(self) -> usize {
        self.hidden.div_ceil(4)
    }

    /// Quads of parameters of a layer after the first.
    pub(super) fn layer(self) -> usize {
        self.units() * (4 * self.units() + 1)
    }

    /// Where those of a net's last layer begin.
    pub(super) fn last(self) -> usize {
        3 * self.units() + (self.depth - 1) * self.layer()
    }

    /// Quads of parameters of a net.
    pub(super) fn net(self) -> usize {
        self.last() + 2 * self.units()
    }

    /// Quads of parameters of a coupling.
    pub(super) fn coupling(self) -> usize {
        2 + 2 * self.net()
    }

    /// Turns of loops, at most, that a lane takes for both nets of a coupling, there and back.
    fn turns(self) -> usize {
        let units = self.units();
        2 * (4 * units + 3 * (self.depth - 1) * units * (units + 1)) + 1
    }
}

/// Rows of a configuration that a flow learns from: in a mixture its image is one too.
fn rows_of(symmetry: Symmetry) -> usize {
    match symmetry {
        Symmetry::Odd => 1,
        Symmetry::Mixture => 2,
    }
}

/// Sizes of a flow's arrays, and how its work is shared out.
#[derive(Debug, Clone)]
pub(super) struct Sizes {
    pub(super) form: Form,
    pub(super) side: usize,
    pub(super) sites: usize,
    /// Most configurations at a time, and those of a batch.
    pub(super) rows: usize,
    pub(super) batch: usize,
    /// First patch and number of patches of every block.
    pub(super) blocks: Vec<[u32; 2]>,
    /// Sites of every patch.
    pub(super) patches: Vec<[u32; 4]>,
    pub(super) shape: Shape,
}

impl Sizes {
    pub(super) fn of(flow: &Flow<f32>, batch: usize, shape: Shape) -> Self {
        let architecture = flow.architecture();
        let mut first = 0;
        let mut place = |patches: &Vec<[u32; 4]>| {
            let place = [first, patches.len() as u32];
            first += place[1];
            place
        };
        Self {
            form: Form {
                hidden: architecture.hidden,
                depth: architecture.depth,
                layers: architecture.layers,
                symmetry: architecture.symmetry,
            },
            side: architecture.size as usize,
            sites: flow.stack().sites(),
            rows: (rows_of(architecture.symmetry) * batch).max(ROWS),
            batch,
            blocks: flow.stack().blocks().iter().map(&mut place).collect(),
            patches: flow.stack().blocks().concat(),
            shape,
        }
    }

    /// Quads of parameters of the flow.
    pub(super) fn quads(&self) -> usize {
        self.blocks.len() * self.form.layers * self.form.coupling()
    }

    /// Turns of loops of an invocation, at most, for a block of configurations of a workgroup.
    fn block_turns(&self, block: usize, each: usize) -> usize {
        let Self { form, shape: Shape { lanes, .. }, .. } = *self;
        let items = (each * self.blocks[block][1] as usize).div_ceil(lanes);
        let shares =
            2 * form.coupling() + form.coupling().div_ceil(AT_ONCE) * (2 * AT_ONCE + lanes / AT_ONCE + 1);
        form.layers * (items * (form.turns() + 2) + shares + 1) + 1
    }

    /// The same for their energies, and for the start of a way through the blocks.
    fn energy_turns(&self, each: usize) -> usize {
        let items = (each * self.sites).div_ceil(self.shape.lanes);
        4 * (items + 4) * (self.side + 1)
    }

    /// Configurations of a workgroup, of so many in all.
    pub(super) fn each(&self, rows: usize) -> usize {
        let wanted = rows.div_ceil(self.shape.groups).max(1);
        match self.shape.is_software {
            true => (1..=wanted).rev().find(|&each| self.fits(each)).unwrap_or(1),
            false => wanted,
        }
    }

    /// Whether software adapters end no loop too early.
    pub(super) fn fits(&self, each: usize) -> bool {
        let turns = (0..self.blocks.len()).map(|block| self.block_turns(block, each));
        !self.shape.is_software || turns.chain([self.energy_turns(each)]).all(|turns| turns <= SOFTWARE_TURNS)
    }

    /// Blocks of every dispatch of a way through all of them, from the field on: one dispatch, but for software adapters, which would end its loops too early.
    pub(super) fn spans(&self, each: usize) -> Vec<Range<usize>> {
        // The start of a way comes on top.
        let start = self.energy_turns(each) / self.side;
        let mut spans: Vec<Range<usize>> = Vec::new();
        let mut turns = 0;
        for block in 0..self.blocks.len() {
            let more = self.block_turns(block, each);
            match spans.last_mut() {
                Some(span) if !self.shape.is_software || turns + more <= SOFTWARE_TURNS => {
                    span.end = block + 1;
                    turns += more;
                }
                _ => {
                    spans.push(block..block + 1);
                    turns = start + more;
                }
            }
        }
        spans
    }

    /// Arrays and their words.
    pub(super) fn wanted(&self) -> Vec<(FlowSlot, usize)> {
        use FlowSlot::*;
        let (numbers, parameters) = (self.rows * self.sites, 4 * self.quads());
        // Configurations of the flow and those given have workgroups of their own.
        let slices = (rows_of(self.form.symmetry) * self.batch).div_ceil(self.each(self.batch)) + 1;
        vec![
            (Parameters, parameters),
            (Blocks, 2 * self.blocks.len()),
            (Patches, 4 * self.patches.len()),
            (X, numbers),
            (Score, numbers),
            (LnQ, numbers / 4),
            (Slopes, numbers),
            (Turned, numbers),
            (Waves, self.sites),
            (Inverse, self.sites),
            (Energies, numbers / 4),
            (Partials, slices * parameters),
            (Means, parameters),
            (Squares, parameters),
            (Momenta, numbers),
            (Places, numbers),
            (Shares, self.rows),
        ]
    }

    /// A dispatch of so many rows, of which workgroups have some each, with all blocks and energies.
    pub(super) fn task(&self, rows: usize, each: usize) -> FlowTask {
        let [side, sites, blocks, quads] = [self.side, self.sites, self.blocks.len(), self.quads()];
        let [side, sites, blocks, quads, rows, each, slices] =
            [side, sites, blocks, quads, rows, each, rows.div_ceil(each)].map(|size| size as u32);
        let task = FlowTask { side, sites, rows, each, blocks, slices, quads, ..FlowTask::default() };
        FlowTask { starts: 1, of_energy: 1.0, share: 1.0, ..task }
    }
}
