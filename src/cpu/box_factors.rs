//! Factors of exact boxes as their sums need them: those of all boxes of a level, or of every bond on its own.

use super::tile::Lane;
use super::{LANES, Real};
use crate::conditional::{BoxFactors, WeightedBoxFactors};
use crate::hierarchy::Level;
use crate::lattice::{Interaction, System};

/// Factors of the boxes of a level at an inverse temperature.
#[derive(Debug)]
pub(crate) enum LevelFactors {
    /// The same for all.
    Alike(BoxFactors),
    /// Of every bond its own.
    Weighted(WeightedBoxFactors),
}

impl LevelFactors {
    pub(crate) fn new(level: &Level, system: &System, beta: f64) -> Self {
        match level.is_weighted() {
            false => Self::Alike(BoxFactors::new(level, system.interaction, beta)),
            true => Self::Weighted(WeightedBoxFactors::new(level, system, beta)),
        }
    }

    /// ln Z of a box is this plus the logarithm of the scaled sum.
    pub(crate) fn scale(&self, block: u32) -> f64 {
        match self {
            Self::Alike(factors) => factors.scale,
            Self::Weighted(factors) => factors.scales[block as usize],
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
    /// Of a spin -1 and +1.
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
    /// row, bit 1 that behind it. `left` and `behind` tell in every lane whether a border spin in such a place is up; in two dimensions nothing is
    /// behind a site.
    #[inline(always)]
    pub(crate) fn factors(
        &self,
        dimensions: usize,
        left: Option<[bool; LANES]>,
        behind: Option<Option<[bool; LANES]>>,
    ) -> [Factors<Lane<R>>; 4] {
        let mut factors = [[[[R::one(); LANES]; 2]; 2]; 4];
        for (pattern, factors) in factors.iter_mut().enumerate() {
            for (spin, of_spin) in factors.iter_mut().enumerate() {
                let neighbour = |axis: usize, border: Option<[bool; LANES]>, bit: usize, lane: usize| {
                    let is_up = border.map_or(pattern >> bit & 1 == 1, |ups| ups[lane]);
                    self.bonds[axis][0][usize::from(is_up == (spin == 1))][lane]
                };
                for (above, lanes) in of_spin.iter_mut().enumerate() {
                    for (lane, factor) in lanes.iter_mut().enumerate() {
                        let of_column = self.bonds[0][0][usize::from(above == spin)][lane];
                        let beside = neighbour(dimensions - 1, left, 0, lane);
                        let of_depth = behind.map_or(R::one(), |behind| neighbour(1, behind, 1, lane));
                        *factor = of_column * beside * of_depth * self.field[spin][lane];
                    }
                }
            }
        }
        factors
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
fn to_spins<R: Real>([different, same]: &Bond<R>, spins: &Lane<R>) -> [Lane<R>; 2] {
    let choose = |if_up: &Lane<R>, if_down: &Lane<R>| {
        std::array::from_fn(|lane| if spins[lane] > R::zero() { if_up[lane] } else { if_down[lane] })
    };
    [choose(different, same), choose(same, different)]
}
