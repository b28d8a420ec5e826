//! Factors of exact boxes as their sums need them: those of all boxes of a level, or of every bond on its own.

use super::tile::Lane;
use super::{LANES, Real};
use crate::conditional::{BoxFactors, ColourFactors, WeightedBoxFactors};
use crate::hierarchy::Level;
use crate::lattice::{Interaction, Spins, System};

/// Factors of the boxes of a level at an inverse temperature.
#[derive(Debug)]
pub(crate) enum LevelFactors {
    /// The same for all.
    Alike(BoxFactors),
    /// Every bond has its own.
    Weighted(WeightedBoxFactors),
    /// The same for all boxes of colours.
    Colours(ColourFactors),
}

impl LevelFactors {
    pub(crate) fn new(level: &Level, system: &System, beta: f64) -> Self {
        match (system.spins, level.is_weighted()) {
            (Spins::Potts { .. }, _) => Self::Colours(ColourFactors::new(level, system.interaction, beta)),
            (Spins::Ising, false) => Self::Alike(BoxFactors::new(level, system.interaction, beta)),
            (Spins::Ising, true) => Self::Weighted(WeightedBoxFactors::new(level, system, beta)),
        }
    }

    /// ln Z of a box is this plus the logarithm of the scaled sum.
    pub(crate) fn scale(&self, block: u32) -> f64 {
        match self {
            Self::Alike(factors) => factors.scale,
            Self::Weighted(factors) => factors.scales[block as usize],
            Self::Colours(factors) => factors.scale,
        }
    }

    /// Logarithm of the scaled Boltzmann factor of a box's own spins.
    ///
    /// `sums` are the owned bond sum and spin sum: integers, so that nothing large cancels.
    pub(crate) fn ln_factor(&self, interaction: Interaction, beta: f64, block: u32, sums: [i32; 2]) -> f64 {
        let Interaction { coupling, field } = interaction;
        beta * coupling * f64::from(sums[0]) + beta * field * f64::from(sums[1]) - self.scale(block)
    }
}

/// Factors of a bond in every lane, between different and between equal spins.
type Bond<R> = [Lane<R>; 2];

/// Factors of a new spin by its value and that of the spin above it, `[spin][above]`.
pub(crate) type Factors<F> = [[F; 2]; 2];

/// Factors of one site of a box, in every lane those of its block.
#[derive(Debug, Clone)]
pub(crate) struct SiteFactors<R> {
    /// Along every axis, of the bonds to the neighbours before and after it; see [`WeightedBoxFactors::bonds`].
    bonds: [[Bond<R>; 2]; 3],
    /// Factors of the field on a spin -1 and +1.
    field: [Lane<R>; 2],
}

impl<R: Real> SiteFactors<R> {
    /// Without couplings, without a field.
    pub(crate) fn one() -> Self {
        let one = [R::one(); LANES];
        Self { bonds: [[[one; 2]; 2]; 3], field: [one; 2] }
    }

    /// Takes the factors of all sites, in every lane those of its block.
    pub(crate) fn load(sites: &mut [Self], factors: &WeightedBoxFactors, blocks: &[u32; LANES]) {
        let own = sites.len();
        let axes = factors.bonds.len() / factors.fields.len();
        for (number, site) in sites.iter_mut().enumerate() {
            for (lane, &block) in blocks.iter().enumerate() {
                let at = block as usize * own + number;
                for (spin, factor) in factors.fields[at].into_iter().enumerate() {
                    site.field[spin][lane] = R::of(factor);
                }
                let of_axes = &factors.bonds[at * axes..][..axes];
                for (bonds, of_axis) in site.bonds.iter_mut().zip(of_axes) {
                    for (bond, factors) in bonds.iter_mut().zip(of_axis) {
                        bond[0][lane] = R::of(factors[0]);
                        bond[1][lane] = R::of(factors[1]);
                    }
                }
            }
        }
    }

    /// Factors of the site's bonds to neighbours before it and of its field, by the spins of those that are bits of a state: bit 0 is that along its
    /// row, bit 1 that behind it. Neighbours of the border are given by their spins; in two dimensions nothing is behind a site.
    #[inline(always)]
    pub(crate) fn factors(
        &self,
        along_row: (usize, Option<&Lane<R>>),
        behind: Option<Option<&Lane<R>>>,
    ) -> [Factors<Lane<R>>; 4] {
        let [different, same] = &self.bonds[0][0];
        std::array::from_fn(
            #[inline(always)]
            |pattern| {
                let (axis, left) = along_row;
                let beside = to_neighbour(&self.bonds[axis][0], left, pattern & 1 == 1);
                let mut others = [product(&beside[0], &self.field[0]), product(&beside[1], &self.field[1])];
                if let Some(behind) = behind {
                    let of_depth = to_neighbour(&self.bonds[1][0], behind, pattern >> 1 == 1);
                    others = [product(&others[0], &of_depth[0]), product(&others[1], &of_depth[1])];
                }
                let [down, up] = others;
                [
                    [product(&down, same), product(&down, different)],
                    [product(&up, different), product(&up, same)],
                ]
            },
        )
    }

    /// Factors of the bond to the neighbour before the site along an axis, between -1, or +1, and its spins.
    #[inline(always)]
    pub(crate) fn bonds_before(&self, axis: usize, spins: &Lane<R>) -> [Lane<R>; 2] {
        to_spins(&self.bonds[axis][0], spins)
    }

    /// The same of the neighbour after it.
    #[inline(always)]
    pub(crate) fn bonds_after(&self, axis: usize, spins: &Lane<R>) -> [Lane<R>; 2] {
        to_spins(&self.bonds[axis][1], spins)
    }
}

#[inline(always)]
fn product<R: Real>(a: &Lane<R>, b: &Lane<R>) -> Lane<R> {
    std::array::from_fn(
        #[inline(always)]
        |lane| a[lane] * b[lane],
    )
}

/// Factors of the bond between a spin -1, or +1, and a neighbour: a border spin in every lane, or one value for all.
#[inline(always)]
fn to_neighbour<R: Real>(bond: &Bond<R>, border: Option<&Lane<R>>, is_up: bool) -> [Lane<R>; 2] {
    let [different, same] = *bond;
    match border {
        Some(spins) => to_spins(bond, spins),
        None if is_up => [different, same],
        None => [same, different],
    }
}

#[inline(always)]
fn to_spins<R: Real>([different, same]: &Bond<R>, spins: &Lane<R>) -> [Lane<R>; 2] {
    [choose(spins, different, same), choose(spins, same, different)]
}

#[inline(always)]
fn choose<R: Real>(spins: &Lane<R>, if_up: &Lane<R>, if_down: &Lane<R>) -> Lane<R> {
    std::array::from_fn(
        #[inline(always)]
        |lane| if spins[lane] > R::zero() { if_up[lane] } else { if_down[lane] },
    )
}
