//! Headers of safetensors files whose bytes follow from their content.

use crate::error::{Error, Result};
use safetensors::tensor::{Metadata, TensorInfo};
use std::collections::HashMap;
use std::path::Path;

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
