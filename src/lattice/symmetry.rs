//! Symmetries of the lattice and the model, and groups of them.

use super::{Lattice, MAX_STATES, Place, Spins, System};
use crate::error::{Error, Result};
use rand::{Rng, RngExt};

/// Moves, mirrors, turns and flips a configuration; the energy stays the same where the group allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symmetry {
    /// Planes, rows and columns moved by.
    pub translation: Place,
    /// Planes, rows and columns reversed.
    pub mirrored: [bool; 3],
    /// The axis of the image that every axis becomes: `[0, 1, 2]` where none are exchanged.
    pub axes: [usize; 3],
    /// All spins reversed.
    pub flipped: bool,
    /// The colour that every colour becomes, where colours are exchanged.
    pub colours: Option<Recolouring>,
}

/// For every colour of Potts spins another, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recolouring([i8; MAX_STATES as usize]);

impl Recolouring {
    fn new(colours: &[i8]) -> Self {
        let mut table = [0; MAX_STATES as usize];
        table[..colours.len()].copy_from_slice(colours);
        Self(table)
    }

    /// Any exchange of so many colours.
    pub fn random(states: u8, stream: &mut impl Rng) -> Self {
        let mut colours: Vec<i8> = (0..states as i8).collect();
        for last in (1..colours.len()).rev() {
            colours.swap(last, stream.random_range(0..=last));
        }
        Self::new(&colours)
    }

    /// All exchanges of up to [`MOST_PERMUTED`] colours, the identity first; of more colours those that move all on by as many steps.
    fn all(states: u8) -> Vec<Self> {
        let colours: Vec<i8> = (0..states as i8).collect();
        if states > MOST_PERMUTED {
            let moved = |steps: usize| [&colours[steps..], &colours[..steps]].concat();
            return (0..colours.len()).map(|steps| Self::new(&moved(steps))).collect();
        }
        let mut orders = vec![Vec::new()];
        for _ in &colours {
            let longer = |order: Vec<i8>| {
                let rest: Vec<i8> =
                    colours.iter().copied().filter(|colour| !order.contains(colour)).collect();
                rest.into_iter().map(move |colour| [&order[..], &[colour]].concat())
            };
            orders = orders.into_iter().flat_map(longer).collect();
        }
        orders.iter().map(|order| Self::new(order)).collect()
    }

    /// Whether colour 0 stays what it is.
    pub fn keeps_first(self) -> bool {
        self.0[0] == 0
    }

    /// The colours of a configuration exchanged.
    pub fn apply(&self, spins: &mut [i8]) {
        spins.iter_mut().for_each(|spin| *spin = self.0[*spin as usize]);
    }
}

/// Colours up to which averages go over all of their exchanges: 120 of five.
const MOST_PERMUTED: u8 = 5;

/// The identity.
impl Default for Symmetry {
    fn default() -> Self {
        Self { translation: [0; 3], mirrored: [false; 3], axes: [0, 1, 2], flipped: false, colours: None }
    }
}

/// Orders of three axes; the first two are those of two dimensions.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Orders of the axes that a lattice has.
fn orders(lattice: Lattice) -> &'static [[usize; 3]] {
    match lattice.dimensions() {
        1 => &ORDERS[..1],
        2 => &ORDERS[..2],
        _ => &ORDERS,
    }
}

impl Symmetry {
    /// Any of a lattice's symmetries, flipped only where that `flips` allows it.
    pub fn random(lattice: Lattice, flips: bool, stream: &mut impl Rng) -> Self {
        let mut translation = [0; 3];
        lattice.axes().for_each(|axis| translation[axis] = stream.random_range(0..lattice.side()));
        let orders = orders(lattice);
        let axes = match orders.len() {
            2 => orders[usize::from(stream.random_bool(0.5))],
            count => orders[stream.random_range(0..count)],
        };
        let flipped = stream.random_bool(0.5) && flips;
        let mut mirrored = [false; 3];
        lattice.axes().for_each(|axis| mirrored[axis] = stream.random_bool(0.5));
        if !lattice.has_mirrors() {
            mirrored = [false, mirrored[1], mirrored[1]];
        }
        Self { translation, mirrored, axes, flipped, colours: None }
    }

    /// Writes the image of a configuration, `[sites]` each.
    pub fn apply(&self, lattice: Lattice, from: &[i8], image: &mut [i8]) {
        self.move_sites(lattice, from, image);
        if let Some(colours) = self.colours {
            colours.apply(image);
        }
    }

    fn move_sites(&self, lattice: Lattice, from: &[i8], image: &mut [i8]) {
        let (side, planes) = (lattice.side(), lattice.planes());
        let sign = if self.flipped { -1 } else { 1 };
        if !lattice.is_spatial() {
            return image.iter_mut().zip(from).for_each(|(spin, from)| *spin = sign * from);
        }
        // Where every line of every axis comes from: the source of a site is the sum over its axes.
        let sources = |axis: usize| -> Vec<u32> {
            let lines = if axis == 0 { planes } else { side };
            let source = |at: u32| {
                let mut place = [0; 3];
                place[axis] = self.translation[axis] + if self.mirrored[axis] { side - at } else { at };
                lattice.site(place)
            };
            (0..lines).map(source).collect()
        };
        let mut along: [Vec<u32>; 3] = Default::default();
        (0..3).for_each(|axis| along[self.axes[axis]] = sources(axis));
        let [planes, rows, columns] = along;
        let lines = planes.iter().flat_map(|plane| rows.iter().map(move |row| plane + row));
        for (image, across) in image.chunks_exact_mut(side as usize).zip(lines) {
            for (spin, along) in image.iter_mut().zip(&columns) {
                *spin = sign * from[(across + along) as usize];
            }
        }
    }
}

/// A group of symmetries, by its generators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SymmetryGroup {
    /// Equal steps that lead once around every axis; 0 and 1: none.
    pub translations: Place,
    /// Mirror images along every axis.
    pub reflections: bool,
    /// Exchange of axes.
    pub transpose: bool,
    /// Reversal of all spins.
    pub z2: bool,
    /// Exchanges of so many colours: all of them to five, those that move all on from six; 0: none.
    pub colours: u8,
}

impl SymmetryGroup {
    /// Reads `translations=4x4,z2,reflections,transpose`, any of them, in any order; in three dimensions `translations=4x4x4`; of Potts spins `colours` in place of
    /// `z2`.
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
                ("colours", _) => match system.spins {
                    Spins::Potts { states } if system.is_symmetric() => group.colours = states,
                    Spins::Potts { .. } => return Err(refuse("colours are no symmetry in a field; leave them out")),
                    Spins::Ising => {
                        return Err(refuse("colours are those of model = potts; Ising spins have z2"));
                    }
                },
                ("reflections", _) => group.reflections = true,
                ("transpose", _) => group.transpose = true,
                (_, Some(steps)) => {
                    group.translations = parse_steps(steps, lattice).ok_or_else(|| {
                        let (side, axes) = (lattice.side(), lattice.dimensions());
                        let (count, example) = if axes == 3 { ("three", "4x4x4") } else { ("two", "4x4") };
                        refuse(&format!(
                            "translations are {count} powers of two up to {side}, for example translations={example}"
                        ))
                    })?
                }
                _ => {
                    return Err(refuse(&format!(
                        "{part:?} is not one of translations=AxB, reflections, transpose, z2, colours (comma separated)"
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
        let has_moves =
            group.reflections || group.transpose || group.translations.iter().any(|steps| *steps > 1);
        if !system.is_homogeneous() && has_moves {
            return Err(refuse(
                "with couplings of single bonds, or bonds between all sites, z2 is the only symmetry, and colours that of Potts spins",
            ));
        }
        if group.z2 && system.spins != Spins::Ising {
            return Err(refuse("z2 is of Ising spins; Potts spins have colours"));
        }
        if group.z2 && !system.has_spin_flip() {
            return Err(refuse("z2 is no symmetry in a field; leave it out"));
        }
        let steps = &group.translations[lattice.axes()];
        if group.transpose && steps.iter().any(|steps| *steps != group.translations[2]) {
            let numbers = if lattice.dimensions() == 2 { "both" } else { "all" };
            return Err(refuse(&format!(
                "with transpose {numbers} numbers of translations must be the same"
            )));
        }
        Ok(group)
    }

    /// All elements, the identity first.
    pub fn elements(&self, lattice: Lattice) -> Vec<Symmetry> {
        let flips = if self.z2 { vec![false, true] } else { vec![false] };
        let colours = match self.colours {
            0 => vec![None],
            states => Recolouring::all(states).into_iter().map(Some).collect(),
        };
        let exchanges: Vec<_> =
            flips.iter().flat_map(|&flip| colours.iter().map(move |&colours| (flip, colours))).collect();
        let orders = if self.transpose { orders(lattice) } else { &ORDERS[..1] };
        let of_axis = |axis: usize, count: u32| if lattice.axes().contains(&axis) { count.max(1) } else { 1 };
        let mirrors: Place = std::array::from_fn(|axis| of_axis(axis, 1 + u32::from(self.reflections)));
        let steps: Place = std::array::from_fn(|axis| of_axis(axis, self.translations[axis]));
        let mut elements = Vec::new();
        for &(flipped, colours) in &exchanges {
            for &axes in orders {
                for mirrored in places(mirrors) {
                    elements.extend(places(steps).map(|at| Symmetry {
                        translation: std::array::from_fn(|axis| at[axis] * (lattice.side() / steps[axis])),
                        mirrored: mirrored.map(|mirrored| mirrored == 1),
                        axes,
                        flipped,
                        colours,
                    }));
                }
            }
        }
        elements
    }
}

/// All places with coordinates below `counts`, in order.
fn places([planes, rows, columns]: Place) -> impl Iterator<Item = Place> {
    (0..planes).flat_map(move |plane| {
        (0..rows).flat_map(move |row| (0..columns).map(move |column| [plane, row, column]))
    })
}

fn parse_steps(text: &str, lattice: Lattice) -> Option<Place> {
    let parts: Vec<&str> = text.split('x').collect();
    if parts.len() != lattice.dimensions() {
        return None;
    }
    let mut steps: Place = [1; 3];
    for (axis, part) in lattice.axes().zip(parts) {
        steps[axis] = part.parse().ok()?;
    }
    steps.iter().all(|steps| steps.is_power_of_two() && *steps <= lattice.side()).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::super::Interaction;
    use super::*;
    use crate::random::Stream;
    use std::collections::HashSet;

    fn system(lattice: Lattice, field: f64) -> System {
        System::uniform(lattice, Interaction { coupling: 1.0, field })
    }

    fn lattice() -> Lattice {
        Lattice::square(8).unwrap()
    }

    fn spins() -> Vec<i8> {
        let mut stream = Stream::new(3, 0);
        (0..64).map(|_| if stream.random_bool(0.5) { 1 } else { -1 }).collect()
    }

    #[test]
    fn groups_are_closed_and_keep_the_energy() {
        for (lattice, text, size) in [
            (lattice(), "translations=4x4,z2,reflections,transpose", 256),
            (lattice(), "translations=2x8", 16),
            (lattice(), "reflections", 4),
            (lattice(), "transpose,reflections,translations=2x2", 32),
            (lattice(), "z2", 2),
            (Lattice::cubic(4).unwrap(), "translations=2x2x2,reflections,transpose,z2", 768),
            (Lattice::cubic(4).unwrap(), "translations=1x4x2", 8),
        ] {
            let elements = SymmetryGroup::parse(text, &system(lattice, 0.0)).unwrap().elements(lattice);
            assert_eq!(elements.len(), size, "{text}");
            let image = |symmetry: &Symmetry, of: &[i8]| {
                let mut image = vec![0; 64];
                symmetry.apply(lattice, of, &mut image);
                image
            };
            let orbit: HashSet<Vec<i8>> = elements.iter().map(|g| image(g, &spins())).collect();
            assert_eq!(orbit.len(), size, "{text}: elements that coincide");
            for first in elements.iter().step_by(5) {
                let moved = image(first, &spins());
                assert_eq!(lattice.bond_sum(&moved), lattice.bond_sum(&spins()));
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
            ("translations=4x4x4", &plain, "two powers"),
            ("z2", &system(lattice(), 0.1), "field"),
            ("", &plain, "z2"),
        ] {
            let error = SymmetryGroup::parse(text, system).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
