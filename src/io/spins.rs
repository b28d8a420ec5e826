//! Spins that may come from other people.

use super::configurations::number;
use super::input;
use super::npy::{Array, Class};
use super::npz::{Npz, is_archive};
use crate::error::{Error, Result};
use crate::lattice::{MAX_STATES, SpinModel, Spins};
use std::io::{BufReader, Read};
use std::path::Path;

/// The array that tells the number of colours of Potts spins.
pub(super) const STATES: &str = "states";
/// What turns arrays of 0 and 1 into spins.
const FROM_BITS: &str = "2 * x.astype(numpy.int8) - 1";

/// Shape and kind of the spins in a file, before their values are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpinsFile {
    /// Lengths of the axes of one configuration, `[L, L]` or `[L, L, L]`.
    pub shape: Vec<usize>,
    /// The spins: colours where an archive has the array `states`.
    pub spins: Spins,
}

impl SpinsFile {
    /// Looks at an `.npy` file, or at the array `spins` of an `.npz` file.
    ///
    /// # Errors
    /// When it cannot be read, or its axes are not those of a square or a cube.
    pub fn look(path: &Path) -> Result<Self> {
        let told = |message: String| Error::content(path, message);
        let (shape, spins) = if is_archive(path)? {
            let mut archive = Npz::open(path)?;
            let spins = match archive.contains(STATES) {
                true => colours(number(path, &mut archive, STATES)?).map_err(told)?,
                false => Spins::Ising,
            };
            (archive.array("spins")?.map_err(told)?.shape, spins)
        } else {
            let (file, length) = input::open(path)?;
            (Array::open(BufReader::new(file), length).map_err(told)?.shape, Spins::Ising)
        };
        match shape[..] {
            [_, side, other] if side == other => Ok(Self { shape: shape[1..].to_vec(), spins }),
            [_, side, other, third] if side == other && side == third => {
                Ok(Self { shape: shape[1..].to_vec(), spins })
            }
            _ => Err(told(format!("spins have shape {shape:?}; they must be [N, L, L] or [N, L, L, L]"))),
        }
    }
}

/// What an archive tells of the ensemble that its spins are of, by arrays of the names that `mc` writes; nothing of an `.npy` file.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SpinsOrigin {
    /// Inverse temperature.
    pub beta: Option<f64>,
    /// J.
    pub coupling: Option<f64>,
    /// H.
    pub field: Option<f64>,
    /// Neighbours of a site.
    pub coordination: Option<f64>,
    /// Whether every configuration has a temperature of its own.
    pub is_mixed: bool,
}

impl SpinsOrigin {
    /// Looks at a file.
    ///
    /// # Errors
    /// When it cannot be read, or one of the arrays is not a number.
    pub fn look(path: &Path) -> Result<Self> {
        if !is_archive(path)? {
            return Ok(Self::default());
        }
        let mut archive = Npz::open(path)?;
        let is_mixed = archive.contains("temperature");
        let mut told = |name: &str| match archive.contains(name) {
            // The fields of mixed configurations are as many as these.
            true if !is_mixed => number(path, &mut archive, name).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            beta: told("beta")?,
            coupling: told("coupling")?,
            field: told("field")?,
            coordination: told("coordination")?,
            is_mixed,
        })
    }
}

/// `spins [L, L] of Ising`, `spins [L, L] of 3 colours`.
impl std::fmt::Display for SpinsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = match self.spins {
            Spins::Ising => "Ising".to_owned(),
            Spins::Potts { states } => format!("{states} colours"),
        };
        write!(f, "spins [{}] of {of}", lengths(&self.shape))
    }
}

/// Potts spins of a number of colours that a file tells.
fn colours(states: f64) -> Result<Spins, String> {
    let whole = (states.fract() == 0.0 && (0.0..256.0).contains(&states)).then_some(states as u32);
    let spins = whole.and_then(|states| Spins::new(SpinModel::Potts, states).ok());
    spins.ok_or_else(|| format!("its array {STATES} is {states}; it must be 2 to {MAX_STATES}"))
}

/// Reads spins `[N, L, L]` of +-1 (in three dimensions `[N, L, L, L]`; one configuration may lack N), signed integers, floats or flags (true is +1), or colours from 0 on, any integers or floats, as `[N][sites]`: an
/// `.npy` file, or the array `spins` of an `.npz` file, told apart by their content. `shape` is that of one configuration.
///
/// # Errors
/// When the file cannot be read, or type, shape or values are not those.
pub fn read_spins(path: &Path, shape: &[usize], values: Spins) -> Result<Vec<i8>> {
    if is_archive(path)? {
        return spins_of(path, &mut Npz::open(path)?, shape, values);
    }
    let (file, length) = input::open(path)?;
    let array = Array::open(BufReader::new(file), length).map_err(|reason| {
        format!("expected an .npy or .npz file of spins [N, {}]: {reason}", lengths(shape))
    });
    spins(array, shape, values).map_err(|message| Error::content(path, message))
}

/// Reads the array `spins` of an archive.
///
/// # Errors
/// As [`read_spins`].
pub(super) fn spins_of(path: &Path, archive: &mut Npz, shape: &[usize], values: Spins) -> Result<Vec<i8>> {
    if archive.contains(STATES) {
        check_states(path, number(path, archive, STATES)?, values)?;
    }
    spins(archive.array("spins")?, shape, values).map_err(|message| Error::content(path, message))
}

/// Checks the number of colours that a file tells.
fn check_states(path: &Path, found: f64, values: Spins) -> Result<()> {
    let network = match values {
        Spins::Potts { states } if found == f64::from(states) => return Ok(()),
        Spins::Potts { states } => format!("spins of {states}"),
        Spins::Ising => "Ising spins".to_owned(),
    };
    let message =
        format!("its spins are of {found} colours, as its array {STATES} says; {network} are expected");
    Err(Error::content(path, message))
}

/// `4, 4`.
fn lengths(shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    lengths.join(", ")
}

/// Whether spins have a value.
fn have(values: Spins, value: f64) -> bool {
    match values {
        Spins::Ising => value.abs() == 1.0,
        Spins::Potts { states } => value.fract() == 0.0 && (0.0..f64::from(states)).contains(&value),
    }
}

/// `[N][sites]`, every value one that spins have.
fn spins(
    array: Result<Array<impl Read>, String>,
    wanted: &[usize],
    values: Spins,
) -> Result<Vec<i8>, String> {
    let array = array?;
    let name = &array.type_name;
    let kind = match array.kind {
        Some(kind) if matches!(kind.class, Class::Signed | Class::Float) => kind,
        Some(kind) if kind.class == Class::Bool && values == Spins::Ising => kind,
        Some(kind) if kind.class == Class::Unsigned && values != Spins::Ising => kind,
        Some(_) if values != Spins::Ising => {
            return Err(format!(
                "spins are of type {name:?}, which holds no colours; write x.astype(numpy.int8)"
            ));
        }
        Some(_) => {
            return Err(format!(
                "spins are of type {name:?}, which has no -1; for an x of 0 and 1 write {FROM_BITS}"
            ));
        }
        None => {
            return Err(format!("spins are of type {name:?}, which is not read; write x.astype(numpy.int8)"));
        }
    };
    // One configuration may stand alone.
    let shape = if array.shape == wanted { [&[1], wanted].concat() } else { array.shape.clone() };
    if !shape.split_first().is_some_and(|(&count, shape)| count > 0 && shape == wanted) {
        let (sites, lengths) = (wanted.iter().product::<usize>(), lengths(wanted));
        // Other shapes of as many spins are those of other lattices.
        let way_out = match shape[..] {
            [_, flat] if flat == sites => format!("x.reshape(-1, {lengths}) makes them so"),
            [0, ..] => "there are none".to_owned(),
            _ => "they are of another lattice or size".to_owned(),
        };
        return Err(format!(
            "spins have shape {shape:?}; they must be [N, {lengths}] with N >= 1: {way_out}"
        ));
    }
    let mut spins: Vec<i8> = Vec::new();
    let count = array.len();
    spins.try_reserve_exact(count).map_err(|_| format!("{count} spins do not fit into memory; use fewer"))?;
    spins.resize(count, 0);
    let mut first_wrong: Option<(usize, f64)> = None;
    let is_flag = kind.class == Class::Bool;
    array.read(kind, |at, value| {
        let value = if is_flag { 2.0 * value - 1.0 } else { value };
        spins[at] = value as i8;
        if !have(values, value) && first_wrong.is_none_or(|(first, _)| at < first) {
            first_wrong = Some((at, value));
        }
    })?;
    match first_wrong {
        None => Ok(spins),
        Some((at, value)) => Err(wrong_value(&index(at, &shape), value, values)),
    }
}

/// Index in every axis of an element of an array of a shape.
fn index(at: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = at;
    let mut index: Vec<usize> = shape.iter().rev().map(|length| (rest % length, rest /= length).0).collect();
    index.reverse();
    index
}

fn wrong_value(index: &[usize], value: f64, values: Spins) -> String {
    if let Spins::Potts { states } = values {
        let last = states - 1;
        return format!(
            "spins{index:?} = {value}; every spin must be a colour from 0 to {last}: correct it, or leave its configuration out"
        );
    }
    let way_out = match value {
        0.0 => format!("for an x of 0 and 1 write {FROM_BITS}"),
        _ => "correct it, or leave its configuration out".to_owned(),
    };
    format!("spins{index:?} = {value}; every spin must be 1 or -1: {way_out}")
}

#[cfg(test)]
mod tests {
    use super::super::npy::bytes;
    use super::*;
    use std::io::Write;
    use zip::CompressionMethod::{Deflated, Stored};
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn read(content: &[u8]) -> Result<Vec<i8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spins.npy");
        std::fs::write(&path, content).unwrap();
        read_spins(&path, &[2, 2], Spins::Ising).map_err(|error| error.to_string())
    }

    fn file(type_name: &str, values: &[u8]) -> Vec<u8> {
        bytes(1, type_name, false, "(1, 2, 2)", values)
    }

    fn archive(array: &[u8], method: zip::CompressionMethod) -> Vec<u8> {
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("spins.npy", SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(array).unwrap();
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn colours_are_read_from_integers_of_any_kind_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("colours.npy");
        let read = |type_name: &str, values: &[u8]| {
            std::fs::write(&path, file(type_name, values)).unwrap();
            read_spins(&path, &[2, 2], Spins::Potts { states: 3 }).map_err(|error| error.to_string())
        };
        assert_eq!(read("|i1", &[0, 2, 1, 0]).unwrap(), [0, 2, 1, 0]);
        assert_eq!(read("|u1", &[0, 2, 1, 0]).unwrap(), [0, 2, 1, 0]);
        let beyond = read("|u1", &[0, 3, 1, 0]).unwrap_err();
        assert!(beyond.contains("spins[0, 0, 1] = 3; every spin must be a colour from 0 to 2"), "{beyond}");
        let below = read("|i1", &[0, 1, 255, 0]).unwrap_err();
        assert!(below.contains("= -1; every spin must be a colour"), "{below}");
        let flags = read("|b1", &[0, 1, 1, 0]).unwrap_err();
        assert!(flags.contains("holds no colours"), "{flags}");
    }

    #[test]
    fn spins_of_every_signed_type_order_and_archive_are_read() {
        let expected = [1, -1, -1, 1];
        let [int, wide, float] = [
            expected.map(|spin: i8| i32::from(spin).to_be_bytes()).concat(),
            expected.map(|spin: i8| i64::from(spin).to_le_bytes()).concat(),
            expected.map(|spin: i8| f32::from(spin).to_be_bytes()).concat(),
        ];
        let double = expected.map(|spin: i8| f64::from(spin).to_le_bytes()).concat();
        let single = [1, 255, 255, 1].as_slice();
        for (name, values) in [
            ("<i1", single),
            (">i1", single),
            ("=i1", single),
            (">i4", &int),
            ("<i8", &wide),
            (">f4", &float),
            ("<f8", &double),
        ] {
            let plain = file(name, values);
            assert_eq!(read(&plain).unwrap(), expected, "{name}");
            for method in [Stored, Deflated] {
                assert_eq!(read(&archive(&plain, method)).unwrap(), expected, "{name}, {method}");
            }
        }
        assert_eq!(read(&bytes(1, "|i1", false, "(2, 2)", single)).unwrap(), expected, "one alone");
        assert_eq!(read(&file("|b1", &[1, 0, 0, 1])).unwrap(), expected, "flags");
        let half = expected.map(|spin: i8| half::f16::from(spin).to_le_bytes()).concat();
        assert_eq!(read(&file("<f2", &half)).unwrap(), expected);
        let fortran = bytes(2, "|i1", true, "(2, 2, 2)", &[1, 255, 1, 255, 1, 255, 255, 255]);
        assert_eq!(read(&fortran).unwrap(), [1, 1, 1, -1, -1, -1, -1, -1]);
    }

    #[test]
    fn other_types_and_values_are_refused_with_the_first_offender_and_the_way_out() {
        for name in ["|u1", "<u4"] {
            let refused = read(&file(name, &[1; 16])).unwrap_err();
            assert!(refused.contains(name) && refused.contains(FROM_BITS), "{refused}");
        }
        for name in ["<f16", "<c8", "<U1"] {
            let refused = read(&file(name, &[1; 32])).unwrap_err();
            assert!(refused.contains(name) && refused.contains("x.astype(numpy.int8)"), "{refused}");
        }
        let bits = read(&file("|i1", &[1, 255, 0, 2])).unwrap_err();
        assert!(bits.contains("spins[0, 1, 0] = 0;") && bits.contains(FROM_BITS), "{bits}");
        let of = |value: f64| read(&file("<f8", &[1.0, value, -1.0, 0.0].map(f64::to_le_bytes).concat()));
        for (value, text) in [(2.0, "= 2;"), (0.5, "= 0.5;"), (f64::NAN, "= NaN;"), (-128.0, "= -128;")] {
            let refused = of(value).unwrap_err();
            assert!(refused.contains("spins[0, 0, 1]") && refused.contains(text), "{refused}");
        }
        // 257 is 1 in its lowest byte.
        let wide = read(&file("<i4", &[1, 257, 1, 1].map(i32::to_le_bytes).concat())).unwrap_err();
        assert!(wide.contains("= 257;"), "{wide}");
        // In Fortran order the first of the array is not the first of the file.
        let fortran = read(&bytes(1, "|i1", true, "(2, 2, 2)", &[1, 3, 1, 1, 2, 1, 1, 1])).unwrap_err();
        assert!(fortran.contains("spins[0, 0, 1] = 2;"), "{fortran}");
    }

    #[test]
    fn other_shapes_and_files_are_refused_by_name() {
        for (shape, way_out) in [
            ("(4, 4)", "x.reshape(-1, 2, 2)"),
            ("(2, 8)", "another lattice or size"),
            ("(1, 4, 4)", "another lattice or size"),
            ("(16,)", "another lattice or size"),
            ("()", "another lattice or size"),
        ] {
            let refused = read(&bytes(1, "|i1", false, shape, &[1; 16])).unwrap_err();
            assert!(refused.contains("[N, 2, 2]") && refused.contains(way_out), "{refused}");
        }
        let empty = read(&bytes(1, "|i1", false, "(0, 2, 2)", &[])).unwrap_err();
        assert!(empty.contains("[0, 2, 2]") && empty.contains("N >= 1"), "{empty}");
        for (content, told) in [
            (&b"hello, this is text"[..], "no array of NumPy"),
            (b"PK, this is text", "damaged or cut off"),
            (b"", "empty"),
            (b"\x93NUM", "ends within the header"),
        ] {
            let refused = read(content).unwrap_err();
            assert!(refused.contains(".np") && refused.contains(told), "{refused}");
        }
        let missing = read_spins(Path::new("nowhere.npy"), &[2, 2], Spins::Ising).unwrap_err().to_string();
        assert!(missing.contains("cannot read nowhere.npy"), "{missing}");
        // A header that promises a petabyte, without the data.
        let promise = bytes(1, "|i1", false, "(1000000000000000, 2, 2)", &[1; 16]);
        for content in [promise.clone(), archive(&promise, Deflated)] {
            let refused = read(&content).unwrap_err();
            assert!(refused.contains("1000000000000000") && refused.contains("bytes"), "{refused}");
        }
    }

    #[test]
    fn a_compressed_array_is_read_no_further_than_its_header_says() {
        let mut bomb = file("|i1", &[1; 4]);
        bomb.resize(bomb.len() + (1 << 24), 1);
        let refused = read(&archive(&bomb, Deflated)).unwrap_err();
        assert!(refused.contains("goes on after the 4 values"), "{refused}");
        // A promise that deflate cannot keep in so few bytes, and one that this file does not keep.
        for count in [1_000_000, 10_000] {
            let promise = bytes(1, "|i1", false, &format!("({count}, 2, 2)"), &[1; 16]);
            let refused = read(&archive(&promise, Deflated)).unwrap_err();
            assert!(refused.contains("bytes can be meant") || refused.contains("ends before"), "{refused}");
        }
        let mut damaged = archive(&file("|i1", &[1; 4]), Stored);
        let at = damaged.windows(4).position(|window| window == [1; 4]).unwrap();
        damaged[at] = 255;
        assert!(read(&damaged).unwrap_err().contains("checksum"));
    }
}
