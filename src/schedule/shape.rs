//! How a level's forward pass is spread over a GPU.

/// Lanes of every workgroup.
pub(crate) const LANES: usize = 64;

/// Rows from which one lane per row keeps a GPU busy.
const MANY_ROWS: usize = 256 * LANES;

/// Kernel shape of `sample_level` and `evaluate_level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One lane per row: for software adapters, and for levels with many rows.
    Lane {
        /// Sites fixed together in registers.
        group: usize,
    },
    /// Lanes over hidden groups, a few rows per workgroup: for levels with few rows.
    Tile {
        /// Rows that share each weight load.
        rows: usize,
    },
}

impl Shape {
    /// One lane per row, with about 16 values of hidden state in registers.
    pub fn lane(width: usize) -> Self {
        Self::Lane { group: (16 / width).max(1) }
    }

    /// Lanes over hidden groups, with 8 to 16 values of hidden state per lane and layer.
    pub fn tile(width: usize) -> Self {
        Self::Tile { rows: (16 / width).clamp(1, 8) }
    }

    /// The shape for a level of `rows` rows. `software`: the adapter runs on the CPU.
    pub fn choose(software: bool, rows: usize, width: usize) -> Self {
        if software || rows >= MANY_ROWS { Self::lane(width) } else { Self::tile(width) }
    }

    /// Workgroups for a level of `rows` rows.
    pub fn workgroups(self, rows: usize) -> usize {
        match self {
            Self::Lane { .. } => rows.div_ceil(LANES),
            Self::Tile { rows: tile } => rows.div_ceil(tile),
        }
    }
}
