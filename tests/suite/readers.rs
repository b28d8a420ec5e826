//! Every reader of files that may come from other people, behind one signature: for the tests here and for `fuzz/`.

use han_gpu::conditional::{Model, Widths};
use han_gpu::config::{Config, load, resolve};
use han_gpu::hierarchy::Cut;
use han_gpu::io::{Checkpoint, RunFolder, Table, read_configurations, read_spins, row, unpack_run};
use han_gpu::lattice::{Interaction, Lattice, Spins, System};
use std::fs;
use std::path::Path;

/// Reads a file and says whether it was accepted, or why not.
pub(crate) type Reader = fn(&Path) -> Result<(), String>;

/// Readers by the name of their fuzz target, with the name that their files have.
pub(crate) const READERS: [(&str, &str, Reader); 6] = [
    ("config", "config.toml", config),
    ("checkpoint", "checkpoint.safetensors", checkpoint),
    ("spins", "spins.npy", spins),
    ("configurations", "configurations.npz", configurations),
    ("table", "metrics.csv", table),
    ("archive", "run.zip", archive),
];

fn message(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// `config.toml` of a run, and as settings that a user gave.
fn config(path: &Path) -> Result<(), String> {
    let settings = load(path).map_err(message)?;
    let given = resolve(None, settings, Default::default(), path).map(drop);
    Config::of_run(path).map(drop).and(given).map_err(message)
}

/// `checkpoint.safetensors` of the smallest network.
fn checkpoint(path: &Path) -> Result<(), String> {
    Checkpoint::load(path, &small_model()?).map(drop).map_err(message)
}

/// A run as one archive: `--size 4 --width 1`, after three steps.
fn archive(path: &Path) -> Result<(), String> {
    unpack_run(&fs::read(path).map_err(message)?).map(drop).map_err(message)
}

/// The network of `checkpoint`: `--size 4 --width 1 --cut crosses --exact-bottom 2`.
fn small_model() -> Result<Model, String> {
    Config { size: 4, width: Widths::all(1), cut: Cut::Crosses, exact_bottom: 2, ..Config::default() }
        .model()
        .map_err(message)
}

/// Spins for `han-gpu evaluate`.
fn spins(path: &Path) -> Result<(), String> {
    read_spins(path, &[4, 4], Spins::Ising).map(drop).map_err(message)
}

/// Configurations for `han-gpu measure --configs`.
fn configurations(path: &Path) -> Result<(), String> {
    let interaction = Interaction { coupling: 1.0, field: 0.0 };
    let system = System::uniform(Lattice::square(4).map_err(message)?, interaction);
    read_configurations(path, &system.at(0.44).map_err(message)?).map(drop).map_err(message)
}

/// `metrics.csv`, read and continued, the table of a scan, and `measurement.json`.
fn table(path: &Path) -> Result<(), String> {
    let folder = path.parent().ok_or("no folder")?;
    let scan = Table::read_csv(path).map(drop);
    fs::copy(path, folder.join("measurement.json")).map_err(message)?;
    fs::write(folder.join("config.toml"), include_str!("../../fuzz/seeds/config/config.toml"))
        .map_err(message)?;
    let (run, _) = RunFolder::open(folder).map_err(message)?;
    let _ = run.measurement().as_ref().map(row);
    let metrics = run.metrics().and_then(|_| run.metrics_after(10)).map(drop);
    metrics.or(scan).map_err(message)
}
