//! `han-gpu export`.

use super::bottom::BottomFlags;
use super::network::Network;
use super::verdict;
use crate::counted::counted;
use crate::error::Error;
use crate::io::{RunFolder, write_bytes, write_figures};
use crate::ranks::Ranks;
use std::path::PathBuf;

/// Write a run as CSV for spreadsheets and other programs: fresh samples, final figures, metrics.
///
/// Final figures, summary.csv, are those of the run's summary.json: of the network with its own bottom, whatever --bottom draws the samples. `han-gpu measure --bottom` has those of
/// another.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu export runs/L16-beta0.44 --count 1000 --out table")]
pub(super) struct Arguments {
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    bottom: BottomFlags,
    /// Number of configurations to draw
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Seed of the samples [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// Folder for samples.csv, summary.csv (of a finished run) and metrics.csv; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { network, bottom, count, seed, out } = arguments;
    let (folder, _) = RunFolder::open(network.path())?;
    // Before anything is drawn or written: a run that was stopped early may have none.
    folder.metrics()?;
    verdict::tell_of(&folder);
    let drawing = network.open_to_draw(bottom, *count, *seed, &Ranks::alone())?;
    std::fs::create_dir_all(out).map_err(|source| Error::file("create", out, source))?;
    drawing.draw()?.write_csv(&out.join("samples.csv"))?;
    let summary = folder.summary();
    if let Some(summary) = &summary {
        write_figures(&out.join("summary.csv"), summary)?;
    }
    write_bytes(&out.join("metrics.csv"), &folder.metrics_bytes()?)?;
    let figures = match (&summary, bottom.is_given()) {
        (None, _) => "",
        (Some(_), false) => ", figures",
        (Some(_), true) => ", figures of the network's own bottom",
    };
    super::print(&format!("{}{figures} and metrics in {}", counted(*count, "configuration"), out.display()))
}
