//! How many workgroups a kernel needs.

use super::Gpu;
use crate::kernels::{Kernel, Shape, Spread};

/// Workgroups that fit into one dimension of a dispatch.
const MAX_GROUPS: usize = 65_535;

impl Gpu {
    /// Workgroups of a dispatch of a kernel, as its description says.
    pub(super) fn workgroups(&self, kernel: Kernel, shape: Shape, part: usize) -> usize {
        let spread = Spread {
            variant: self.variant(kernel, shape),
            slices: kernel.level().map_or(1, |level| self.buffers.tables.levels[level].slices),
            parameters: self.buffers.part(kernel, part).len(),
        };
        kernel.workgroups(&self.model, self.batch, &spread)
    }
}

/// Workgroups in x and y; shaders undo it with `group_index`.
pub(super) fn fold(groups: usize) -> [u32; 3] {
    let rows = groups.div_ceil(MAX_GROUPS).max(1);
    [groups.div_ceil(rows) as u32, rows as u32, 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_dispatches_cover_all_workgroups_within_the_limit() {
        for groups in [1, 64, 65_535, 65_536, 65_537, 1 << 20, 100_000_007] {
            let [x, y, z] = fold(groups).map(|n| n as usize);
            assert!(x <= MAX_GROUPS && y <= MAX_GROUPS && z == 1);
            assert!(x * y >= groups && x * y - groups < y, "{groups} workgroups as {x} x {y}");
        }
    }
}
