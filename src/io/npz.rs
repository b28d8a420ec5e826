//! Archives of NumPy arrays that may come from other people.

use super::input::{self, Bounded};
use super::npy::Array;
use crate::error::{Error, Result};
use crate::memory;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// How every archive starts.
const MAGIC: [u8; 2] = *b"PK";
/// Bytes that one compressed byte can stand for at most, by the format of deflate.
const LARGEST_EXPANSION: u64 = 1032;

/// Whether a file is an archive, by its content.
///
/// # Errors
/// When it cannot be read.
pub(super) fn is_archive(path: &Path) -> Result<bool> {
    let (file, _) = input::open(path)?;
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut start)
        .map_err(|error| Error::file("read", path, error))?;
    Ok(start == MAGIC)
}

/// An `.npz`, as `numpy.savez` and `numpy.savez_compressed` write it.
pub(super) struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<Bounded<File>>>,
    length: u64,
}

impl Npz {
    /// Opens an archive and reads its list of arrays.
    ///
    /// # Errors
    /// When it cannot be read or is no archive.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let is_archive = is_archive(path)?;
        let (file, length) = input::open(path)?;
        let archive = ZipArchive::new(BufReader::new(Bounded::new(file, length))).map_err(|error| {
            // A list of arrays ends every archive.
            let found = match (is_archive, length, error) {
                (_, 0, _) => "the file is empty".to_owned(),
                (false, ..) => "this is another kind of file".to_owned(),
                (true, _, ZipError::InvalidArchive(_)) => "it is damaged or cut off at its end".to_owned(),
                (true, _, error) => error.to_string(),
            };
            let expected = "expected an .npz file, as numpy.savez or `han-gpu mc --out` writes it";
            Error::content(path, format!("{expected}: {found}"))
        })?;
        Ok(Self { path: path.to_owned(), archive, length })
    }

    /// Names of the arrays.
    pub(super) fn names(&self) -> Vec<String> {
        self.archive.file_names().filter_map(|file| Some(file.strip_suffix(".npy")?.to_owned())).collect()
    }

    /// Whether there is an array of a name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }

    /// One array, opened; its values are bounded by what the file can hold and, if it is compressed, by half of the main
    /// memory that is free.
    ///
    /// # Errors
    /// When there is none of this name, or it is packed in another way.
    pub(super) fn array(&mut self, name: &str) -> Result<Result<Array<impl Read>, String>> {
        let there = self.names().join(", ");
        let entry = self.archive.by_name(&format!("{name}.npy")).map_err(|error| {
            let message = match error {
                ZipError::UnsupportedArchive(detail) => format!(
                    "array {name:?} is packed in a way that is not read ({detail}); use numpy.savez or \
                     numpy.savez_compressed"
                ),
                ZipError::FileNotFound => {
                    format!("it has no array {name:?}, but {there}; numpy.savez(file, {name}=x) writes one")
                }
                error => format!("array {name:?} cannot be read: {error}"),
            };
            Error::content(&self.path, message)
        })?;
        let most = match entry.compression() {
            CompressionMethod::Stored => self.length,
            _ => {
                let packed = entry.compressed_size().min(self.length);
                packed.saturating_mul(LARGEST_EXPANSION).min(memory::available().unwrap_or(u64::MAX) / 2)
            }
        };
        Ok(Array::open(entry, most))
    }
}
