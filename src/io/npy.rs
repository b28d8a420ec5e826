//! Reading NumPy arrays that may come from other people.

use ndarray::{Array, Dimension};
use ndarray_npy::npy::header::Header;
use ndarray_npy::{ReadNpyExt, ReadableElement};
use std::io::{Cursor, Read};

/// Longest header in bytes; NumPy itself refuses to read longer ones than 10,000.
const LONGEST_HEADER: usize = 10_000;
/// Most opening brackets in a header: a dictionary and a shape, with room to spare.
const MOST_BRACKETS: usize = 4;
/// `\x93NUMPY`, two bytes of version.
const PREFIX: usize = 8;

/// Reads an `.npy` of a given type and number of dimensions out of a file of `length` bytes. Its header is looked at
/// first: memory is taken only for what the file can hold.
pub(super) fn read<T, D>(mut reader: impl Read, length: u64) -> Result<Array<T, D>, String>
where
    T: ReadableElement,
    D: Dimension,
{
    let start = header_bytes(&mut reader)?;
    let header = Header::from_reader(&mut start.as_slice()).map_err(|error| error.to_string())?;
    let size = size_of::<T>() as u64;
    // An empty axis does not excuse the others: their product must not overflow either.
    let promised = header.shape.iter().try_fold(size, |product, &n| product.checked_mul(n.max(1) as u64));
    if promised.is_none_or(|promised| promised > length) {
        return Err(format!("its header says {:?}, but the file has only {length} bytes", header.shape));
    }
    Array::read_npy(Cursor::new(start).chain(reader)).map_err(|error| error.to_string())
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
    more(&mut bytes, PREFIX)?;
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
