//! Headers of safetensors files: written so that their bytes follow from their content, and read to see whether a file is whole.

use crate::error::{Error, Result};
use safetensors::tensor::{Metadata, TensorInfo};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest header in bytes that is read to tell whether a file is whole.
const LONGEST_HEADER: u64 = 1 << 26;

/// The header of a file with these tensors, filled up to a multiple of eight bytes. safetensors would write its metadata in the order of a hash map; equal states must give
/// equal files, so keys are sorted.
pub(super) fn sorted_header(
    path: &Path,
    tensors: Vec<(String, TensorInfo)>,
    metadata: HashMap<String, String>,
) -> Result<Vec<u8>> {
    let metadata =
        Metadata::new(Some(metadata), tensors).map_err(|error| Error::content(path, error.to_string()))?;
    // serde_json's map is sorted by key.
    let sorted = serde_json::to_value(&metadata).map_err(|error| Error::content(path, error.to_string()))?;
    let mut header = sorted.to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

/// Whether a safetensors file is there and as long as its header says; arrays are not read.
pub(super) fn is_whole(path: &Path) -> bool {
    let length = || -> Option<(u64, u64)> {
        let mut file = File::open(path).ok()?;
        let mut start = [0; 8];
        file.read_exact(&mut start).ok()?;
        let header_length = u64::from_le_bytes(start);
        let mut header = Vec::new();
        file.by_ref().take(header_length.min(LONGEST_HEADER)).read_to_end(&mut header).ok()?;
        let metadata: Metadata = serde_json::from_slice(&header).ok()?;
        Some((8 + header_length + metadata.data_len() as u64, file.metadata().ok()?.len()))
    };
    length().is_some_and(|(told, found)| told == found)
}
