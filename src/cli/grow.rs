//! `han-gpu train --grow`: one lattice after another, each starting from the nets of the one before.
//!
//! A lattice no larger than its exact squares has a boundary net alone, which hands nothing on: the next one starts fresh.

use super::train::{Arguments, Resources, execute, open, resolve_arguments};
use crate::config::Config;
use crate::error::Error;
use crate::io::{RunFolder, Summary};
use std::path::{Path, PathBuf};
use toml::Value;

/// Trains all sizes, in folders `L8`, `L16`, ... under one. What is there from an earlier call with the same settings is
/// kept: finished sizes are passed over, an unfinished one goes on.
///
/// The last run is returned, with its summary unless it was finished before.
pub(super) fn run(arguments: &Arguments, sizes: &[u32]) -> anyhow::Result<(Option<Summary>, RunFolder)> {
    let refused = || {
        let given = sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        Error::setting("--grow", given, "each size must be twice the one before, as 8,16,32")
    };
    if sizes.windows(2).any(|pair| pair[1] != 2 * pair[0]) {
        return Err(refused().into());
    }
    let mut last = None;
    let mut previous = String::new();
    for &size in sizes {
        let init_from = std::mem::take(&mut previous);
        let config = resolve_arguments(
            arguments,
            [("size", Value::Integer(size.into())), ("init_from", Value::String(init_from))],
        )?;
        let folder =
            arguments.out.clone().unwrap_or_else(|| default_folder(&config)).join(format!("L{size}"));
        if config.size > config.exact_bottom {
            previous = folder.to_string_lossy().into_owned();
        }
        last = Some(match train_one(config, &folder, arguments.force, &arguments.resources)? {
            Some((summary, folder)) => (Some(summary), folder),
            None => (None, RunFolder::open(&folder)?.0),
        });
    }
    Ok(last.ok_or_else(refused)?)
}

fn default_folder(config: &Config) -> PathBuf {
    PathBuf::from(format!("runs/grow-beta{}", config.beta))
}

/// Trains one size, or goes on with it; nothing if it is finished.
pub(super) fn train_one(
    mut config: Config,
    path: &Path,
    force: bool,
    resources: &Resources,
) -> anyhow::Result<Option<(Summary, RunFolder)>> {
    if !force && config.chunk == 0 && RunFolder::exists(path) {
        config.chunk = RunFolder::open(path)?.1.chunk;
    }
    let backend = open(&mut config, resources)?;
    let folder = if force || !RunFolder::exists(path) {
        RunFolder::create(path, &config, force)?
    } else {
        let (folder, there) = RunFolder::open(path)?;
        // Where it started from may be named otherwise, or have been another neighbour in an earlier call.
        if (Config { init_from: config.init_from.clone(), ..there }) != config {
            let message = "it holds a run with other settings; choose another --out, or remove it";
            return Err(Error::content(path, message).into());
        }
        if folder.is_finished() {
            super::tell(&format!("{} is trained already", path.display()));
            return Ok(None);
        }
        folder
    };
    Ok(Some((execute(&config, backend, &folder)?, folder)))
}
