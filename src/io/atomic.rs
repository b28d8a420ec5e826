//! Files that appear whole or not at all.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes a file through a temporary one in the same folder: synced, then renamed. A crash or a full disk at any moment
/// leaves the old file, or none.
pub(super) fn write(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<()> {
    let attempt = || {
        let temporary = temporary_beside(path)?;
        let mut writer = BufWriter::new(temporary.as_file());
        fill(&mut writer)?;
        writer.flush()?;
        drop(writer);
        temporary.as_file().sync_all()?;
        readable(temporary.as_file())?;
        temporary.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    attempt().map_err(|source| Error::file("write", path, source))
}

/// Checks that a file can be written, before long work is done for it.
///
/// # Errors
/// When the folder does not exist or cannot be written, or the path is a folder.
pub fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::content(path, "this is a folder; name a file"));
    }
    temporary_beside(path).map(drop).map_err(|source| Error::file("write", path, source))
}

fn temporary_beside(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)
}

/// Temporary files are private to their user; results should be as readable as any other file.
fn readable(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
