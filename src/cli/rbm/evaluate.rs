//! `han-gpu rbm evaluate`.

use super::super::print;
use super::super::progress::Progress;
use crate::counted::counted;
use crate::estimate::Estimate;
use crate::io::{check_writable, read_spins, write_ln_q};
use crate::measure::brief;
use crate::rbm::{Bits, Cpu, TEMPERATURES, ln_z};
use std::path::PathBuf;

/// Errors of ln Z by which ln p may pass 0.
const SIGMAS: f64 = 4.0;

/// Compute ln p of given configurations under a machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu rbm evaluate runs/rbm --spins configs.npz --out ln_p.npy")]
pub(in crate::cli) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Configurations [N, L, L] or [N, L, L, L]: an .npy file, or an .npz file with the array spins
    #[arg(long, value_name = "FILE")]
    spins: PathBuf,
    /// Leave ln Z out: the negative free energy, ln p + ln Z
    #[arg(long)]
    free_energy: bool,
    /// Seed of the chains that find ln Z where neither side can be summed over [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// auto, cpu, or index or name of a GPU; ln Z is found on the CPU
    #[arg(long, default_value = "auto")]
    device: String,
    /// Output: float64 [N]
    #[arg(long, value_name = "FILE.npy")]
    out: PathBuf,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let place = check_writable(&arguments.out)?;
    let learned = super::open(&arguments.run)?;
    let (settings, machine, cpu) = (&learned.settings, learned.machine, learned.cpu());
    let spins = read_spins(&arguments.spins, &machine.lattice.shape(), machine.spins)?;
    let visible = Bits::of_spins(&machine, &spins);
    let parameters = cpu.parameters();
    let mut backend = super::take_to(&arguments.device, cpu, Bits::zeros(1, machine.visible()))?;
    let mut values = backend.ln_weights(&visible)?;
    let (count, out) = (values.len(), arguments.out.display());
    if arguments.free_energy {
        write_ln_q(&place, values)?;
        return print(&format!("ln p + ln Z of {} in {out}", counted(count, "configuration")));
    }
    let (value, told) = match ln_z(&machine, &parameters) {
        Some(value) => (value, format!("ln Z {value:.8}, a sum over all states of one side")),
        None => {
            let mut progress = Progress::new("temperature", 0, TEMPERATURES.into());
            let seed = arguments.seed.unwrap_or(settings.seed);
            let cpu = Cpu::<f32>::new(machine, &parameters);
            let found = cpu.annealed_ln_z(seed, |done| progress.advance(done.into()));
            progress.finish();
            check_probabilities(&values, found)?;
            (found.value, format!("ln Z {} by annealed importance sampling", brief(found)))
        }
    };
    values.iter_mut().for_each(|ln_p| *ln_p -= value);
    write_ln_q(&place, values)?;
    print(&format!("{told}\nln p of {} in {out}", counted(count, "configuration")))
}

/// Refuses a ln Z that makes a configuration more than certain: the chains that found it have missed states of the machine.
fn check_probabilities(ln_weights: &[f64], ln_z: Estimate) -> anyhow::Result<()> {
    let most = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max) - ln_z.value;
    anyhow::ensure!(
        most <= SIGMAS * ln_z.error,
        "ln Z {} by annealed importance sampling is too low: a configuration would have ln p = {most:.3}; its chains have missed states of the machine. \
         Take --free-energy, which needs no ln Z, or train a machine of at most 20 hidden units, whose ln Z is a sum",
        brief(ln_z)
    );
    Ok(())
}
