//! `han-gpu train --grow`: one lattice after another, each starting from the nets of the one before.
//!
//! A lattice no larger than its exact squares has a boundary net alone, which hands nothing on: the next one starts fresh.

use super::training::{Resources, train_one};
use crate::config::Config;
use crate::error::Error;
use crate::io::{RunFolder, Summary};
use std::path::{Path, PathBuf};
use toml::Value;

/// What to grow, and where.
pub(super) struct Growth<'a> {
    /// Sides of the lattices, each twice the one before.
    pub(super) sizes: &'a [u32],
    /// Folder of all runs; by default one that is named after beta.
    pub(super) out: Option<&'a Path>,
    /// Whether runs that are there are overwritten.
    pub(super) force: bool,
    pub(super) resources: &'a Resources,
}

/// Trains all sizes, in folders `L8`, `L16`, ... under one. What is there from an earlier call with the same settings is
/// kept: finished sizes are passed over, an unfinished one goes on. `resolve` gives the settings of a run from those that differ
/// from size to size.
///
/// The last run is returned, with its summary unless it was finished before.
pub(super) fn run(
    growth: &Growth<'_>,
    resolve: impl Fn([(&'static str, Value); 2]) -> anyhow::Result<Config>,
) -> anyhow::Result<(Option<Summary>, RunFolder)> {
    let refused = || {
        let given = growth.sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        Error::setting("--grow", given, "each size must be twice the one before, as 8,16,32")
    };
    if growth.sizes.windows(2).any(|pair| pair[1] != 2 * pair[0]) {
        return Err(refused().into());
    }
    let mut last = None;
    let mut previous = String::new();
    for &size in growth.sizes {
        let init_from = std::mem::take(&mut previous);
        let config =
            resolve([("size", Value::Integer(size.into())), ("init_from", Value::String(init_from))])?;
        let folder =
            growth.out.map_or_else(|| default_folder(&config), Path::to_owned).join(format!("L{size}"));
        if config.size > config.exact_bottom {
            previous = folder.to_string_lossy().into_owned();
        }
        last = Some(match train_one(config, &folder, growth.force, growth.resources)? {
            Some((summary, folder)) => (Some(summary), folder),
            None => (None, RunFolder::open(&folder)?.0),
        });
    }
    Ok(last.ok_or_else(refused)?)
}

fn default_folder(config: &Config) -> PathBuf {
    PathBuf::from(format!("runs/grow-beta{}", config.beta))
}
