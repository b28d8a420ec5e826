//! Boxes whose inside is summed and drawn exactly, by a transfer over its sites: Boltzmann factors, scaled.

use crate::hierarchy::Level;
use crate::lattice::{Interaction, System};

/// Largest beta |J| and beta |H| for exact boxes: sums over a layer stay inside the range of f32. A row of 7 spins has 15 bonds to what is
/// fixed before, a layer of 9 spins has 33.
pub fn max_box_beta(dimensions: usize) -> f64 {
    if dimensions == 2 { 4.0 } else { 1.8 }
}

/// Most states of a row of Potts spins that sums over boxes keep: three sites of twelve colours have 1,728, seven of three 2,187.
pub const MOST_ROW_STATES: u64 = 2187;

/// Factors of bonds and spins, scaled so that the largest of a kind is nearly 1.
///
/// With `K = beta J` and `h = beta H`: `g exp(K s s' - |K|)` for a bond, `g' exp(K (s s' + s s'') - 2 |K|)` for the two bonds of a spin to
/// those that come before it (above it and to its left; in three dimensions three, also behind it), `g'' exp(h s - |h|)` for a spin. A sum over states is then near 1, and rounding does not grow with
/// beta. The `g` are between 0.5 and 1, such that the factors of a kind keep their ratios to 1e-9 and better when they are rounded to
/// f32: an error of a factor is the same in every square, and a large lattice has thousands. For the same reason no two factors
/// are ever multiplied with each other. What was divided out is `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BoxFactors {
    /// One bond, between different and between equal spins.
    pub bond: [f64; 2],
    /// The bonds of a spin to its earlier neighbours, one along every axis, by how many of them are between equal spins. In two
    /// dimensions the last is 0.
    pub earlier: [f64; 4],
    /// A spin in the field, -1 and +1.
    pub field: [f64; 2],
    /// ln Z of a box is this plus the logarithm of the scaled sum: `|K| bonds + |h| spins + rest`.
    pub scale: f64,
    /// The share of all `g` in `scale`: minus the logarithm of their product over bonds and spins.
    pub rest: f64,
}

impl BoxFactors {
    /// Factors at an inverse temperature, for the boxes of a level.
    pub fn new(level: &Level, interaction: Interaction, beta: f64) -> Self {
        let (bond, field) = (beta * interaction.coupling, beta * interaction.field);
        // Every spin has a bond to an earlier one along every axis; those that lead out of the box at its far faces are left.
        let (bonds, spins) = (level.bonds.len() as f64, level.own as f64);
        let axes = level.extent.len();
        let singles = bonds - axes as f64 * spins;
        let less = (-2.0 * bond.abs()).exp();
        let of_bond = well_rounded([less]);
        let of_earlier = match axes {
            2 => well_rounded([less, less * less]),
            _ => well_rounded([less, less * less, less * less * less]),
        };
        let of_spin = well_rounded([(-2.0 * field.abs()).exp()]);
        let rest = -of_bond.ln() * singles - of_earlier.ln() * spins - of_spin.ln() * spins;
        let earlier = |equal: usize| {
            let sum = bond * (2.0 * equal as f64 - axes as f64);
            if equal > axes { 0.0 } else { of_earlier * (sum - axes as f64 * bond.abs()).exp() }
        };
        Self {
            bond: [-bond, bond].map(|energy| of_bond * (energy - bond.abs()).exp()),
            earlier: std::array::from_fn(earlier),
            field: [-field, field].map(|energy| of_spin * (energy - field.abs()).exp()),
            scale: bond.abs() * bonds + field.abs() * spins + rest,
            rest,
        }
    }
}

/// The same for boxes whose bonds and sites have weights of their own: `exp(K s s' - |K|)` for a bond and `exp(h s - |h|)` for a spin. No two boxes
/// have the same factors, so rounding of these averages out, and products of them are rounded as others are.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedBoxFactors {
    /// `[blocks][own][axes]`: of the bonds to the neighbours before and after every site, as in [`Level::neighbour_weights`], each between different
    /// and between equal spins.
    pub bonds: Vec<[[f64; 2]; 2]>,
    /// `[blocks][own]`: of a spin -1 and +1.
    pub fields: Vec<[f64; 2]>,
    /// `[blocks]`: ln Z of a box is this plus the logarithm of the scaled sum.
    pub scales: Vec<f64>,
}

impl WeightedBoxFactors {
    /// Factors at an inverse temperature, for the boxes of a level.
    pub fn new(level: &Level, system: &System, beta: f64) -> Self {
        let Interaction { coupling, field } = system.interaction;
        let factors = |energy: f64| [-energy, energy].map(|energy| (energy - energy.abs()).exp());
        let [of_bond, of_site] =
            [coupling, field].map(|unit| move |weight: i32| beta * unit * f64::from(weight));
        let (mut bonds, mut fields, mut scales) = (Vec::new(), Vec::new(), Vec::new());
        for block in 0..level.blocks {
            let weights = level.neighbour_weights(block);
            let sites = (0..level.own).map(|own| level.site_weight(block, own));
            let of_bonds: f64 = weights.iter().flatten().map(|&weight| of_bond(weight).abs()).sum();
            scales.push(of_bonds + sites.clone().map(|weight| of_site(weight).abs()).sum::<f64>());
            bonds.extend(weights.iter().map(|both| both.map(|weight| factors(of_bond(weight)))));
            fields.extend(sites.map(|weight| factors(of_site(weight))));
        }
        Self { bonds, fields, scales }
    }
}

/// Factors of bonds and fields of Potts spins, scaled so that the largest of a kind is nearly 1: `g exp(K delta - max(K, 0))` for a bond, `g' exp(h delta - max(h, 0))` for a site, with
/// `K = beta J` and `h = beta H`. The `g` are as those of [`BoxFactors`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColourFactors {
    /// One bond, between different and between equal colours.
    pub bond: [f64; 2],
    /// The second less the first: a sum over the colour at one end of a bond is the first times the sum over all colours, and this times the term of the colour at its
    /// other end.
    pub surplus: f64,
    /// The field's factor of a site of another colour than 0, and of colour 0.
    pub field: [f64; 2],
    /// ln Z of a box is this plus the logarithm of the scaled sum: `max(K, 0) bonds + max(h, 0) sites + rest`.
    pub scale: f64,
    /// The share of all `g` in `scale`: minus the logarithm of their product over bonds and spins.
    pub rest: f64,
}

impl ColourFactors {
    /// Factors at an inverse temperature, for the boxes of a level.
    pub fn new(level: &Level, interaction: Interaction, beta: f64) -> Self {
        let (bond, field) = (beta * interaction.coupling, beta * interaction.field);
        let (bonds, sites) = (level.bonds.len() as f64, level.own as f64);
        let less = (-bond.abs()).exp();
        let of_bond = well_rounded([less, 1.0 - less]);
        let of_field = well_rounded([(-field.abs()).exp()]);
        let factors = |energy: f64, g: f64| [0.0, energy].map(|term| g * (term - energy.max(0.0)).exp());
        let rest = -of_bond.ln() * bonds - of_field.ln() * sites;
        let scale = bond.max(0.0) * bonds + field.max(0.0) * sites + rest;
        let surplus = of_bond * (1.0 - less) * if bond < 0.0 { -1.0 } else { 1.0 };
        Self { bond: factors(bond, of_bond), surplus, field: factors(field, of_field), scale, rest }
    }

    /// The factors in the places that those of Ising spins have in uniforms of a GPU: the surplus is the first factor of earlier bonds.
    pub fn as_of_boxes(self) -> BoxFactors {
        let Self { bond, surplus, field, scale, rest } = self;
        BoxFactors { bond, earlier: [surplus, 0.0, 0.0, 0.0], field, scale, rest }
    }
}

/// An f32 between 0.5 and 1 whose products with factors are all nearly f32 too.
fn well_rounded<const FACTORS: usize>(factors: [f64; FACTORS]) -> f64 {
    // Of the last digit of a product, from one multiple to the next: so all its fractions are tried.
    const GOLDEN: f64 = 0.618_034;
    // More where more have to fit at once; further apart where factors are near 1, which would otherwise move with the multiple.
    let tried = 64_u32 << (3 * FACTORS);
    let below = factors.iter().map(|factor| 1.0 - factor).filter(|&below| below > 0.0).fold(1.0, f64::min);
    let stride = (GOLDEN / below).clamp(1.0, f64::from((1 << 23) / tried)).floor();
    let error = |multiple: f64| {
        let errors =
            factors.map(|factor| (f64::from((multiple * factor) as f32) / (multiple * factor) - 1.0).abs());
        errors.into_iter().fold(0.0, f64::max)
    };
    let multiples = (0..tried).map(|steps| 1.0 - f64::from(steps) * stride * f64::from(f32::EPSILON) / 2.0);
    let multiples = multiples.map(|multiple| (error(multiple), multiple));
    multiples.fold((f64::INFINITY, 1.0), |best, next| if next.0 < best.0 { next } else { best }).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_keep_their_ratios_in_f32() {
        for beta in [1e-6, 1.32e-4, 1e-3, 0.02, 0.1, 0.3, 0.44, 0.440_686_793_509_771_5, 1.0, 4.0] {
            let factor = (-2.0_f64 * beta).exp();
            for factors in [[factor, factor], [factor, factor * factor]] {
                let multiple = well_rounded(factors);
                assert_eq!(f64::from(multiple as f32), multiple);
                assert!((0.5..=1.0).contains(&multiple), "beta {beta}");
                for factor in factors {
                    let rounded = f64::from((multiple * factor) as f32) / multiple;
                    assert!((rounded / factor - 1.0).abs() < 2e-9, "beta {beta}: {rounded} for {factor}");
                }
            }
        }
        assert_eq!(well_rounded([1.0]), 1.0);
    }
}
