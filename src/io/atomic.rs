//! Files that appear whole or not at all.

use super::run_folder::belongs_to_a_run;
use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How names of unfinished files start.
const PREFIX: &str = ".writing-";

/// A complete file under a temporary name, synced to disk. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Staged {
    temporary: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Takes its place, replacing what was there.
    pub(super) fn commit(self) -> Result<()> {
        let Self { temporary, path } = self;
        temporary.persist(&path).map_err(|error| Error::file("write", &path, error.error))?;
        Ok(())
    }
}

/// Writes a file to a temporary one beside its place.
pub(super) fn stage(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<Staged> {
    stage_from(path, |file| fill(file).map_err(|source| Error::file("write", path, source)))
}

/// As [`stage`], for contents whose source can fail too.
pub(super) fn stage_from(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<Staged> {
    let failed = |source| Error::file("write", path, source);
    let temporary = temporary_beside(path).map_err(failed)?;
    let mut writer = BufWriter::new(temporary.as_file());
    fill(&mut writer)?;
    writer.flush().map_err(failed)?;
    drop(writer);
    temporary.as_file().sync_all().map_err(failed)?;
    Ok(Staged { temporary, path: path.to_owned() })
}

/// Writes a file in one go: a crash or a full disk at any moment leaves the old file, or none.
pub(super) fn write(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<()> {
    stage(path, fill)?.commit()
}

/// Writes bytes; the file appears whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, |file| file.write_all(bytes))
}

/// Removes what writers that were killed left behind in a folder.
pub(super) fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // Nothing depends on its going: it is only untidy.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Checks that a file can be written, before long work is done for it, and returns its place: where a symbolic link
/// points to.
///
/// # Errors
/// When the folder does not exist or cannot be written, or the path is a folder, a device, a pipe, or a file of a run.
pub fn check_writable(path: &Path) -> Result<PathBuf> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Error::content(path, "this is not a regular file; name one, or a new one"));
    }
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if belongs_to_a_run(&place) {
        return Err(Error::content(path, "this file is part of a run, which would be lost; name another"));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        return Err(Error::content(path, format!("there is no folder {}; make it first", folder.display())));
    }
    temporary_beside(path).map_err(|source| Error::file("write", path, source))?;
    Ok(place)
}

fn temporary_beside(path: &Path) -> std::io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    // Temporary files are private by default; results are as readable as the user's umask lets any file be.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // The error of the folder, without the name that nobody gave.
    builder.prefix(PREFIX).tempfile_in(folder).map_err(|error| error.kind().into())
}
