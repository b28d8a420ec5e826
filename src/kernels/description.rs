//! What is said of a kernel, each in one place: its file gives a [`Description`], and whatever runs, binds, specialises or counts
//! kernels reads it there.

use super::axis::{Axis, Choice, LaneRows, Variant};
use super::shape::LANES;
use super::slot::{Access, Slot};
use crate::conditional::{Conditional, MaskedNet, Model, PairHead, Storage};
use crate::hierarchy::{Layers, Level};
use crate::lattice::Spins;
use crate::mps::Scratch;
use serde::Serialize;

/// A kernel, but for its twin: that is the function `run` of its file, which the table of kernels calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Description {
    /// Name of the kernel, of its file and of its shader.
    pub(crate) name: &'static str,
    /// The folder of both.
    pub(crate) phase: Phase,
    /// Text of the shader, by the macro `shader!`.
    pub(crate) shader: &'static str,
    /// Whether it draws configurations from the network.
    pub(crate) draws: bool,
    /// Arrays that it only reads.
    pub(crate) reads: &'static [Slot],
    /// Arrays that it writes, and perhaps reads.
    pub(crate) writes: &'static [Slot],
    /// Arrays that it writes as well where nets are kept in 16 bits.
    pub(crate) writes_with_f16: &'static [Slot],
    /// Whether it goes through parameters number by number: then it is dispatched once for each part of them that can be bound.
    pub(crate) in_parts: bool,
    /// Axes of variants that its shader names, as the head of the shader says.
    pub(crate) axes: &'static [Axis],
    /// Constants of its shader, as the head of the shader says.
    pub(crate) constants: fn(&Choice) -> Constants,
    /// How much work it is, and for how many workgroups.
    pub(crate) work: Work,
}

/// Names and values, in the order in which a shader gets them.
pub(crate) type Constants = Vec<(&'static str, usize)>;

/// Cost and workgroups of a kernel, by what it works on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// Whole configurations, or the parameters of all levels.
    Whole {
        /// Cost of one run.
        cost: fn(&Whole<'_>) -> Cost,
        /// Workgroups of one dispatch.
        workgroups: fn(&Whole<'_>, &Spread) -> usize,
    },
    /// The blocks of one level.
    Level {
        /// Cost of one run.
        cost: fn(&OnLevel<'_>) -> Cost,
        /// Workgroups of one dispatch.
        workgroups: fn(&OnLevel<'_>, &Spread) -> usize,
    },
    /// The net of one level. There is nothing to do on levels without one.
    Net {
        /// Cost of one run.
        cost: fn(&OnNet<'_>) -> Cost,
        /// Workgroups of one dispatch.
        workgroups: fn(&OnNet<'_>, &Spread) -> usize,
    },
}

/// A batch of whole configurations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole<'a> {
    pub(crate) model: &'a Model,
    pub(crate) batch: usize,
    /// Rows of all levels.
    pub(crate) rows: usize,
}

impl<'a> Whole<'a> {
    pub(super) fn new(model: &'a Model, batch: usize) -> Self {
        Self { model, batch, rows: model.hierarchy.blocks() * batch }
    }

    /// Spins of the batch.
    pub(crate) fn spins(&self) -> usize {
        self.model.hierarchy.sites * self.batch
    }
}

/// The blocks of a level in a batch of configurations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OnLevel<'a> {
    pub(crate) model: &'a Model,
    pub(crate) geometry: &'a Level,
    conditional: &'a Conditional,
    pub(crate) rows: usize,
}

impl<'a> OnLevel<'a> {
    pub(super) fn new(model: &'a Model, batch: usize, level: usize) -> Self {
        let (geometry, conditional) = (&model.hierarchy.levels[level], &model.levels[level].conditional);
        Self { model, geometry, conditional, rows: geometry.blocks * batch }
    }

    /// The head over pairs of sites, if the level has one.
    pub(crate) fn pair_head(&self) -> Option<&'a PairHead> {
        self.conditional.pair_head()
    }

    /// Parameters of its conditional.
    pub(crate) fn parameters(&self) -> usize {
        self.conditional.parameters()
    }

    /// Operations of the transfer over an exact box: both values of every pair of states are two products, a sum and a factor.
    pub(crate) fn transfer_operations(&self) -> usize {
        let of_box = |layers: Layers| match self.model.system.spins {
            Spins::Ising => (4 * layers.sites()) << layers.bits,
            // A sum over the colours above is one for all new colours.
            Spins::Potts { states } => 4 * layers.sites() * usize::from(states).pow(layers.bits as u32),
        };
        self.conditional.exact_box().map_or(0, of_box)
    }

    /// Workgroups that share the boxes of a tensor network.
    pub(crate) fn tensor_workers(&self) -> usize {
        Scratch::of_level(self.model, self.conditional).map_or(0, |scratch| scratch.workers(self.rows))
    }

    /// Operations of a matrix product state on the inside of a box.
    pub(crate) fn tensor_operations(&self) -> usize {
        OPERATIONS_OF_BONDS * self.geometry.own * self.model.options.bond_dimension.pow(3)
    }
}

/// Operations of a matrix product state on a site, over the third power of its bonds' states, counted at 8 states.
const OPERATIONS_OF_BONDS: usize = 224;

/// The net of a level in a batch of configurations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OnNet<'a> {
    pub(crate) net: &'a MaskedNet,
    /// Images included.
    pub(crate) rows: usize,
    /// Rows that are images.
    images: usize,
    /// The hidden layer, for kernels that work on one.
    pub(crate) layer: usize,
    storage: Storage,
}

impl<'a> OnNet<'a> {
    /// Nothing where the level has no net.
    pub(super) fn new(model: &'a Model, batch: usize, place: Place) -> Option<Self> {
        let on = OnLevel::new(model, batch, place.level);
        let net = on.conditional.net()?;
        let images = (on.geometry.images - 1) * on.rows;
        Some(Self { net, rows: on.rows + images, images, layer: place.layer, storage: model.storage })
    }

    /// Without images.
    pub(crate) fn blocks(self) -> Self {
        Self { rows: self.rows - self.images, images: 0, ..self }
    }

    /// Images alone.
    pub(crate) fn images(self) -> Self {
        Self { rows: self.images, ..self }
    }

    /// Words of hidden state, or of parameters that nets compute with.
    pub(crate) fn kept(&self, values: usize) -> usize {
        match self.storage {
            Storage::F32 => values,
            Storage::F16 => values.div_ceil(2),
        }
    }

    /// Words of a row's inputs, which are kept as bits.
    pub(crate) fn input_words(&self) -> usize {
        self.net.input_numbers().div_ceil(32)
    }

    /// Hidden units of all layers.
    pub(crate) fn hidden(&self) -> usize {
        self.net.depth * self.net.units()
    }

    /// Multiply-adds and words of a row, and words that all rows share.
    pub(crate) fn cost(&self, multiply_adds: usize, per_row: usize, once: usize) -> Cost {
        Cost { operations: 2 * self.rows * multiply_adds, words: self.rows * per_row + once }
    }
}

/// How a device spreads a kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) variant: Variant,
    /// Slices of the level's rows that give partial gradients.
    pub(crate) slices: usize,
    /// Parameters that the dispatch goes through, if it goes through them.
    pub(crate) parameters: usize,
}

/// Work of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Floating point operations of products and of exact squares.
    pub(crate) operations: usize,
    /// Words moved if each array is read and written once.
    pub(crate) words: usize,
}

impl Cost {
    pub(super) const NONE: Self = Self { operations: 0, words: 0 };

    /// Words alone.
    pub(crate) fn moving(words: usize) -> Self {
        Self { operations: 0, words }
    }

    /// Operations and words of each row.
    pub(crate) fn of_rows(rows: usize, operations: usize, words: usize) -> Self {
        Self { operations: rows * operations, words: rows * words }
    }
}

/// Which of a kernel's many: 0 where it has no such number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) level: usize,
    /// Hidden layer.
    pub(crate) layer: usize,
    /// Colour of sites.
    pub(crate) colour: u32,
}

impl Place {
    pub(super) const FIRST: Self = Self { level: 0, layer: 0, colour: 0 };
}

/// Part of a training step, or of another use. Its name is a folder of `shaders/` and of `src/kernels/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Drawing or summing out spins, with ln q.
    Sample,
    /// Energies, rewards, advantages.
    Reward,
    /// The gradient.
    Backward,
    /// The new parameters.
    Optimise,
    /// Markov chains and what is observed in configurations; no part of a training step.
    MonteCarlo,
}

impl Phase {
    /// For people, and for folders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Reward => "reward",
            Self::Backward => "backward",
            Self::Optimise => "optimise",
            Self::MonteCarlo => "monte_carlo",
        }
    }
}

/// Workgroups of the usual size for a number of lanes.
pub(crate) fn groups_of(lanes: usize) -> usize {
    lanes.div_ceil(LANES)
}

/// Constants of a shader with workgroups of the usual size.
pub(crate) fn lanes_and<const N: usize>(others: [(&'static str, usize); N]) -> Constants {
    [("LANES", LANES)].into_iter().chain(others).collect()
}

/// The usual constants, and those of exact boxes.
pub(crate) fn box_constants(choice: &Choice) -> Constants {
    let Layers { row, bits, layers, dimensions } = choice.options.exact_box(choice.lattice);
    let mut constants =
        lanes_and([("DIMENSIONS", dimensions), ("ROW", row), ("BITS", bits), ("LAYERS", layers)]);
    if let Spins::Potts { states } = choice.variant.spins {
        constants.push(("ROW_STATES", usize::from(states).saturating_pow(bits as u32)));
    }
    constants
}

impl Description {
    /// Whether it computes with the parameters of its level's net, which are at two bindings where one does not hold them.
    pub(crate) fn sees_parameters_of_nets(&self) -> bool {
        self.axes.contains(&Axis::Parts)
    }

    /// Where it is open how many rows a lane works on, what decides it.
    pub(crate) fn lane_rows(&self) -> Option<LaneRows> {
        self.axes.iter().find_map(|axis| match axis {
            Axis::Rows(decided) => Some(*decided),
            _ => None,
        })
    }

    /// The buffers that it binds; `split` where one binding does not hold the parameters of its level.
    pub(crate) fn bindings(&self, storage: Storage, split: bool) -> Vec<(Slot, Access)> {
        let read = |&slot: &Slot| match slot {
            Slot::Level | Slot::Step => (slot, Access::Uniform),
            _ => (slot, Access::Read),
        };
        let with_f16: &[Slot] = match storage {
            Storage::F32 => &[],
            Storage::F16 => self.writes_with_f16,
        };
        let written = self.writes.iter().chain(with_f16).map(|&slot| (slot, Access::Write));
        let whole = self.reads.iter().map(read).chain(written);
        if split && self.sees_parameters_of_nets() {
            whole.flat_map(in_two).collect()
        } else {
            whole.collect()
        }
    }
}

/// The same with a second binding for what nets compute with and for their gradient; weights are not read in quads then.
fn in_two((slot, access): (Slot, Access)) -> Vec<(Slot, Access)> {
    match slot {
        Slot::NetParameters => vec![(slot, access), (Slot::NetParametersUpper, access)],
        Slot::Partials => vec![(slot, access), (Slot::PartialsUpper, access)],
        Slot::NetQuads => Vec::new(),
        _ => vec![(slot, access)],
    }
}
