//! The kernels of machines: their shaders, what they bind and how many workgroups they need. Their twins are methods of [`Cpu`](crate::rbm::Cpu).

use super::super::grid::fold;
use super::super::registry::Specialisation;
use super::super::tasks::layout;
use super::super::tasks::tile::{self, SLICES, SOFTWARE_SLICES, TILE};
use super::task::{Task, WORD};
use crate::kernels::{Access, LANES, shader};
use wgpu::BindGroupLayoutEntry;

/// A kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    Hidden,
    Visible,
    ColourFields,
    Colours,
    Gradient,
    Biases,
    FreeEnergy,
    Conditionals,
    MeanHidden,
    MeanVisible,
    MeanColours,
}

/// A buffer, by the number of its binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "what they hold is said where the shaders declare them")]
pub enum MachineSlot {
    Data = 1,
    Rows = 2,
    Chains = 3,
    Weights = 4,
    VisibleBias = 5,
    HiddenBias = 6,
    Hidden = 7,
    Probabilities = 8,
    VisibleFields = 9,
    HiddenFields = 10,
    VisibleParts = 11,
    HiddenParts = 12,
    FreeEnergies = 13,
    Gains = 14,
    VisibleMeans = 15,
}

impl Kernel {
    pub(super) const ALL: [Self; 11] = [
        Self::Hidden,
        Self::Visible,
        Self::ColourFields,
        Self::Colours,
        Self::Gradient,
        Self::Biases,
        Self::FreeEnergy,
        Self::Conditionals,
        Self::MeanHidden,
        Self::MeanVisible,
        Self::MeanColours,
    ];

    /// Its name and the text of its shader.
    fn shader(self) -> (&'static str, &'static str) {
        match self {
            Self::Hidden => ("hidden", shader!("rbm/hidden")),
            Self::Visible => ("visible", shader!("rbm/visible")),
            Self::ColourFields => ("colour_fields", shader!("rbm/colour_fields")),
            Self::Colours => ("colours", shader!("rbm/colours")),
            Self::Gradient => ("gradient", shader!("rbm/gradient")),
            Self::Biases => ("biases", shader!("rbm/biases")),
            Self::FreeEnergy => ("free_energy", shader!("rbm/free_energy")),
            Self::Conditionals => ("conditionals", shader!("rbm/conditionals")),
            Self::MeanHidden => ("mean_hidden", shader!("rbm/mean_hidden")),
            Self::MeanVisible => ("mean_visible", shader!("rbm/mean_visible")),
            Self::MeanColours => ("mean_colours", shader!("rbm/mean_colours")),
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.shader().0
    }

    /// The buffers that it reads and writes beside its task.
    pub(super) fn bindings(self) -> Vec<(MachineSlot, Access)> {
        use MachineSlot::*;
        let (reads, writes): (&[MachineSlot], &[MachineSlot]) = match self {
            Self::Hidden => (&[Data, Rows, Chains, Weights, HiddenBias], &[Hidden, Probabilities]),
            Self::Visible => (&[Weights, VisibleBias, Hidden], &[Chains]),
            Self::ColourFields => (&[Weights, VisibleBias, Hidden], &[VisibleFields]),
            Self::Colours => (&[VisibleFields], &[Chains]),
            Self::Gradient => (&[Data, Rows, Chains, Probabilities], &[Weights, VisibleParts, HiddenParts]),
            Self::Biases => (&[VisibleParts, HiddenParts], &[VisibleBias, HiddenBias]),
            Self::FreeEnergy => (&[Chains, Weights, HiddenBias], &[HiddenFields, FreeEnergies]),
            Self::Conditionals => (&[Chains, Weights, HiddenFields], &[Gains]),
            Self::MeanHidden => (&[Weights, HiddenBias, VisibleMeans], &[Probabilities]),
            Self::MeanVisible => (&[Weights, VisibleBias, Probabilities], &[VisibleMeans]),
            Self::MeanColours => (&[], &[VisibleMeans]),
        };
        let read = reads.iter().map(|&slot| (slot, Access::Read));
        read.chain(writes.iter().map(|&slot| (slot, Access::Write))).collect()
    }

    /// Entries of the layout of its bind group.
    pub(super) fn layout(self) -> Vec<BindGroupLayoutEntry> {
        layout::<Task>(self.bindings().into_iter().map(|(slot, access)| (slot as u32, access)))
    }

    /// Its shader, where so many slices of a workgroup share a tile.
    pub(super) fn specialisation(self, slices: usize) -> Specialisation {
        let (name, file) = self.shader();
        let constants = match self {
            Self::Colours | Self::Biases | Self::Conditionals | Self::MeanColours => vec![("LANES", LANES)],
            Self::Hidden
            | Self::Visible
            | Self::ColourFields
            | Self::Gradient
            | Self::FreeEnergy
            | Self::MeanHidden
            | Self::MeanVisible => tile::constants(slices),
        };
        Specialisation::plain(name, file, constants)
    }

    /// Workgroups of a dispatch.
    pub(super) fn groups(self, task: &Task) -> [u32; 3] {
        let size = |number: u32| number as usize;
        let (rows, words) = (size(task.rows), size(task.hidden_words));
        fold(match self {
            Self::Hidden | Self::FreeEnergy | Self::MeanHidden => rows.div_ceil(TILE) * words,
            Self::Visible | Self::ColourFields | Self::MeanVisible => {
                rows.div_ceil(TILE) * size(task.visible_words)
            }
            Self::Colours => (rows * size(task.visible_words)).div_ceil(LANES),
            Self::Gradient => size(task.visible_stride) / TILE * words,
            Self::Biases => (size(task.visible_stride) + words * WORD).div_ceil(LANES),
            Self::Conditionals => {
                let sites = size(task.visible / task.colours).div_ceil(size(task.every));
                (rows * sites * size(task.colours)).div_ceil(LANES)
            }
            Self::MeanColours => (rows * size(task.visible / task.colours)).div_ceil(LANES),
        })
    }
}

/// Every specialisation: for tests that validate them all.
pub(in crate::gpu) fn specialisations() -> impl Iterator<Item = Specialisation> {
    let of_kernel = |kernel: Kernel| [SLICES, SOFTWARE_SLICES].map(|slices| kernel.specialisation(slices));
    Kernel::ALL.into_iter().flat_map(of_kernel)
}
