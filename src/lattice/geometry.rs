//! Lattices: sites, bonds, and the numbers that follow from them.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Smallest side of a lattice.
pub const MIN_SIDE: u32 = 2;
/// Largest side of a lattice in two dimensions.
pub const MAX_SIDE: u32 = 1024;
/// Largest side in three dimensions.
const MAX_CUBIC_SIDE: u32 = 64;

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
    /// Planes, rows and columns: every site has a bond to its right, one to the site below it and one to the plane behind: six
    /// neighbours.
    Cubic,
}

/// Plane, row and column of a site; in two dimensions the plane is 0.
pub type Place = [u32; 3];

impl LatticeKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Square, Self::Triangular, Self::Cubic];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Square => "square",
            Self::Triangular => "triangular",
            Self::Cubic => "cubic",
        }
    }

    fn steps(self) -> &'static [Place] {
        match self {
            Self::Square => &[[0, 0, 1], [0, 1, 0]],
            Self::Triangular => &[[0, 0, 1], [0, 1, 0], [0, 1, 1]],
            Self::Cubic => &[[0, 0, 1], [0, 1, 0], [1, 0, 0]],
        }
    }

    /// Axes of the lattice, 2 or 3.
    pub fn dimensions(self) -> usize {
        match self {
            Self::Square | Self::Triangular => 2,
            Self::Cubic => 3,
        }
    }

    /// Largest side.
    pub fn max_side(self) -> u32 {
        if self.dimensions() == 2 { MAX_SIDE } else { MAX_CUBIC_SIDE }
    }
}

/// A lattice of equal sides with periodic boundaries. The site at (plane, row, column) has index
/// `(plane * side + row) * side + column`; in two dimensions there is one plane.
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
    /// When `side` is not in [`MIN_SIDE`]..=[`LatticeKind::max_side`].
    pub fn new(kind: LatticeKind, side: u32) -> Result<Self> {
        let largest = kind.max_side();
        if (MIN_SIDE..=largest).contains(&side) {
            Ok(Self { kind, side })
        } else {
            Err(Error::setting("size", side, format!("it must lie in {MIN_SIDE} to {largest}")))
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

    /// The cubic lattice of a side.
    ///
    /// # Errors
    /// As [`Lattice::new`].
    pub fn cubic(side: u32) -> Result<Self> {
        Self::new(LatticeKind::Cubic, side)
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
    pub fn shape(self) -> Vec<usize> {
        vec![self.side as usize; self.dimensions()]
    }

    /// Axes, 2 or 3.
    pub fn dimensions(self) -> usize {
        self.kind.dimensions()
    }

    /// Planes: 1 in two dimensions.
    pub fn planes(self) -> u32 {
        if self.dimensions() == 3 { self.side } else { 1 }
    }

    /// The places in a [`Place`] of the axes that the lattice has.
    pub fn axes(self) -> std::ops::Range<usize> {
        3 - self.dimensions()..3
    }

    /// Number of sites.
    pub fn sites(self) -> usize {
        (self.side as usize).pow(self.dimensions() as u32)
    }

    /// Index of the site at a place, every coordinate taken modulo the side.
    pub fn site(self, [plane, row, column]: Place) -> u32 {
        ((plane % self.planes()) * self.side + row % self.side) * self.side + column % self.side
    }

    /// The place of a site.
    pub fn place(self, site: u32) -> Place {
        [site / (self.side * self.side), site / self.side % self.side, site % self.side]
    }

    /// The largest number of steps along an axis from one site to another, the shorter way around.
    pub fn steps_between(self, a: u32, b: u32) -> u32 {
        let (a, b) = (self.place(a), self.place(b));
        let along = |axis: usize| {
            let steps = a[axis].abs_diff(b[axis]);
            steps.min(self.side - steps)
        };
        along(0).max(along(1)).max(along(2))
    }

    /// Steps from a site along its own bonds: right, down, on the triangular lattice down-right and on the cubic one to the plane behind.
    /// The lattice's axes lie along them.
    pub fn steps(self) -> &'static [Place] {
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
        (0..self.sites() as u32).flat_map(move |site| {
            let [plane, row, column] = self.place(site);
            let bond = move |&[i, j, k]: &Place| [site, self.site([plane + i, row + j, column + k])];
            self.steps().iter().map(bond)
        })
    }

    /// Neighbours of a site, one for every bond: for every step backwards and forwards, first those of the last step.
    pub fn neighbours(self, site: u32) -> impl Iterator<Item = u32> {
        let [plane, row, column] = self.place(site);
        self.steps().iter().rev().flat_map(move |&[i, j, k]| {
            let side = self.side;
            let forwards = [plane + i, row + j, column + k];
            [self.site(forwards), self.site([plane + side - i, row + side - j, column + side - k])]
        })
    }

    /// Whether every second site can be up and the others down so that no two neighbours are alike: whether an antiferromagnet
    /// can satisfy all bonds.
    pub fn is_bipartite(self) -> bool {
        match self.kind {
            LatticeKind::Square | LatticeKind::Cubic => self.side.is_multiple_of(2),
            LatticeKind::Triangular => false,
        }
    }

    /// Fewest colours of sites of which no two of one colour are neighbours, on an even side: two of a checkerboard, or four of every
    /// second site of every second row.
    pub fn colours(self) -> usize {
        match self.kind {
            LatticeKind::Square | LatticeKind::Cubic => 2,
            LatticeKind::Triangular => 4,
        }
    }

    /// Site number `number` of a colour, in order.
    pub fn site_of_colour(self, colour: u32, number: u32) -> u32 {
        let (line, place) = (number / (self.side / 2), number % (self.side / 2));
        let [plane, row] = [line / self.side, line % self.side];
        self.site(match self.kind {
            LatticeKind::Square | LatticeKind::Cubic => {
                [plane, row, 2 * place + ((plane + row + colour) & 1)]
            }
            LatticeKind::Triangular => [0, 2 * line + colour / 2, 2 * place + (colour & 1)],
        })
    }

    /// Whether every axis can be reversed alone without breaking a bond. All together always can.
    pub fn has_mirrors(self) -> bool {
        match self.kind {
            LatticeKind::Square | LatticeKind::Cubic => true,
            LatticeKind::Triangular => false,
        }
    }

    /// `|k|^2` of the longest wave along an axis as the lattice's Laplacian has it, in units of the distance of neighbours:
    /// `4 sin^2(pi / L)`, and 4/3 of that on the triangular lattice, whose lines are closer than its sites.
    pub fn smallest_wave_number_squared(self) -> f64 {
        let along_axis = 4.0 * (std::f64::consts::PI / f64::from(self.side)).sin().powi(2);
        match self.kind {
            LatticeKind::Square | LatticeKind::Cubic => along_axis,
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
        let sides: Vec<String> = self.shape().iter().map(usize::to_string).collect();
        write!(f, "{}", sides.join(" x "))
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
                let lattice = Lattice::new(kind, side.min(kind.max_side())).unwrap();
                assert_eq!(lattice.sites(), (lattice.side() as usize).pow(kind.dimensions() as u32));
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
                    let site = lattice.site_of_colour(colour, number);
                    let before = colours[site as usize].replace(colour);
                    assert_eq!(before, None, "site {site} twice");
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
        let [square, triangular] = [Lattice::square(1024), Lattice::triangular(1024)]
            .map(|lattice| lattice.unwrap().smallest_wave_number_squared());
        assert!((square / continuum(1.0) - 1.0).abs() < 1e-5);
        assert!((triangular / continuum(0.75_f64.sqrt()) - 1.0).abs() < 1e-5);
    }
}
