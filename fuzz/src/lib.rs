//! What the fuzz targets share: the readers of the test suite, and bytes as a file.

#[path = "../../tests/suite/readers.rs"]
mod readers;

use std::fs;
use std::path::PathBuf;

/// Hands bytes to a target's reader as a file. Refusing them is fine; a panic, an abort or running out of memory is not.
pub fn read(target: &str, bytes: &[u8]) {
    let found = readers::READERS.into_iter().find(|(name, ..)| *name == target);
    let (_, file, reader) = found.expect("targets have the names of readers");
    let path = folder().join(file);
    fs::write(&path, bytes).expect("the folder for temporary files can be written");
    let _ = reader(&path);
}

fn folder() -> PathBuf {
    // In memory where the system offers it.
    let shared = PathBuf::from("/dev/shm");
    let base = if shared.is_dir() { shared } else { std::env::temp_dir() };
    let folder = base.join(format!("han-gpu-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be made");
    folder
}
