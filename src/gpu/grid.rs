//! How many workgroups a kernel needs.

use super::registry::{BACKWARD_UNITS, MOMENT_SLICES, square_side};
use super::{Gpu, tables};
use crate::schedule::{Kernel, LANES, QUAD, Shape};

/// Workgroups that fit into one dimension of a dispatch.
const MAX_GROUPS: usize = 65_535;

impl Gpu {
    /// Workgroups of a dispatch of a kernel, as the head of its shader says.
    pub(super) fn workgroups(&self, kernel: Kernel, shape: Shape, part: usize) -> usize {
        let of_part = self.buffers.part(kernel, part).len();
        match kernel {
            Kernel::Adam => return of_part.div_ceil(QUAD * LANES),
            Kernel::GradientSum { level } => return self.buffers.tables.levels[level].sum_groups(of_part),
            _ => (),
        }
        match kernel.level() {
            Some(level) => self.workgroups_on_level(kernel, level, shape),
            None => self.workgroups_on_all(kernel),
        }
    }

    fn workgroups_on_all(&self, kernel: Kernel) -> usize {
        let side = self.model.system.lattice.side() as usize;
        match kernel {
            Kernel::ConfigurationEnergy => self.batch.div_ceil(LANES),
            Kernel::Advantage | Kernel::Likelihood => {
                (self.model.hierarchy.blocks() * self.batch).div_ceil(LANES)
            }
            Kernel::UnpackSpins => (self.model.hierarchy.sites * self.batch).div_ceil(QUAD * LANES),
            Kernel::Observables => self.batch.div_ceil(LANES) * side,
            Kernel::Metropolis { .. } => {
                let lattice = self.model.system.lattice;
                self.batch.div_ceil(LANES) * lattice.sites() / (4 * lattice.colours())
            }
            // The rest reduce a whole array.
            _ => 1,
        }
    }

    fn workgroups_on_level(&self, kernel: Kernel, level: usize, shape: Shape) -> usize {
        let rows = self.model.hierarchy.levels[level].blocks * self.batch;
        let table = &self.buffers.tables.levels[level];
        let net = self.model.levels[level].conditional.net();
        let units = net.map_or(0, |net| net.units());
        let lane_rows = self.lane_rows(kernel, shape);
        let side = square_side(self.model.options);
        match kernel {
            Kernel::SampleLevel { .. } | Kernel::EvaluateLevel { .. } => {
                shape.workgroups(self.loads, rows, lane_rows)
            }
            Kernel::SampleHeatBath { .. }
            | Kernel::EvaluateHeatBath { .. }
            | Kernel::HeatBathFreeEnergy { .. }
            | Kernel::Energy { .. }
            | Kernel::Residual { .. } => rows.div_ceil(LANES),
            Kernel::Reward { .. } => rows.div_ceil(lane_rows * LANES),
            Kernel::SampleSquare { .. } => rows.div_ceil(self.drawing.squares(side)),
            Kernel::EvaluateSquare { .. } | Kernel::SquareFreeEnergy { .. } => {
                rows.div_ceil(self.square.squares(side))
            }
            Kernel::Moments { .. } => rows.div_ceil(LANES).min(MOMENT_SLICES),
            Kernel::BackwardOutput { .. } => {
                net.map_or(0, |net| (net.own * rows).div_ceil(lane_rows * LANES))
            }
            Kernel::BackwardHidden { .. } => {
                rows.div_ceil(lane_rows * LANES) * units.div_ceil(BACKWARD_UNITS)
            }
            Kernel::BackwardWeights { .. } => {
                net.map_or(0, |net| tables::jobs(net, self.weight_parts(Some(level))).len() * table.slices)
            }
            Kernel::BackwardSlope { .. } => self.model.options.depth * units * table.slices,
            // The regression's moments are few.
            _ => 1,
        }
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
