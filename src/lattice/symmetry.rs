//! Symmetries of the lattice and the model, and groups of them.

use super::{Lattice, System};
use crate::error::{Error, Result};

/// Moves, mirrors, transposes and flips a configuration; the energy stays the same where the group allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Symmetry {
    /// Rows and columns moved by.
    pub translation: [u32; 2],
    /// Rows and columns reversed.
    pub mirrored: [bool; 2],
    /// Rows and columns exchanged.
    pub transposed: bool,
    /// All spins reversed.
    pub flipped: bool,
}

impl Symmetry {
    /// Writes the image of a configuration, `[sites]` each.
    pub fn apply(&self, lattice: Lattice, from: &[i8], image: &mut [i8]) {
        let side = lattice.side();
        let sign = if self.flipped { -1 } else { 1 };
        let moved = |which: usize, at: u32| {
            self.translation[which] + if self.mirrored[which] { side - at } else { at }
        };
        // Where every row and every column comes from: a site's source is the sum of both.
        let rows: Vec<u32> = (0..side).map(|i| lattice.site(moved(0, i), 0)).collect();
        let columns: Vec<u32> = (0..side).map(|j| lattice.site(0, moved(1, j))).collect();
        let (across, along) = if self.transposed { (columns, rows) } else { (rows, columns) };
        for (image, across) in image.chunks_exact_mut(side as usize).zip(across) {
            for (spin, along) in image.iter_mut().zip(&along) {
                *spin = sign * from[(across + along) as usize];
            }
        }
    }
}

/// A group of symmetries, by its generators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SymmetryGroup {
    /// Equal steps that lead once around the rows and the columns; 0 and 1: none.
    pub translations: [u32; 2],
    /// Mirror images of rows and of columns.
    pub reflections: bool,
    /// Exchange of rows and columns.
    pub transpose: bool,
    /// Reversal of all spins.
    pub z2: bool,
}

impl SymmetryGroup {
    /// Reads `translations=4x4,z2,reflections,transpose`, any of them, in any order.
    ///
    /// # Errors
    /// When a part is unknown, or what is described is no symmetry of the model, or no group.
    pub fn parse(text: &str, system: &System) -> Result<Self> {
        let lattice = system.lattice;
        let mut group = Self::default();
        let refuse = |expected: &str| Error::setting("symmetrise", text, expected);
        for part in text.split(',').map(str::trim) {
            match (part, part.strip_prefix("translations=")) {
                ("z2", _) => group.z2 = true,
                ("reflections", _) => group.reflections = true,
                ("transpose", _) => group.transpose = true,
                (_, Some(steps)) => {
                    group.translations = parse_steps(steps, lattice).ok_or_else(|| {
                        let side = lattice.side();
                        refuse(&format!(
                            "translations are two powers of two up to {side}, for example translations=4x4"
                        ))
                    })?
                }
                _ => {
                    return Err(refuse(&format!(
                        "{part:?} is not one of translations=AxB, reflections, transpose, z2 (comma separated)"
                    )));
                }
            }
        }
        if group.reflections && !lattice.has_mirrors() {
            let name = lattice.kind().name();
            return Err(refuse(&format!(
                "reflections are no symmetry of the {name} lattice; leave them out"
            )));
        }
        if group.z2 && !system.has_spin_flip() {
            return Err(refuse("z2 is no symmetry in a field; leave it out"));
        }
        if group.transpose && group.translations[0] != group.translations[1] {
            return Err(refuse("with transpose both numbers of translations must be the same"));
        }
        Ok(group)
    }

    /// All elements, the identity first.
    pub fn elements(&self, lattice: Lattice) -> Vec<Symmetry> {
        let bools = |both: bool| if both { vec![false, true] } else { vec![false] };
        let [rows, columns] = self.translations.map(|steps| {
            let steps = steps.max(1);
            (0..steps).map(move |step| step * (lattice.side() / steps)).collect::<Vec<_>>()
        });
        let mut elements = Vec::new();
        for &flipped in &bools(self.z2) {
            for &transposed in &bools(self.transpose) {
                for &mirror_rows in &bools(self.reflections) {
                    for &mirror_columns in &bools(self.reflections) {
                        let mirrored = [mirror_rows, mirror_columns];
                        for &row in &rows {
                            elements.extend(columns.iter().map(|&column| Symmetry {
                                translation: [row, column],
                                mirrored,
                                transposed,
                                flipped,
                            }));
                        }
                    }
                }
            }
        }
        elements
    }
}

fn parse_steps(text: &str, lattice: Lattice) -> Option<[u32; 2]> {
    let (rows, columns) = text.split_once('x')?;
    let steps = [rows.parse().ok()?, columns.parse().ok()?];
    steps.iter().all(|steps: &u32| steps.is_power_of_two() && *steps <= lattice.side()).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::super::Interaction;
    use super::*;
    use std::collections::HashSet;

    fn system(lattice: Lattice, field: f64) -> System {
        System { lattice, interaction: Interaction { coupling: 1.0, field } }
    }

    fn lattice() -> Lattice {
        Lattice::square(8).unwrap()
    }

    fn spins() -> Vec<i8> {
        (0..64_u32).map(|at| if at.wrapping_mul(2_654_435_761) >> 31 == 1 { 1 } else { -1 }).collect()
    }

    #[test]
    fn groups_are_closed_and_keep_the_energy() {
        for (text, size) in [
            ("translations=4x4,z2,reflections,transpose", 256),
            ("translations=2x8", 16),
            ("reflections", 4),
            ("transpose,reflections,translations=2x2", 32),
            ("z2", 2),
        ] {
            let elements = SymmetryGroup::parse(text, &system(lattice(), 0.0)).unwrap().elements(lattice());
            assert_eq!(elements.len(), size, "{text}");
            let image = |symmetry: &Symmetry, of: &[i8]| {
                let mut image = vec![0; 64];
                symmetry.apply(lattice(), of, &mut image);
                image
            };
            let orbit: HashSet<Vec<i8>> = elements.iter().map(|g| image(g, &spins())).collect();
            assert_eq!(orbit.len(), size, "{text}: elements that coincide");
            for first in elements.iter().step_by(5) {
                let moved = image(first, &spins());
                assert_eq!(lattice().bond_sum(&moved), lattice().bond_sum(&spins()));
                let again: HashSet<Vec<i8>> = elements.iter().map(|g| image(g, &moved)).collect();
                assert_eq!(again, orbit, "{text} is no group");
            }
        }
    }

    #[test]
    fn what_is_no_symmetry_is_refused_by_name() {
        let plain = system(lattice(), 0.0);
        for (text, system, part) in [
            ("rotations", &plain, "rotations"),
            ("translations=3x4", &plain, "powers of two"),
            ("translations=16x1", &plain, "up to 8"),
            ("translations=4", &plain, "translations=4x4"),
            ("translations=2x4,transpose", &plain, "the same"),
            ("z2", &system(lattice(), 0.1), "field"),
            ("", &plain, "z2"),
        ] {
            let error = SymmetryGroup::parse(text, system).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
