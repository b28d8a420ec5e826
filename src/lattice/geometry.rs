//! Lattices: sites, bonds, and the numbers that follow from them.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Smallest side of a lattice.
pub const MIN_SIDE: u32 = 2;
/// Largest side of a lattice in two dimensions.
pub const MAX_SIDE: u32 = 1024;
/// Largest side in three dimensions.
const MAX_CUBIC_SIDE: u32 = 64;
/// Most sites that are all neighbours of one another.
const MAX_COMPLETE_SITES: u32 = 1024;
/// Most sites of a chain: the logarithm of its partition function is at most 2^28 then, which exponents of 32 bits span.
const MAX_CHAIN_SITES: u32 = 1 << 20;

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
    /// Every site has a bond to every other one. There is one axis, along which sites are counted, and the side is their number.
    Complete,
    /// One closed line: every site has a bond to the next one, and the side is the number of sites.
    Chain,
}

/// Plane, row and column of a site; in two dimensions the plane is 0, and with one axis the column is the site.
pub type Place = [u32; 3];

impl LatticeKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Square, Self::Triangular, Self::Cubic, Self::Complete, Self::Chain];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Square => "square",
            Self::Triangular => "triangular",
            Self::Cubic => "cubic",
            Self::Complete => "complete",
            Self::Chain => "chain",
        }
    }

    /// None where neighbours are not told by steps.
    fn steps(self) -> &'static [Place] {
        match self {
            Self::Square => &[[0, 0, 1], [0, 1, 0]],
            Self::Triangular => &[[0, 0, 1], [0, 1, 0], [0, 1, 1]],
            Self::Cubic => &[[0, 0, 1], [0, 1, 0], [1, 0, 0]],
            Self::Complete => &[],
            Self::Chain => &[[0, 0, 1]],
        }
    }

    /// Axes of the lattice: 2 or 3, and 1 of a chain and where all sites are neighbours.
    pub fn dimensions(self) -> usize {
        match self {
            Self::Complete | Self::Chain => 1,
            Self::Square | Self::Triangular => 2,
            Self::Cubic => 3,
        }
    }

    /// Largest side.
    pub fn max_side(self) -> u32 {
        match self {
            Self::Square | Self::Triangular => MAX_SIDE,
            Self::Cubic => MAX_CUBIC_SIDE,
            Self::Complete => MAX_COMPLETE_SITES,
            Self::Chain => MAX_CHAIN_SITES,
        }
    }
}

/// A lattice of equal sides with periodic boundaries, a chain among them, or sites that are all neighbours of one another. The site at (plane, row, column) has index
/// `(plane * side + row) * side + column`; in two dimensions there is one plane.
///
/// Every bond of a periodic lattice counts on every side: at side 2 two bonds join the same pair of sites.
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

    /// Sites that are all neighbours of one another.
    ///
    /// # Errors
    /// As [`Lattice::new`].
    pub fn complete(sites: u32) -> Result<Self> {
        Self::new(LatticeKind::Complete, sites)
    }

    /// A closed chain of sites.
    ///
    /// # Errors
    /// As [`Lattice::new`].
    pub fn chain(sites: u32) -> Result<Self> {
        Self::new(LatticeKind::Chain, sites)
    }

    /// Which sites are neighbours.
    pub fn kind(self) -> LatticeKind {
        self.kind
    }

    /// Sites along one side; all of them where there is one axis.
    pub fn side(self) -> u32 {
        self.side
    }

    /// The square or the cubic lattice with so many axes of the same length.
    ///
    /// # Errors
    /// As [`Lattice::new`].
    pub fn of_shape(axes: usize, side: usize) -> Result<Self> {
        let kind = if axes == 3 { LatticeKind::Cubic } else { LatticeKind::Square };
        Self::new(kind, u32::try_from(side).unwrap_or(u32::MAX))
    }

    /// Lengths of the axes of an array of spins.
    pub fn shape(self) -> Vec<usize> {
        vec![self.side as usize; self.dimensions()]
    }

    /// Axes: [`LatticeKind::dimensions`].
    pub fn dimensions(self) -> usize {
        self.kind.dimensions()
    }

    /// Whether sites have places in space, so that there are distances, lines and moves.
    pub fn is_spatial(self) -> bool {
        self.kind != LatticeKind::Complete
    }

    /// Whether it is a chain, which has no network and no kernels, since it is solved.
    pub fn is_chain(self) -> bool {
        self.kind == LatticeKind::Chain
    }

    /// Planes: 1 in one and two dimensions.
    pub fn planes(self) -> u32 {
        if self.dimensions() == 3 { self.side } else { 1 }
    }

    fn rows(self) -> u32 {
        if self.dimensions() == 1 { 1 } else { self.side }
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
        ((plane % self.planes()) * self.rows() + row % self.rows()) * self.side + column % self.side
    }

    /// The place of a site.
    pub fn place(self, site: u32) -> Place {
        let row = site / self.side;
        [row / self.rows(), row % self.rows(), site % self.side]
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
    /// The lattice's axes lie along them. There are none where all sites are neighbours.
    pub fn steps(self) -> &'static [Place] {
        self.kind.steps()
    }

    /// Neighbours of a site, counted with their bonds.
    pub fn coordination(self) -> usize {
        if self.is_spatial() { 2 * self.steps().len() } else { self.sites() - 1 }
    }

    /// Number of bonds.
    pub fn bond_count(self) -> usize {
        self.sites() * self.coordination() / 2
    }

    /// All bonds, each once, as pairs of sites: of every site in order, those along its [`steps`](Self::steps), or those to later sites where all are
    /// neighbours.
    pub fn bonds(self) -> impl Iterator<Item = [u32; 2]> {
        let sites = self.sites() as u32;
        (0..sites).flat_map(move |site| {
            let [plane, row, column] = self.place(site);
            let along = move |&[i, j, k]: &Place| self.site([plane + i, row + j, column + k]);
            let later = if self.is_spatial() { sites..sites } else { site + 1..sites };
            self.steps().iter().map(along).chain(later).map(move |other| [site, other])
        })
    }

    /// Neighbours of a site, one for every bond: for every step backwards and forwards, first those of the last step; in order where all
    /// sites are neighbours.
    pub fn neighbours(self, site: u32) -> impl Iterator<Item = u32> {
        let [plane, row, column] = self.place(site);
        let along = self.steps().iter().rev().flat_map(move |&[i, j, k]| {
            let side = self.side;
            let forwards = [plane + i, row + j, column + k];
            [self.site(forwards), self.site([plane + side - i, row + side - j, column + side - k])]
        });
        let others = if self.is_spatial() { 0..0 } else { 0..self.side };
        along.chain(others.filter(move |&other| other != site))
    }

    /// Numbers of a site's bonds in the order of [`Lattice::bonds`], one for every neighbour of [`Lattice::neighbours`].
    pub fn bonds_to_neighbours(self, site: u32) -> impl Iterator<Item = usize> {
        let steps = self.steps().len();
        self.neighbours(site).enumerate().map(move |(place, neighbour)| {
            if self.is_spatial() {
                // Neighbours alternate between those along a site's own bonds, the last first, and those whose bonds end there.
                let owner = if place.is_multiple_of(2) { site } else { neighbour };
                owner as usize * steps + (steps - 1 - place / 2)
            } else {
                self.bond_of_pair(site.min(neighbour), site.max(neighbour))
            }
        })
    }

    /// Number of the bond of two sites in order, where all sites are neighbours.
    fn bond_of_pair(self, first: u32, later: u32) -> usize {
        let [first, later] = [first, later].map(|site| site as usize);
        first * (2 * self.sites() - first - 1) / 2 + later - first - 1
    }

    /// Whether every second site can be up and the others down so that no two neighbours are alike: whether an antiferromagnet
    /// can satisfy all bonds.
    pub fn is_bipartite(self) -> bool {
        match self.kind {
            LatticeKind::Square | LatticeKind::Cubic | LatticeKind::Chain => self.side.is_multiple_of(2),
            LatticeKind::Triangular => false,
            LatticeKind::Complete => self.side == 2,
        }
    }

    /// Fewest colours of sites of which no two of one colour are neighbours, on an even side: two of a checkerboard, four of every
    /// second site of every second row, or as many as sites where all are neighbours.
    pub fn colours(self) -> usize {
        match self.kind {
            LatticeKind::Square | LatticeKind::Cubic | LatticeKind::Chain => 2,
            LatticeKind::Triangular => 4,
            LatticeKind::Complete => self.sites(),
        }
    }

    /// Site number `number` of a colour, in order.
    pub fn site_of_colour(self, colour: u32, number: u32) -> u32 {
        let (line, place) = (number / (self.side / 2), number % (self.side / 2));
        let [plane, row] = [line / self.side, line % self.side];
        self.site(match self.kind {
            LatticeKind::Square | LatticeKind::Cubic | LatticeKind::Chain => {
                [plane, row, 2 * place + ((plane + row + colour) & 1)]
            }
            LatticeKind::Triangular => [0, 2 * line + colour / 2, 2 * place + (colour & 1)],
            LatticeKind::Complete => [0, 0, colour],
        })
    }

    /// Whether every axis can be reversed alone without breaking a bond. All together always can.
    pub fn has_mirrors(self) -> bool {
        match self.kind {
            LatticeKind::Square | LatticeKind::Cubic | LatticeKind::Chain => true,
            LatticeKind::Triangular | LatticeKind::Complete => false,
        }
    }

    /// `|k|^2` of the longest wave along an axis as the lattice's Laplacian has it, in units of the distance of neighbours:
    /// `4 sin^2(pi / L)`, and 4/3 of that on the triangular lattice, whose lines are closer than its sites. NaN where there are no waves.
    pub fn smallest_wave_number_squared(self) -> f64 {
        let along_axis = 4.0 * (std::f64::consts::PI / f64::from(self.side)).sin().powi(2);
        match self.kind {
            LatticeKind::Square | LatticeKind::Cubic | LatticeKind::Chain => along_axis,
            LatticeKind::Triangular => along_axis * 4.0 / 3.0,
            LatticeKind::Complete => f64::NAN,
        }
    }

    /// Sum of `s_i s_j` over all bonds of one configuration (`spins[site]` = +-1): an exact integer.
    pub fn bond_sum(self, spins: &[i8]) -> i64 {
        self.bonds().map(|[a, b]| i64::from(spins[a as usize] * spins[b as usize])).sum()
    }
}

/// `16 x 16`, `triangular 16 x 16`, `complete 100` and `chain 100`.
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
            for side in [0, 1, kind.max_side() + 1, u32::MAX] {
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
            assert_eq!(lattice.bonds().count(), lattice.bond_count());
            let bonds: Vec<_> = lattice.bonds().collect();
            for (site, neighbours) in (0..).zip(neighbours) {
                assert_eq!(neighbours.len(), lattice.coordination());
                assert_eq!(neighbours, lattice.neighbours(site).collect());
                for (neighbour, bond) in lattice.neighbours(site).zip(lattice.bonds_to_neighbours(site)) {
                    let [a, b] = bonds[bond];
                    assert!([[a, b], [b, a]].contains(&[site, neighbour]), "{site} and {neighbour}");
                }
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
