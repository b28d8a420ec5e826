//! `han-gpu neuralrg evaluate`.

use super::super::print;
use super::open;
use crate::counted::counted;
use crate::io::{check_writable, read_fields, write_ln_q};
use crate::neuralrg::Fields;
use std::path::PathBuf;

/// Compute ln q of given fields under a flow.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu neuralrg evaluate runs/neuralrg --fields fields.npz --out ln_q.npy")]
pub(super) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Fields [N, L, L], float32 or float64: an .npy file, or an .npz file with the array x
    #[arg(long, value_name = "FILE")]
    fields: PathBuf,
    /// auto, cpu, or index or name of a GPU as `han-gpu devices` lists them
    #[arg(long, default_value = "auto")]
    device: String,
    /// Output: float64 [N]
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let place = check_writable(&arguments.out)?;
    let learned = open(&arguments.run)?;
    let side = learned.settings.architecture.size as usize;
    let x = read_fields(&arguments.fields, [side; 2])?;
    let ln_q = learned.on(&arguments.device)?.ln_q(&Fields::of_rows(&x, side * side))?;
    let count = ln_q.len();
    write_ln_q(&place, ln_q)?;
    print(&format!("ln q of {} in {}", counted(count, "field"), arguments.out.display()))
}
