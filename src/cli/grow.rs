//! `han-gpu train --grow`: one lattice after another, each starting from the nets of the one before.
//!
//! Where a lattice has no net that the next one can use, as one no larger than its exact squares, the next one starts fresh.

use super::progress::Jobs;
use super::training::{Resources, train_one};
use crate::conditional::{Model, NetOptions, Network};
use crate::config::Config;
use crate::error::Error;
use crate::io::{RunFolder, Summary};
use crate::lattice::SpinModel;
use crate::ranks::Ranks;
use std::path::{Path, PathBuf};
use toml::Value;

/// The sizes of a growing network, and where its runs go.
pub(super) struct Growth<'a> {
    /// Sides of the lattices, each twice the one before.
    pub(super) sizes: &'a [u32],
    /// Folder of all runs; by default one that is named after beta.
    pub(super) out: Option<&'a Path>,
    /// Whether runs that are there are overwritten.
    pub(super) force: bool,
    pub(super) resources: &'a Resources,
    pub(super) ranks: &'a Ranks,
}

/// Trains all sizes, in folders `L8`, `L16`, ... under one. What is there from an earlier call with the same settings is
/// kept: finished sizes are passed over, an unfinished one goes on. `resolve` gives the settings of a run from those that differ
/// from size to size.
///
/// The last run is returned, with its summary unless it was finished before.
pub(super) fn run(
    growth: &Growth<'_>,
    resolve: impl Fn(&[(&'static str, Value)]) -> anyhow::Result<Config>,
) -> anyhow::Result<(Option<Summary>, RunFolder)> {
    let refuse = |expected: &str| {
        let given = growth.sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        Error::setting("--grow", given, expected)
    };
    let refused = || refuse("each size must be twice the one before, as 8,16,32");
    if growth.sizes.windows(2).any(|pair| pair[1] != 2 * pair[0]) {
        return Err(refused().into());
    }
    let of_size = |size: u32| ("size", Value::Integer(size.into()));
    // The kind of nets follows from the size, and has to be that of the last one for all.
    let last = resolve(&[of_size(growth.sizes.last().copied().unwrap_or_default())])?;
    let settings = |size: u32, init_from: String| {
        let colours = ("colours", Value::String(last.colours.name().to_owned()));
        let of_potts = Some(colours).filter(|_| last.model == SpinModel::Potts);
        let own = [of_size(size), ("init_from", Value::String(init_from))];
        resolve(&own.into_iter().chain(of_potts).collect::<Vec<_>>())
    };
    // Everything is known to be possible before the first step.
    let models = growth.sizes.iter().map(|&size| Ok(settings(size, String::new())?.model()?));
    let models = models.collect::<anyhow::Result<Vec<Model>>>()?;
    if models.iter().any(|model| model.options.network == Network::Van) && models.len() > 1 {
        let expected = "a dense network (van) cannot start from a smaller lattice; train each size by itself";
        return Err(refuse(expected).into());
    }
    let hands_on: Vec<bool> = models.windows(2).map(|pair| pair[1].shares_nets_with(&pair[0])).collect();
    for before in (0..hands_on.len()).filter(|&before| !hands_on[before]) {
        let sizes = [growth.sizes[before], growth.sizes[before + 1]];
        super::tell(&starts_fresh(sizes, [&models[before], &models[before + 1]]));
    }
    let mut last = None;
    let mut previous: Option<PathBuf> = None;
    let folder_of = |config: &Config, size: u32| {
        growth.out.map_or_else(|| default_folder(config), Path::to_owned).join(format!("L{size}"))
    };
    let work = |(&size, model): (&u32, &Model)| {
        let is_done = |config: Config| {
            RunFolder::open(&folder_of(&config, size)).is_ok_and(|(folder, _)| folder.is_finished())
        };
        let is_done = !growth.force && settings(size, String::new()).is_ok_and(is_done);
        if is_done { 0.0 } else { model.hierarchy.sites as f64 }
    };
    let mut jobs = Jobs::new(growth.sizes.iter().zip(&models).map(work).collect());
    for (index, &size) in growth.sizes.iter().enumerate() {
        let hands_on = index > 0 && hands_on[index - 1];
        let init_from = previous.filter(|_| hands_on).unwrap_or_default().to_string_lossy().into_owned();
        let config = settings(size, init_from)?;
        let folder = folder_of(&config, size);
        jobs.begin(index, "size", &format!("L = {size}"));
        previous = Some(folder.clone());
        last = Some(match train_one(config, &folder, growth.force, growth.resources, growth.ranks)? {
            Some((summary, folder)) => (Some(summary), folder),
            None => (None, RunFolder::open(&folder)?.0),
        });
    }
    Ok(last.ok_or_else(refused)?)
}

/// Why a size takes nothing over from the one before.
fn starts_fresh([before, size]: [u32; 2], models: [&Model; 2]) -> String {
    let nets = models.map(|model| {
        let NetOptions { width, depth, reach, .. } = model.options;
        format!("width {width}, depth {depth} and reach {reach}")
    });
    if nets[0] != nets[1] {
        let [there, here] = nets;
        return format!(
            "L = {size} starts fresh: its nets have {here}, those of L = {before} {there}; set them to make both alike"
        );
    }
    format!(
        "L = {size} starts fresh: L = {before} has no net of a block that is there too; a smaller --exact-bottom has more blocks"
    )
}

fn default_folder(config: &Config) -> PathBuf {
    PathBuf::from(format!("runs/grow-beta{}", config.beta))
}
