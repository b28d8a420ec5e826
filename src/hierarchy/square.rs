//! The square lattice on a lattice: a boundary of one row and one column, then squares split by their crosses
//! (arXiv:2203.10989, section II; boundary layout of the authors' code).

use super::{Bond, Hierarchy, Level};
use crate::lattice::Lattice;

impl Hierarchy {
    /// Boundary (row 0, then column 0), then squares of side L, L/2, ..., `bottom`.
    ///
    /// A square of side l at corner (r, c) has interior width `w = l - 1`. Its border is the `4 w` sites around the
    /// interior without corners (top, right, bottom, left). Its own sites are the cross (the middle column top to
    /// bottom, then the middle row left to right without the centre); at the last level the whole interior, row by row.
    pub fn square(lattice: Lattice, bottom: u32) -> Self {
        let mut levels = vec![boundary(lattice)];
        let mut side = lattice.side();
        while side > bottom {
            levels.push(crosses(lattice, side));
            side /= 2;
        }
        levels.push(interiors(lattice, bottom));
        Self { sites: lattice.sites(), levels, has_bottom: true }.with_path_pairs(lattice.bonds())
    }
}

fn boundary(lattice: Lattice) -> Level {
    let side = lattice.side();
    let row = (0..side).map(|column| lattice.site([0, 0, column]));
    let column = (1..side).map(|row| lattice.site([0, row, 0]));
    // Both lines are rings through site (0, 0), which is local index 0.
    let ring = |first: u32| {
        let member = move |step: u32| if step == 0 { 0 } else { first + step - 1 };
        (1..side)
            .map(move |step| Bond { earlier: member(step - 1), later: member(step) })
            .chain([Bond { earlier: 0, later: member(side - 1) }])
    };
    Level {
        name: "boundary",
        extent: vec![side; 2],
        blocks: 1,
        tree_level: 0,
        images: 1,
        border: 0,
        own: 2 * side as usize - 1,
        sites: row.chain(column).collect(),
        bonds: ring(1).chain(ring(side)).collect(),
        bond_weights: Vec::new(),
        site_weights: Vec::new(),
        path_pairs: Vec::new(),
        neighbours: Vec::new(),
        children_per_block: 1,
        children: vec![0],
    }
}

/// Squares of one side, tiling the lattice.
struct Squares {
    lattice: Lattice,
    side: u32,
}

impl Squares {
    fn per_row(&self) -> u32 {
        self.lattice.side() / self.side
    }

    fn count(&self) -> u32 {
        self.per_row() * self.per_row()
    }

    /// Row and column of a square among squares.
    fn place(&self, square: u32) -> [u32; 2] {
        [square / self.per_row(), square % self.per_row()]
    }

    /// Lattice site at (i, j) counted from a square's corner.
    fn site(&self, square: u32, [i, j]: [u32; 2]) -> u32 {
        let [row, column] = self.place(square);
        self.lattice.site([0, row * self.side + i, column * self.side + j])
    }

    /// Places of the border, counted from the corner: top, right, bottom, left.
    fn border(&self) -> impl Iterator<Item = [u32; 2]> {
        let (side, inside) = (self.side, 1..self.side);
        let top = inside.clone().map(|j| [0, j]);
        let right = inside.clone().map(move |i| [i, side]);
        let bottom = inside.clone().map(move |j| [side, j]);
        top.chain(right).chain(bottom).chain(inside.map(|i| [i, 0]))
    }

    /// The level of these squares, own sites given by their places, without children.
    fn level(&self, own: &[[u32; 2]], bonds: Vec<Bond>) -> Level {
        Level {
            name: "square",
            extent: vec![self.side; 2],
            blocks: self.count() as usize,
            tree_level: 0,
            images: 1,
            border: 4 * (self.side as usize - 1),
            own: own.len(),
            sites: self.sites(own),
            bonds,
            bond_weights: Vec::new(),
            site_weights: Vec::new(),
            path_pairs: Vec::new(),
            neighbours: Vec::new(),
            children_per_block: 0,
            children: Vec::new(),
        }
    }

    /// `[squares][border + own]`, own sites given by their places.
    fn sites(&self, own: &[[u32; 2]]) -> Vec<u32> {
        let square =
            |square| self.border().chain(own.iter().copied()).map(move |place| self.site(square, place));
        (0..self.count()).flat_map(square).collect()
    }

    /// Local index of the border site at a place.
    fn border_index(&self, [i, j]: [u32; 2]) -> u32 {
        let width = self.side - 1;
        match (i, j) {
            (0, j) => j - 1,
            (i, j) if j == self.side => width + i - 1,
            (i, j) if i == self.side => 2 * width + j - 1,
            (i, _) => 3 * width + i - 1,
        }
    }

    /// Local index of a place, where own sites are those of the interior.
    fn interior_index(&self, [i, j]: [u32; 2]) -> u32 {
        let (inside, width) = (1..self.side, self.side - 1);
        match inside.contains(&i) && inside.contains(&j) {
            true => 4 * width + (i - 1) * width + j - 1,
            false => self.border_index([i, j]),
        }
    }
}

fn crosses(lattice: Lattice, side: u32) -> Level {
    let squares = Squares { lattice, side };
    let half = side / 2;
    let column = (1..side).map(|i| [i, half]);
    let row = (1..side).filter(|&j| j != half).map(|j| [half, j]);
    let own: Vec<_> = column.chain(row).collect();
    let per_row = squares.per_row();
    let children = (0..squares.count()).flat_map(|square| {
        let [row, column] = squares.place(square);
        [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[i, j]| (2 * row + i) * 2 * per_row + 2 * column + j)
    });
    let level = squares.level(&own, cross_bonds(&squares));
    Level { children_per_block: 4, children: children.collect(), ..level }
}

fn interiors(lattice: Lattice, side: u32) -> Level {
    let squares = Squares { lattice, side };
    let own: Vec<_> = (1..side).flat_map(|i| (1..side).map(move |j| [i, j])).collect();
    let neighbours = if side > 2 { interior_neighbours(&squares) } else { Vec::new() };
    Level { neighbours, ..squares.level(&own, interior_bonds(&squares)) }
}

fn bond(a: u32, b: u32) -> Bond {
    Bond { earlier: a.min(b), later: a.max(b) }
}

/// The l bonds along the middle column and the l along the middle row, border ends included.
fn cross_bonds(squares: &Squares) -> Vec<Bond> {
    let (side, half) = (squares.side, squares.side / 2);
    let (width, border) = (side - 1, 4 * (side - 1));
    let column = |i: u32| match i {
        i if i == 0 || i == side => squares.border_index([i, half]),
        i => border + i - 1,
    };
    let row = |j: u32| match j {
        j if j == 0 || j == side => squares.border_index([half, j]),
        j if j == half => border + half - 1,
        j => border + width + j - 1 - u32::from(j > half),
    };
    let along_column = (0..side).map(|i| bond(column(i), column(i + 1)));
    let along_row = (0..side).map(|j| bond(row(j), row(j + 1)));
    along_column.chain(along_row).collect()
}

/// Neighbours of every site of the interior: above and below, left and right.
fn interior_neighbours(squares: &Squares) -> Vec<[u32; 2]> {
    let local = |i, j| squares.interior_index([i, j]);
    let inside = (1..squares.side).flat_map(|i| (1..squares.side).map(move |j| (i, j)));
    inside
        .flat_map(|(i, j)| [[local(i - 1, j), local(i + 1, j)], [local(i, j - 1), local(i, j + 1)]])
        .collect()
}

/// All bonds with an end in the interior.
fn interior_bonds(squares: &Squares) -> Vec<Bond> {
    let side = squares.side;
    let local = |i: u32, j: u32| squares.interior_index([i, j]);
    let lines = (1..side).flat_map(|line| (0..side).map(move |step| (line, step)));
    let pairs = lines.flat_map(|(line, step)| {
        [bond(local(line, step), local(line, step + 1)), bond(local(step, line), local(step + 1, line))]
    });
    pairs.collect()
}
