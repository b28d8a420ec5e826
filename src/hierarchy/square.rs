//! The square lattice on a torus: a boundary of one row and one column, then squares split by their crosses
//! (arXiv:2203.10989, section II; boundary layout of the authors' code).

use super::{Bond, Hierarchy, Level};
use crate::lattice::Torus;

impl Hierarchy {
    /// Boundary (row 0, then column 0), then squares of side L, L/2, ..., 2.
    ///
    /// A square of side l at corner (r, c) has interior width `w = l - 1`. Its border is the `4 w` sites around the
    /// interior without corners (top, right, bottom, left); its own sites are the cross: the middle column top to
    /// bottom, then the middle row left to right without the centre.
    pub fn square_torus(torus: Torus) -> Self {
        let mut levels = vec![boundary(torus)];
        let mut side = torus.side();
        while side >= 2 {
            levels.push(squares(torus, side));
            side /= 2;
        }
        Self { sites: torus.sites(), levels }
    }
}

fn boundary(torus: Torus) -> Level {
    let side = torus.side();
    let row = (0..side).map(|column| torus.site(0, column));
    let column = (1..side).map(|row| torus.site(row, 0));
    // Both lines are rings through site (0, 0), which is local index 0.
    let ring = |first: u32| {
        let member = move |step: u32| if step == 0 { 0 } else { first + step - 1 };
        (1..side)
            .map(move |step| Bond { earlier: member(step - 1), later: member(step) })
            .chain([Bond { earlier: 0, later: member(side - 1) }])
    };
    Level {
        name: "boundary",
        side,
        blocks: 1,
        border: 0,
        own: 2 * side as usize - 1,
        sites: row.chain(column).collect(),
        bonds: ring(1).chain(ring(side)).collect(),
        children_per_block: 1,
        children: vec![0],
    }
}

fn squares(torus: Torus, side: u32) -> Level {
    let (per_row, width, half) = (torus.side() / side, side - 1, side / 2);
    let mut sites = Vec::new();
    let mut children = Vec::new();
    for square in 0..per_row * per_row {
        let (row, column) = (square / per_row, square % per_row);
        let at = |i: u32, j: u32| torus.site(row * side + i, column * side + j);
        sites.extend((1..=width).map(|j| at(0, j)));
        sites.extend((1..=width).map(|i| at(i, side)));
        sites.extend((1..=width).map(|j| at(side, j)));
        sites.extend((1..=width).map(|i| at(i, 0)));
        sites.extend((1..=width).map(|i| at(i, half)));
        sites.extend((1..=width).filter(|&j| j != half).map(|j| at(half, j)));
        if side > 2 {
            for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                children.push((2 * row + i) * 2 * per_row + 2 * column + j);
            }
        }
    }
    Level {
        name: "square",
        side,
        blocks: (per_row * per_row) as usize,
        border: 4 * width as usize,
        own: 2 * width as usize - 1,
        sites,
        bonds: cross_bonds(side),
        children_per_block: if side > 2 { 4 } else { 0 },
        children,
    }
}

/// The l bonds along the middle column and the l along the middle row, border ends included.
fn cross_bonds(side: u32) -> Vec<Bond> {
    let (width, half) = (side - 1, side / 2);
    let border = 4 * width;
    let (top, right, bottom, left) = (0, width, 2 * width, 3 * width);
    let column = |i: u32| match i {
        0 => top + half - 1,
        i if i == side => bottom + half - 1,
        i => border + i - 1,
    };
    let row = |j: u32| match j {
        0 => left + half - 1,
        j if j == side => right + half - 1,
        j if j == half => border + half - 1,
        j => border + width + j - 1 - u32::from(j > half),
    };
    let bond = |a: u32, b: u32| Bond { earlier: a.min(b), later: a.max(b) };
    let along_column = (0..side).map(|i| bond(column(i), column(i + 1)));
    let along_row = (0..side).map(|j| bond(row(j), row(j + 1)));
    along_column.chain(along_row).collect()
}
