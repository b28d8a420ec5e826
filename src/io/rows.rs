//! Tables of any columns, as CSV.

use super::atomic;
use crate::error::Result;
use std::path::Path;

/// Writes rows under their header; the file appears whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_rows(path: &Path, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
    atomic::write(path, |file| {
        let mut table = csv::Writer::from_writer(file);
        table.write_record(header)?;
        for row in rows {
            table.write_record(row)?;
        }
        table.flush()
    })
}
