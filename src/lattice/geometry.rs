//! Lattices: sites, bonds, and the numbers that follow from them.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Smallest side of a lattice.
pub const MIN_SIDE: u32 = 2;
/// Largest side of a lattice.
pub const MAX_SIDE: u32 = 1024;

/// Which sites are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LatticeKind {
    /// Rows and columns: every site has a bond to its right and one to the site below it.
    #[default]
    Square,
    /// As square, with a bond along the diagonal to the site below and to the right: six neighbours, and triangles all of
    /// whose bonds an antiferromagnet cannot satisfy.
    Triangular,
}

/// Steps from a site to the neighbours that its bonds lead to: rows down, columns to the right.
type Steps = &'static [[u32; 2]];

impl LatticeKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Square, Self::Triangular];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Square => "square",
            Self::Triangular => "triangular",
        }
    }

    fn steps(self) -> Steps {
        match self {
            Self::Square => &[[0, 1], [1, 0]],
            Self::Triangular => &[[0, 1], [1, 0], [1, 1]],
        }
    }
}

/// A lattice of `side` x `side` sites with periodic boundaries. Site (row, column) has index `row * side + column`.
///
/// Every bond counts on every side: at side 2 two bonds join the same pair of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lattice {
    kind: LatticeKind,
    side: u32,
}

impl Lattice {
    /// A lattice of a kind and side.
    ///
    /// # Errors
    /// When `side` is not in [`MIN_SIDE`]..=[`MAX_SIDE`].
    pub fn new(kind: LatticeKind, side: u32) -> Result<Self> {
        if (MIN_SIDE..=MAX_SIDE).contains(&side) {
            Ok(Self { kind, side })
        } else {
            Err(Error::setting("size", side, format!("it must lie in {MIN_SIDE} to {MAX_SIDE}")))
        }
    }

    /// The square lattice of a side.
    ///
    /// # Errors
    /// As [`Lattice::new`].
    pub fn square(side: u32) -> Result<Self> {
        Self::new(LatticeKind::Square, side)
    }

    /// The triangular lattice of a side.
    ///
    /// # Errors
    /// As [`Lattice::new`].
    pub fn triangular(side: u32) -> Result<Self> {
        Self::new(LatticeKind::Triangular, side)
    }

    /// Which sites are neighbours.
    pub fn kind(self) -> LatticeKind {
        self.kind
    }

    /// Sites along one side.
    pub fn side(self) -> u32 {
        self.side
    }

    /// Lengths of the axes of an array of spins.
    pub fn shape(self) -> [usize; 2] {
        [self.side as usize; 2]
    }

    /// Number of sites.
    pub fn sites(self) -> usize {
        (self.side as usize).pow(2)
    }

    /// Index of the site at a row and column, both taken modulo the side.
    pub fn site(self, row: u32, column: u32) -> u32 {
        (row % self.side) * self.side + column % self.side
    }

    /// Steps in rows and columns from a site along its own bonds: right, down, and on the triangular lattice down-right. The
    /// lattice's axes lie along them.
    pub fn steps(self) -> &'static [[u32; 2]] {
        self.kind.steps()
    }

    /// Neighbours of a site, counted with their bonds.
    pub fn coordination(self) -> usize {
        2 * self.bonds_per_site()
    }

    /// Bonds for every site.
    pub fn bonds_per_site(self) -> usize {
        self.steps().len()
    }

    /// All bonds, each once, as pairs of sites: of every site in order, those along its [`steps`](Self::steps).
    pub fn bonds(self) -> impl Iterator<Item = [u32; 2]> {
        (0..self.side).flat_map(move |row| {
            (0..self.side).flat_map(move |column| {
                let bond = move |&[i, j]: &[u32; 2]| [self.site(row, column), self.site(row + i, column + j)];
                self.steps().iter().map(bond)
            })
        })
    }

    /// Neighbours of a site, one for every bond: for every step backwards and forwards, first those of the last step.
    pub fn neighbours(self, site: u32) -> impl Iterator<Item = u32> {
        let (row, column) = (site / self.side, site % self.side);
        self.steps().iter().rev().flat_map(move |&[i, j]| {
            [self.site(row + i, column + j), self.site(row + self.side - i, column + self.side - j)]
        })
    }

    /// Whether every second site can be up and the others down so that no two neighbours are alike: whether an antiferromagnet
    /// can satisfy all bonds.
    pub fn is_bipartite(self) -> bool {
        match self.kind {
            LatticeKind::Square => self.side.is_multiple_of(2),
            LatticeKind::Triangular => false,
        }
    }

    /// Fewest colours of sites of which no two of one colour are neighbours, on an even side: two of a checkerboard, or four of every
    /// second site of every second row.
    pub fn colours(self) -> usize {
        match self.kind {
            LatticeKind::Square => 2,
            LatticeKind::Triangular => 4,
        }
    }

    /// Row and column of site number `number` of a colour, in order.
    pub fn site_of_colour(self, colour: u32, number: u32) -> [u32; 2] {
        let (line, place) = (number / (self.side / 2), number % (self.side / 2));
        match self.kind {
            LatticeKind::Square => [line, 2 * place + ((line + colour) & 1)],
            LatticeKind::Triangular => [2 * line + colour / 2, 2 * place + (colour & 1)],
        }
    }

    /// Whether rows can be reversed alone, and columns alone, without breaking a bond. Both together always can.
    pub fn has_mirrors(self) -> bool {
        match self.kind {
            LatticeKind::Square => true,
            LatticeKind::Triangular => false,
        }
    }

    /// `|k|^2` of the longest wave along an axis as the lattice's Laplacian has it, in units of the distance of neighbours:
    /// `4 sin^2(pi / L)`, and 4/3 of that on the triangular lattice, whose lines are closer than its sites.
    pub fn smallest_wave_number_squared(self) -> f64 {
        let along_axis = 4.0 * (std::f64::consts::PI / f64::from(self.side)).sin().powi(2);
        match self.kind {
            LatticeKind::Square => along_axis,
            LatticeKind::Triangular => along_axis * 4.0 / 3.0,
        }
    }

    /// Sum of `s_i s_j` over all bonds of one configuration (`spins[site]` = +-1): an exact integer.
    pub fn bond_sum(self, spins: &[i8]) -> i64 {
        self.bonds().map(|[a, b]| i64::from(spins[a as usize] * spins[b as usize])).sum()
    }
}

/// `16 x 16`, and `triangular 16 x 16`.
impl std::fmt::Display for Lattice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.kind != LatticeKind::Square {
            write!(f, "{} ", self.kind.name())?;
        }
        write!(f, "{0} x {0}", self.side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn side_must_be_in_range() {
        for kind in LatticeKind::ALL {
            for side in [0, 1, 1025, 2048] {
                assert!(Lattice::new(kind, side).is_err(), "side {side} must be refused");
            }
            for side in [2, 3, 4, 100, 1024] {
                assert_eq!(Lattice::new(kind, side).unwrap().sites(), (side * side) as usize);
            }
        }
    }

    #[test]
    fn every_site_has_its_neighbours_and_no_bond_appears_twice() {
        for kind in LatticeKind::ALL {
            let lattice = Lattice::new(kind, 8).unwrap();
            let mut neighbours = vec![BTreeSet::new(); lattice.sites()];
            for [a, b] in lattice.bonds() {
                assert!(neighbours[a as usize].insert(b), "bond {a}-{b} listed twice");
                assert!(neighbours[b as usize].insert(a), "bond {a}-{b} listed twice");
            }
            assert_eq!(lattice.bonds().count(), lattice.bonds_per_site() * lattice.sites());
            for (site, neighbours) in (0..).zip(neighbours) {
                assert_eq!(neighbours.len(), lattice.coordination());
                assert_eq!(neighbours, lattice.neighbours(site).collect());
            }
        }
    }

    #[test]
    fn sites_of_a_colour_are_no_neighbours_and_colours_cover_the_lattice() {
        for kind in LatticeKind::ALL {
            let lattice = Lattice::new(kind, 8).unwrap();
            let mut colours = vec![None; lattice.sites()];
            for colour in 0..lattice.colours() as u32 {
                for number in 0..(lattice.sites() / lattice.colours()) as u32 {
                    let [row, column] = lattice.site_of_colour(colour, number);
                    let before = colours[lattice.site(row, column) as usize].replace(colour);
                    assert_eq!(before, None, "row {row}, column {column} twice");
                }
            }
            for [a, b] in lattice.bonds() {
                assert_ne!(colours[a as usize], colours[b as usize], "{a} and {b} are neighbours");
            }
        }
    }

    #[test]
    fn the_smallest_wave_number_is_that_of_the_continuum_on_large_lattices() {
        // Lines of sites are sqrt(3)/2 apart on the triangular lattice.
        let continuum = |distance: f64| (std::f64::consts::TAU / (distance * 1024.0)).powi(2);
        let [square, triangular] =
            LatticeKind::ALL.map(|kind| Lattice::new(kind, 1024).unwrap().smallest_wave_number_squared());
        assert!((square / continuum(1.0) - 1.0).abs() < 1e-5);
        assert!((triangular / continuum(0.75_f64.sqrt()) - 1.0).abs() < 1e-5);
    }
}
