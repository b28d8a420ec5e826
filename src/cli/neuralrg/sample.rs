//! `han-gpu neuralrg sample`.

use super::super::print;
use super::super::progress::Progress;
use super::{check_range, open};
use crate::config::MAX_SAMPLES;
use crate::counted::counted;
use crate::io::{check_memory, check_writable, write_fields};
use crate::neuralrg::Noise;
use crate::random::philox;
use std::path::PathBuf;

/// Configurations drawn at a time.
const BATCH: usize = 4096;
/// The purpose of the noise.
const SAMPLES: u32 = 4;

/// Draw independent fields from a flow, with spins drawn given them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu neuralrg sample runs/neuralrg --count 10000 --out fields.npz")]
pub(super) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Number of configurations
    #[arg(long)]
    count: usize,
    /// Seed of the samples [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// auto, cpu, or index or name of a GPU as `han-gpu devices` lists them
    #[arg(long, default_value = "auto")]
    device: String,
    /// Output: x float32 [N, L, L], ln_q float64 [N] of x, spins int8 [N, L, L], energy float64 [N] of spins
    #[arg(long, value_name = "FILE.npz")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let place = check_writable(&arguments.out)?;
    check_range("count", arguments.count as u64, 1, MAX_SAMPLES as u64)?;
    let learned = open(&arguments.run)?;
    let dual = &learned.dual;
    let mut flow = learned.on(&arguments.device)?;
    check_memory("count", arguments.count, dual.sites() * (size_of::<f32>() + 1) + 2 * size_of::<f64>())?;
    let seed = arguments.seed.unwrap_or(learned.settings.seed);
    let (mut x, mut ln_q, mut spins) = (Vec::new(), Vec::new(), Vec::new());
    let mut progress = Progress::new("configuration", 0, arguments.count as u64);
    for first in (0..arguments.count).step_by(BATCH) {
        let rows = BATCH.min(arguments.count - first);
        let (fields, of_fields) = flow.draw(Noise::new(seed, SAMPLES, 0), first, [rows, dual.sites()])?;
        spins.extend(dual.draw_spins(&fields, philox([seed, SAMPLES], [first as u32, 0, 0, 0])[0]));
        x.extend(fields.to_rows());
        ln_q.extend(of_fields);
        progress.advance((first + rows) as u64);
    }
    progress.finish();
    let energies = spins.chunks_exact(dual.sites()).map(|spins| dual.system().energy(spins)).collect();
    let side = learned.settings.architecture.size as usize;
    write_fields(&place, [side; 2], x, ln_q, spins, energies)?;
    print(&format!("{} in {}", counted(arguments.count, "configuration"), arguments.out.display()))
}
