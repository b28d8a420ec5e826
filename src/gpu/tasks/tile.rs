//! The tile of products as the host sees it (`shaders/shared/product/tile.wgsl`).

use crate::kernels::Constants;

/// Rows of a tile.
pub(in crate::gpu) const TILE: usize = 64;
/// Its targets, and the sources that a workgroup stages at a time.
pub(in crate::gpu) const STAGED: usize = 32;
/// Turns of all loops of an invocation for [`STAGED`] sources, at most.
pub(super) const TURNS: usize = 24;

/// Lanes that share the sources of a tile in slices, on graphics cards: where tiles are few, a card has more to do at a time.
pub(in crate::gpu) const SLICES: usize = 4;
/// The same on software adapters, where a barrier costs by the lane.
pub(in crate::gpu) const SOFTWARE_SLICES: usize = 1;

/// Constants of a kernel whose workgroups have a tile each, shared by so many slices.
pub(in crate::gpu) fn constants(slices: usize) -> Constants {
    vec![("LANES", TILE * slices), ("SLICES", slices)]
}
