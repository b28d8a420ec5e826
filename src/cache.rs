//! Files that spare work in later runs: measured kernel shapes and compiled pipelines. Losing them loses nothing.

use crate::io::{read_at_most, write_bytes};
use std::path::{Path, PathBuf};

/// Environment variable that names the folder; `none`: nothing is measured and nothing kept.
const VARIABLE: &str = "HAN_GPU_CACHE";

/// The place of a file, if there is a folder for it: `HAN_GPU_CACHE`, else `han-gpu` in the system's folder for caches.
pub(crate) fn file(name: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os(VARIABLE) {
        Some(folder) if folder == "none" || folder.is_empty() => return None,
        Some(folder) => PathBuf::from(folder),
        None => system_folder()?.join("han-gpu"),
    };
    let safe = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    Some(folder.join(name.chars().map(safe).collect::<String>()))
}

fn system_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        Some(set("HOME")?.join("Library/Caches"))
    } else {
        set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))
    }
}

/// What a file holds, if it is there and not absurdly long.
pub(crate) fn read(path: &Path, longest: u64) -> Option<Vec<u8>> {
    read_at_most(path, longest).ok()
}

/// Replaces a file.
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = folder.map_err(|error| error.to_string());
    let written = written.and_then(|()| write_bytes(path, bytes).map_err(|error| error.to_string()));
    if let Err(error) = written {
        tracing::info!(path = %path.display(), error, "nothing is kept for later runs");
    }
}
