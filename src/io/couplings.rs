//! Couplings of single bonds that may come from other people.

use super::arrays::write_npz;
use super::input::{self, read_text};
use super::npy::Array;
use super::npz::{Npz, is_archive};
use crate::error::{Error, Result};
use crate::lattice::{Interaction, Lattice, System, Weights};
use ndarray::{ArrayView1, ArrayView2};
use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::path::Path;

/// Arrays of an archive of couplings.
const KNOWN: [&str; 4] = ["bonds", "couplings", "fields", "units"];
/// How NumPy's files start.
const NPY: &[u8] = b"\x93NUMPY";

/// Reads a system of single couplings on a lattice, told apart by content:
///
/// - an `.npz` with `bonds` `[B, 2]` (sites from 0 on), `couplings` `[B]` and perhaps `fields` `[N]`;
/// - an `.npy` of `[2, L, L]` (bonds to the right, then down; `[3, L, L]` on the triangular lattice with those down-right, `[3, L, L, L]` on the cubic
///   one with those to the plane behind; not where all sites are neighbours), or of `[N, N]`, symmetric or an upper triangle, with a diagonal of 0;
/// - text with a line `i j J` for every bond, sites counted from `first_index` on, `#` before comments and perhaps a line with the numbers of sites
///   and bonds before all others.
///
/// Bonds that are not named have the coupling 0.
///
/// # Errors
/// When the file cannot be read, or names the first bond that is not one of the lattice, comes twice or has no finite coupling.
pub fn read_couplings(path: &Path, lattice: Lattice, first_index: u32) -> Result<System> {
    let mut bonds = Bonds::new(lattice);
    let told = |message: String| Error::content(path, message);
    if is_archive(path)? {
        bonds.add_archive(path)?;
    } else if starts_as_npy(path)? {
        let (file, length) = input::open(path)?;
        let array = Array::open(BufReader::new(file), length).and_then(Values::read).map_err(told)?;
        bonds.add_array(&array).map_err(told)?;
    } else {
        bonds.add_text(&read_text(path)?, first_index).map_err(told)?;
    }
    if !bonds.is_given.contains(&true) {
        return Err(told(format!("it names no bond of {lattice}")));
    }
    System::with_couplings_in(lattice, &bonds.couplings, &bonds.fields, bonds.units)
}

/// Writes the couplings of a system as an `.npz` that [`read_couplings`] reads; the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write_couplings(path: &Path, system: &System, weights: &Weights) -> Result<()> {
    let Interaction { coupling, field } = system.interaction;
    let values = |unit: f64, weights: &[i32]| -> Vec<f64> {
        weights.iter().map(|&weight| unit * f64::from(weight)).collect()
    };
    let ends: Vec<i64> = system.lattice.bonds().flatten().map(i64::from).collect();
    let bonds = ArrayView2::from_shape((weights.bonds.len(), 2), &ends)
        .map_err(|error| Error::content(path, error.to_string()))?;
    let [couplings, fields] = [values(coupling, &weights.bonds), values(field, &weights.sites)];
    write_npz(path, |npz| {
        npz.add_array("bonds", &bonds)?;
        npz.add_array("couplings", &ArrayView1::from(&couplings))?;
        npz.add_array("fields", &ArrayView1::from(&fields))?;
        npz.add_array("units", &ArrayView1::from(&[coupling, field]))
    })
}

fn starts_as_npy(path: &Path) -> Result<bool> {
    let (file, _) = input::open(path)?;
    let mut start = Vec::new();
    file.take(NPY.len() as u64).read_to_end(&mut start).map_err(|error| Error::file("read", path, error))?;
    Ok(start == NPY)
}

/// An array of numbers.
struct Values {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Values {
    fn read(array: Array<impl Read>) -> Result<Self, String> {
        let Some(kind) = array.kind else {
            return Err(format!("its values are of type {:?}, which is no number", array.type_name));
        };
        let shape = array.shape.clone();
        let mut values = vec![0.0; array.len()];
        array.read(kind, |at, value| values[at] = value)?;
        Ok(Self { shape, values })
    }
}

/// Couplings and fields of a lattice, as far as a file has named them.
struct Bonds {
    lattice: Lattice,
    /// Numbers of bonds by their sites, the smaller first.
    places: HashMap<[u32; 2], usize>,
    couplings: Vec<f64>,
    is_given: Vec<bool>,
    fields: Vec<f64>,
    /// The units of couplings and fields, where the file tells them.
    units: Option<[f64; 2]>,
}

impl Bonds {
    fn new(lattice: Lattice) -> Self {
        let places: HashMap<_, _> = lattice.bonds().map(|[a, b]| [a.min(b), a.max(b)]).zip(0..).collect();
        let count = lattice.bond_count();
        Self {
            lattice,
            places,
            couplings: vec![0.0; count],
            is_given: vec![false; count],
            fields: vec![0.0; lattice.sites()],
            units: None,
        }
    }

    /// One bond by its sites, of which `told` is the text or place in its file.
    fn add(&mut self, sites: [f64; 2], coupling: f64, told: impl Fn() -> String) -> Result<(), String> {
        let count = self.lattice.sites();
        if let Some(site) =
            sites.into_iter().find(|site| !(site.fract() == 0.0 && (0.0..count as f64).contains(site)))
        {
            let hint = if site < 0.0 { " (a text that does so needs --index-base 0)" } else { "" };
            return Err(format!(
                "{}: there is no site {site}; {} has sites 0 to {}, counted from 0{hint}",
                told(),
                self.lattice,
                count - 1
            ));
        }
        let [a, b] = sites.map(|site| site as u32);
        if a == b {
            return Err(format!("{}: site {a}, counted from 0, has no bond to itself", told()));
        }
        let Some(&place) = self.places.get(&[a.min(b), a.max(b)]) else {
            return Err(format!(
                "{}: sites {a} and {b}, counted from 0, are no neighbours on the {} lattice of {}",
                told(),
                self.lattice.kind().name(),
                self.lattice
            ));
        };
        if self.is_given[place] {
            let both = if self.lattice.side() == 2 {
                "; on a side of 2, where two bonds join the same sites, their couplings have to be added up"
            } else {
                ""
            };
            return Err(format!(
                "{}: the bond of sites {a} and {b}, counted from 0, is there twice{both}",
                told()
            ));
        }
        self.set(place, coupling, told)
    }

    /// One bond by its number.
    fn set(&mut self, bond: usize, coupling: f64, told: impl Fn() -> String) -> Result<(), String> {
        if !coupling.is_finite() {
            return Err(format!("{}: the coupling {coupling} is no finite number", told()));
        }
        Interaction::new(coupling, 0.0).map_err(|error| format!("{}: {error}", told()))?;
        (self.couplings[bond], self.is_given[bond]) = (coupling, true);
        Ok(())
    }

    fn add_archive(&mut self, path: &Path) -> Result<()> {
        let mut archive = Npz::open(path)?;
        let names = archive.names();
        if let Some(stranger) = names.iter().find(|name| !KNOWN.contains(&name.as_str())) {
            let message = format!("it has an array {stranger:?}; there may be {}", KNOWN.join(", "));
            return Err(Error::content(path, message));
        }
        let has = |name: &str| names.iter().any(|known| known == name);
        let mut array = |name: &str, shape: &[Option<usize>]| -> Result<Values> {
            let told = |message: String| Error::content(path, format!("{name}: {message}"));
            let values = archive.array(name)?.and_then(Values::read).map_err(told)?;
            let fits = values.shape.len() == shape.len()
                && values
                    .shape
                    .iter()
                    .zip(shape)
                    .all(|(found, wanted)| wanted.is_none_or(|wanted| wanted == *found));
            let wanted: Vec<_> = shape.iter().map(|n| n.map_or("B".to_owned(), |n| n.to_string())).collect();
            if fits {
                Ok(values)
            } else {
                Err(told(format!("it has shape {:?}; it must be [{}]", values.shape, wanted.join(", "))))
            }
        };
        let bonds = array("bonds", &[None, Some(2)])?;
        let couplings = array("couplings", &[Some(bonds.shape[0])])?;
        for (row, (sites, &coupling)) in bonds.values.chunks(2).zip(&couplings.values).enumerate() {
            let told = || format!("bonds[{row}]");
            self.add([sites[0], sites[1]], coupling, told)
                .map_err(|message| Error::content(path, message))?;
        }
        if has("units") {
            let units = array("units", &[Some(2)])?.values;
            self.units = Some([units[0], units[1]]);
        }
        if has("fields") {
            self.fields = array("fields", &[Some(self.lattice.sites())])?.values;
            if let Some((site, field)) = self.fields.iter().enumerate().find(|(_, field)| !field.is_finite())
            {
                return Err(Error::content(
                    path,
                    format!("fields[{site}]: the field {field} is no finite number"),
                ));
            }
            for (site, &field) in self.fields.iter().enumerate() {
                Interaction::new(0.0, field)
                    .map_err(|error| Error::content(path, format!("fields[{site}]: {error}")))?;
            }
        }
        Ok(())
    }

    fn add_array(&mut self, array: &Values) -> Result<(), String> {
        let (steps, sites) = (self.lattice.steps().len(), self.lattice.sites());
        let by_step = [vec![steps], self.lattice.shape()].concat();
        if self.lattice.is_spatial() && array.shape == by_step {
            for (at, &coupling) in array.values.iter().enumerate() {
                let (step, site) = (at / sites, at % sites);
                self.set(site * steps + step, coupling, || format!("the value {at} of the array"))?;
            }
            return Ok(());
        }
        if array.shape == [sites, sites] {
            return self.add_matrix(&array.values, sites);
        }
        let by_step = if self.lattice.is_spatial() { format!("{by_step:?} or ") } else { String::new() };
        Err(format!(
            "it has shape {:?}; couplings of {} have {by_step}{:?}",
            array.shape,
            self.lattice,
            [sites, sites]
        ))
    }

    fn add_matrix(&mut self, values: &[f64], sites: usize) -> Result<(), String> {
        let at = |row: usize, column: usize| values[row * sites + column];
        let has_lower = (0..sites).any(|row| (0..row).any(|column| at(row, column) != 0.0));
        for (row, column) in (0..sites).flat_map(|row| (row..sites).map(move |column| (row, column))) {
            let (value, mirrored) = (at(row, column), at(column, row));
            if row == column && value != 0.0 {
                return Err(format!("J[{row}, {row}] = {value}; the diagonal must be 0"));
            }
            if row < column && (value.is_nan() || mirrored.is_nan()) {
                return Err(format!(
                    "J[{row}, {column}] = {value}, J[{column}, {row}] = {mirrored}: no finite number"
                ));
            }
            if row < column && has_lower && value != mirrored {
                return Err(format!(
                    "J[{row}, {column}] = {value} and J[{column}, {row}] = {mirrored}; they must be equal, or all below the diagonal 0"
                ));
            }
            // 0 where there is no bond, and perhaps where there is one.
            let is_bond = self.places.contains_key(&[row as u32, column as u32]);
            if row < column && (value != 0.0 || is_bond) {
                self.add([row as f64, column as f64], value, || format!("J[{row}, {column}]"))?;
            }
        }
        Ok(())
    }

    fn add_text(&mut self, text: &str, first_index: u32) -> Result<(), String> {
        let (mut is_first, mut told_count) = (true, None);
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            let told = || format!("line {}, {line:?}", number + 1);
            let values = words.iter().map(|word| word.parse::<f64>()).collect::<Result<Vec<f64>, _>>();
            match (values.as_deref(), is_first) {
                (Ok([]), _) => continue,
                (Ok(&[sites, count]), true) if sites == self.lattice.sites() as f64 => {
                    told_count = Some(count)
                }
                (Ok([sites, _]), true) => {
                    return Err(format!(
                        "{}: it is of {sites} sites; {} has {}",
                        told(),
                        self.lattice,
                        self.lattice.sites()
                    ));
                }
                (Ok(&[a, b, coupling]), _) => {
                    self.add([a, b].map(|site| site - f64::from(first_index)), coupling, told)?;
                }
                _ => return Err(format!("{}: expected two sites and their coupling, i j J", told())),
            }
            is_first = false;
        }
        let count = self.is_given.iter().filter(|is_given| **is_given).count();
        match told_count {
            Some(told) if told != count as f64 => {
                Err(format!("its first line tells of {told} bonds, and it has {count}"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::npy::bytes;

    fn read(lattice: Lattice, content: &[u8], first_index: u32) -> Result<System> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("couplings");
        std::fs::write(&path, content).unwrap();
        read_couplings(&path, lattice, first_index)
    }

    fn weights(system: &System) -> Vec<i32> {
        system.weights.as_ref().unwrap().bonds.clone()
    }

    #[test]
    fn arrays_hold_bonds_to_the_right_and_then_down() {
        let lattice = Lattice::square(3).unwrap();
        let values: Vec<u8> = (1..=18).collect();
        let system = read(lattice, &bytes(1, "|i1", false, "(2, 3, 3)", &values), 0).unwrap();
        assert_eq!(system.interaction.coupling, 1.0);
        let expected: Vec<i32> = (1..=9).flat_map(|site| [site, 9 + site]).collect();
        assert_eq!(weights(&system), expected);
    }

    #[test]
    fn two_bonds_of_a_side_of_2_join_the_same_sites() {
        let lattice = Lattice::square(2).unwrap();
        let system =
            read(lattice, &bytes(1, "|i1", false, "(2, 2, 2)", &[1, 2, 3, 4, 5, 6, 7, 8]), 0).unwrap();
        assert_eq!(weights(&system), [1, 5, 2, 6, 3, 7, 4, 8]);
        let message = read(lattice, b"0 1 1\n1 0 2\n", 0).unwrap_err().to_string();
        assert!(message.contains("added up"), "{message}");
        let large = read(lattice, b"0 1 1e30\n", 0).unwrap_err().to_string();
        assert!(large.contains("line 1") && large.contains("couplings:"), "{large}");
    }

    #[test]
    fn matrices_and_text_say_the_same() {
        let lattice = Lattice::square(3).unwrap();
        let mut matrix = vec![0_u8; 81];
        (matrix[1], matrix[3]) = (2, 255);
        let upper = read(lattice, &bytes(1, "|i1", false, "(9, 9)", &matrix), 0).unwrap();
        (matrix[9], matrix[27]) = (2, 255);
        let whole = read(lattice, &bytes(1, "|i1", false, "(9, 9)", &matrix), 0).unwrap();
        let text = read(lattice, b"9 2\n# a comment\n1 2 2\n4 1 -1 # downwards\n", 1).unwrap();
        let from_0 = read(lattice, b"0 1 2\n3 0 -1\n", 0).unwrap();
        assert!(whole == upper && text == upper && from_0 == upper);
        assert_eq!(weights(&text)[..2], [2, -1]);
        let nothing = read(lattice, &bytes(1, "|i1", false, "(9, 9)", &[0; 81]), 0).unwrap();
        assert!(weights(&nothing).iter().all(|&weight| weight == 0), "no bond has a coupling");
    }

    #[test]
    fn the_first_offender_is_named() {
        let lattice = Lattice::square(3).unwrap();
        for (text, named) in [
            ("1 2 1\n1 5 1\n", "line 2, \"1 5 1\": sites 0 and 4"),
            ("1 2 1\n2 1 3\n", "is there twice"),
            ("1 2 NaN\n", "NaN is no finite number"),
            ("1 12 1\n", "no site 11; 3 x 3 has sites 0 to 8, counted from 0"),
            ("16 32\n", "16 sites"),
            ("1 2\n", "1 sites"),
            ("1 2 x\n", "i j J"),
            ("0 1 1\n", "needs --index-base 0"),
        ] {
            let refused = read(lattice, text.as_bytes(), 1).unwrap_err().to_string();
            assert!(refused.contains(named), "{text:?}: {refused}");
        }
        let mut matrix = vec![0_u8; 81];
        (matrix[1], matrix[9]) = (1, 2);
        let refused = |values: &[u8]| {
            read(lattice, &bytes(1, "|i1", false, "(9, 9)", values), 0).unwrap_err().to_string()
        };
        assert!(refused(&matrix).contains("J[0, 1] = 1 and J[1, 0] = 2"));
        matrix[0] = 1;
        assert!(refused(&matrix).contains("diagonal"));
        let wrong = read(lattice, &bytes(1, "|i1", false, "(2, 4)", &[0; 8]), 0).unwrap_err().to_string();
        assert!(wrong.contains("[2, 4]") && wrong.contains("[2, 3, 3]"), "{wrong}");
    }
}
