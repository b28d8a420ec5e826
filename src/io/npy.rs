//! Reading NumPy arrays that may come from other people.

use half::f16;
use ndarray_npy::npy::header::Header;
use std::io::{ErrorKind, Read};

/// Longest header in bytes; NumPy itself refuses to read longer ones than 10,000.
const LONGEST_HEADER: usize = 10_000;
/// Most opening brackets in a header: a dictionary and a shape, with room to spare.
const MOST_BRACKETS: usize = 4;
/// How every array starts.
const MAGIC: &[u8] = b"\x93NUMPY";
/// These, and two bytes of version.
const PREFIX: usize = 8;
/// Values that are read at a time.
const AT_ONCE: usize = 8192;

/// The type of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Bool,
    Signed,
    Unsigned,
    Float,
}

/// How a value is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) class: Class,
    /// Bytes.
    pub(super) size: usize,
    is_big_endian: bool,
}

impl Kind {
    /// From NumPy's name of a type, `<i4`. NumPy writes no order for single bytes and for none that it need not, other
    /// programs write any; nothing for types that are no numbers, or too long or too short for the processor.
    fn parse(name: &str) -> Option<Self> {
        let (class, size) = match name.strip_prefix(['<', '>', '=', '|']).unwrap_or(name) {
            "b1" => (Class::Bool, 1),
            "i1" => (Class::Signed, 1),
            "i2" => (Class::Signed, 2),
            "i4" => (Class::Signed, 4),
            "i8" => (Class::Signed, 8),
            "u1" => (Class::Unsigned, 1),
            "u2" => (Class::Unsigned, 2),
            "u4" => (Class::Unsigned, 4),
            "u8" => (Class::Unsigned, 8),
            "f2" => (Class::Float, 2),
            "f4" => (Class::Float, 4),
            "f8" => (Class::Float, 8),
            _ => return None,
        };
        let is_big_endian = match name.as_bytes()[0] {
            b'<' => false,
            b'>' => true,
            _ => cfg!(target_endian = "big"),
        };
        Some(Self { class, size, is_big_endian })
    }

    /// The value that `size` bytes stand for; integers above 2^53 are rounded.
    fn value(self, bytes: &[u8]) -> f64 {
        let shift = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        let bits = match self.is_big_endian {
            true => bytes.iter().fold(0, shift),
            false => bytes.iter().rev().fold(0, shift),
        };
        let unused = 64 - 8 * self.size;
        match self.class {
            Class::Bool | Class::Unsigned => bits as f64,
            Class::Signed => ((bits << unused) as i64 >> unused) as f64,
            Class::Float if self.size == 2 => f16::from_bits(bits as u16).into(),
            Class::Float if self.size == 4 => f32::from_bits(bits as u32).into(),
            Class::Float => f64::from_bits(bits),
        }
    }
}

/// An `.npy` of which the header is read, and the values are not.
#[derive(Debug)]
pub(super) struct Array<R> {
    reader: R,
    /// NumPy's name of its type.
    pub(super) type_name: String,
    /// The same, if its values are numbers.
    pub(super) kind: Option<Kind>,
    pub(super) shape: Vec<usize>,
    is_fortran: bool,
}

impl<R: Read> Array<R> {
    /// Reads the header of an array whose values can have `most` bytes, so that memory is taken only for what can be there.
    pub(super) fn open(mut reader: R, most: u64) -> Result<Self, String> {
        let start = header_bytes(&mut reader)?;
        let header = Header::from_reader(&mut start.as_slice()).map_err(|error| error.to_string())?;
        let descriptor = header.type_descriptor;
        let type_name = descriptor.as_string().cloned().unwrap_or_else(|| descriptor.to_string());
        let kind = Kind::parse(&type_name);
        let size = kind.map_or(1, |kind| kind.size as u64);
        // An empty axis does not excuse the others: their product must not overflow either.
        let promised = header.shape.iter().try_fold(size, |product, &n| product.checked_mul(n.max(1) as u64));
        if promised.is_none_or(|promised| promised > most) {
            return Err(format!("its header says {:?}, but at most {most} bytes can be meant", header.shape));
        }
        Ok(Self { reader, type_name, kind, shape: header.shape, is_fortran: header.layout.is_fortran() })
    }

    /// Number of values.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Hands all values over, each with its position in row-major order, in the order of the file.
    pub(super) fn read(mut self, kind: Kind, mut take: impl FnMut(usize, f64)) -> Result<(), String> {
        let count = self.len();
        let mut bytes = vec![0; AT_ONCE.min(count) * kind.size];
        for first in (0..count).step_by(AT_ONCE) {
            let bytes = &mut bytes[..AT_ONCE.min(count - first) * kind.size];
            self.reader.read_exact(bytes).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => format!("it ends before the {count} values of its header"),
                _ => error.to_string(),
            })?;
            for (at, value) in bytes.chunks_exact(kind.size).enumerate() {
                take(self.row_major(first + at), kind.value(value));
            }
        }
        // At its end an archive compares sums of what was read, too.
        match self.reader.read(&mut [0]).map_err(|error| error.to_string())? {
            0 => Ok(()),
            _ => Err(format!("it goes on after the {count} values of its header")),
        }
    }

    /// Where a value of the file is in row-major order.
    fn row_major(&self, at: usize) -> usize {
        if !self.is_fortran {
            return at;
        }
        let (mut left, mut position, mut stride) = (at, 0, self.len());
        for &n in &self.shape {
            stride /= n;
            position += left % n * stride;
            left /= n;
        }
        position
    }
}

/// Everything before the values, if it is short and flat enough for a parser that recurses.
fn header_bytes(reader: &mut impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut more = |bytes: &mut Vec<u8>, count: usize| {
        let read = reader.take(count as u64).read_to_end(bytes);
        match read.map_err(|error| error.to_string())? {
            read if read == count => Ok(()),
            _ => Err("it ends within the header of an .npy array".to_owned()),
        }
    };
    let begun = more(&mut bytes, PREFIX);
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if !bytes.starts_with(&MAGIC[..MAGIC.len().min(bytes.len())]) {
        return Err("this is no array of NumPy, as numpy.save(file, x) writes it".to_owned());
    }
    begun?;
    // Version 1 has a 16-bit length, later ones a 32-bit length.
    let digits = if bytes[6] == 1 { 2 } else { 4 };
    more(&mut bytes, digits)?;
    let length = bytes[PREFIX..].iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte));
    if length > LONGEST_HEADER {
        return Err(format!("its header says that it has {length} bytes; at most {LONGEST_HEADER} are read"));
    }
    let text = bytes.len();
    more(&mut bytes, length)?;
    // Counted without a look at quotes or closing brackets: the parser's time grows exponentially with nesting.
    let brackets = bytes[text..].iter().filter(|byte| matches!(byte, b'(' | b'[' | b'{')).count();
    if brackets > MOST_BRACKETS {
        return Err(format!("its header has {brackets} opening brackets; an array of numbers needs 2"));
    }
    Ok(bytes)
}

/// The bytes of an `.npy`, for tests.
#[cfg(test)]
pub(super) fn bytes(version: u8, type_name: &str, is_fortran: bool, shape: &str, values: &[u8]) -> Vec<u8> {
    let order = if is_fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{type_name}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
    match version {
        1 => bytes.extend((header.len() as u16).to_le_bytes()),
        _ => bytes.extend((header.len() as u32).to_le_bytes()),
    }
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(bytes: &[u8]) -> Result<Vec<f64>, String> {
        let array = Array::open(bytes, bytes.len() as u64)?;
        let kind = array.kind.ok_or("no number")?;
        let mut values = vec![f64::NAN; array.len()];
        array.read(kind, |at, value| values[at] = value)?;
        Ok(values)
    }

    #[test]
    fn every_type_order_and_version_is_read_as_numpy_reads_it() {
        let of = |type_name: &str, values: &[&[u8]]| bytes(1, type_name, false, "(2,)", &values.concat());
        for order in ["|", "<", ">", "=", ""] {
            assert_eq!(values(&of(&format!("{order}i1"), &[&[1], &[255]])).unwrap(), [1.0, -1.0], "{order}");
        }
        let two = |little: [Vec<u8>; 2], name: &str| {
            let big = little.clone().map(|bytes| bytes.into_iter().rev().collect::<Vec<_>>());
            for (order, bytes) in [('<', &little), ('>', &big)] {
                let file = of(&format!("{order}{name}"), &[&bytes[0], &bytes[1]]);
                assert_eq!(values(&file).unwrap(), [1.0, -1.0], "{order}{name}");
            }
        };
        two([1_i16, -1].map(|value| value.to_le_bytes().to_vec()), "i2");
        two([1_i32, -1].map(|value| value.to_le_bytes().to_vec()), "i4");
        two([1_i64, -1].map(|value| value.to_le_bytes().to_vec()), "i8");
        two([1_f32, -1.0].map(|value| value.to_le_bytes().to_vec()), "f4");
        two([1_f64, -1.0].map(|value| value.to_le_bytes().to_vec()), "f8");
        assert_eq!(values(&of("<u2", &[&[1, 2], &[255, 255]])).unwrap(), [513.0, 65535.0]);
        for version in [1, 2, 3] {
            let file = bytes(version, "|i1", true, "(2, 3)", &[0, 3, 1, 4, 2, 5]);
            assert_eq!(values(&file).unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "version {version}");
        }
        assert_eq!(values(&of("<c8", &[&[0; 8], &[0; 8]])).unwrap_err(), "no number");
    }

    #[test]
    fn values_that_are_missing_or_too_many_are_told() {
        let short = bytes(1, "<i4", false, "(20,)", &[0; 79]);
        assert!(values(&short).unwrap_err().contains("ends before the 20 values"));
        let long = bytes(1, "<i4", false, "(20,)", &[0; 81]);
        assert!(values(&long).unwrap_err().contains("goes on after the 20 values"));
        let huge = bytes(1, "<i4", false, "(20, 1000000)", &[0; 80]);
        assert!(values(&huge).unwrap_err().contains("[20, 1000000]"));
    }
}
