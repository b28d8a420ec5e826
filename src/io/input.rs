//! Opening files that may come from other people: only regular files, and never more of them than can be meant.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Longest configuration or measurement, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;

/// Opens a file for reading and tells its length.
///
/// # Errors
/// When it cannot be opened, or is a folder, a device or a pipe, which might never end.
pub(super) fn open(path: &Path) -> Result<(File, u64)> {
    let failed = |source| Error::file("read", path, source);
    let found = fs::metadata(path).map_err(failed)?;
    if !found.is_file() {
        return Err(Error::content(path, "this is not a regular file"));
    }
    Ok((File::open(path).map_err(failed)?, found.len()))
}

/// Reads a whole file of at most `longest` bytes.
///
/// # Errors
/// When it cannot be read or is longer.
pub(crate) fn read(path: &Path, longest: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    if length > longest {
        let message = format!("it has {length} bytes; at most {longest} can be meant here");
        return Err(Error::content(path, message));
    }
    let mut bytes = Vec::new();
    // A file may grow while it is read.
    file.take(longest).read_to_end(&mut bytes).map_err(|source| Error::file("read", path, source))?;
    Ok(bytes)
}

/// Reads a short text.
///
/// # Errors
/// When it cannot be read, is too long or is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path, LONGEST_TEXT)?).map_err(|_| Error::content(path, "it is not text (UTF-8)"))
}

/// A file, or bytes like those of one, that can be read a few times over and not more: archives can be built to be searched again and again.
#[derive(Debug)]
pub(super) struct Bounded<F> {
    file: F,
    left: u64,
}

impl<F> Bounded<F> {
    /// For a file of this length.
    pub(super) fn new(file: F, length: u64) -> Self {
        Self { file, left: length.saturating_mul(4).saturating_add(1 << 20) }
    }
}

impl<F: Read> Read for Bounded<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| std::io::Error::other("it has to be searched too often"))?;
        Ok(read)
    }
}

impl<F: Seek> Seek for Bounded<F> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}
