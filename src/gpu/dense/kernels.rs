//! The kernels of dense nets: their shaders, what they bind and how many workgroups they need. Their twins are methods of [`Cpu`](crate::dense::Cpu).

use super::super::grid::fold;
use super::super::registry::Specialisation;
use super::super::tasks::tile::{self, SLICES, SOFTWARE_SLICES, STAGED, TILE};
use super::sizes::{Task, Units};
use crate::kernels::{Access, LANES, shader};

/// A kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    Forward,
    Softmax,
    Backward,
    Learn,
}

/// A buffer, by the number of its binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "what they hold is said where the shaders declare them")]
pub enum DenseSlot {
    Units = 1,
    Values = 2,
    Classes = 3,
    Slopes = 4,
    Parameters = 5,
    Means = 6,
    Squares = 7,
}

impl Kernel {
    pub(super) const ALL: [Self; 4] = [Self::Forward, Self::Softmax, Self::Backward, Self::Learn];

    /// Its name and the text of its shader.
    fn shader(self) -> (&'static str, &'static str) {
        match self {
            Self::Forward => ("forward", shader!("dense/forward")),
            Self::Softmax => ("softmax", shader!("dense/softmax")),
            Self::Backward => ("backward", shader!("dense/backward")),
            Self::Learn => ("learn", shader!("dense/learn")),
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.shader().0
    }

    /// The buffers that it reads and writes beside its task.
    pub(super) fn bindings(self) -> Vec<(DenseSlot, Access)> {
        use DenseSlot::*;
        let (reads, writes): (&[DenseSlot], &[DenseSlot]) = match self {
            Self::Forward => (&[Units, Parameters], &[Values]),
            Self::Softmax => (&[Units, Values, Classes], &[Slopes]),
            Self::Backward => (&[Units, Values, Parameters], &[Slopes]),
            Self::Learn => (&[Units, Values, Slopes], &[Parameters, Means, Squares]),
        };
        let read = reads.iter().map(|&slot| (slot, Access::Read));
        read.chain(writes.iter().map(|&slot| (slot, Access::Write))).collect()
    }

    /// Its shader, where so many slices of a workgroup share a tile.
    pub(super) fn specialisation(self, slices: usize) -> Specialisation {
        let (name, file) = self.shader();
        let constants = match self {
            Self::Softmax => vec![("LANES", LANES)],
            Self::Forward | Self::Backward | Self::Learn => tile::constants(slices),
        };
        Specialisation::plain(name, file, constants)
    }

    /// Blocks of sources in the product of a dispatch, where a layer says how many.
    pub(super) fn blocks(self, task: &Task, units: &[Units]) -> u32 {
        let (layer, block) = (task.layer as usize, STAGED as u32);
        match self {
            // The 1 behind the units is a source too.
            Self::Forward => (units[layer].count + 1).div_ceil(block),
            Self::Backward => units[layer + 1].count.div_ceil(block),
            Self::Softmax | Self::Learn => 0,
        }
    }

    /// Workgroups of a dispatch.
    pub(super) fn groups(self, task: &Task, units: &[Units]) -> [u32; 3] {
        let (rows, layer) = (task.rows as usize, task.layer as usize);
        let words = |level: usize| (units[level].count as usize).div_ceil(STAGED);
        fold(match self {
            Self::Forward => rows.div_ceil(TILE) * words(layer + 1),
            Self::Softmax => rows.div_ceil(LANES),
            Self::Backward => rows.div_ceil(TILE) * words(layer),
            Self::Learn => task.tiles as usize,
        })
    }
}

/// Every specialisation: for tests that validate them all.
pub(in crate::gpu) fn specialisations() -> impl Iterator<Item = Specialisation> {
    let of_kernel = |kernel: Kernel| [SLICES, SOFTWARE_SLICES].map(|slices| kernel.specialisation(slices));
    Kernel::ALL.into_iter().flat_map(of_kernel)
}
