//! `han-gpu bench`.

use super::network_shape::NetworkShape;
use crate::config::Config;
use crate::device;
use crate::error::Error;
use crate::schedule::{KernelCost, Phase, Rates};
use crate::timing::{KernelTime, Spread, StepTime, time_step};
use serde::Serialize;
use std::sync::Arc;

/// Most repeats.
const MAX_REPEATS: u32 = 10_000;

/// Time a training step, level by level, against what the device reaches at a product and a copy.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu bench --size 64 --batch 256
  han-gpu bench --preset published --size 32 --batch 256 --device cpu --kernels
  han-gpu bench --size 128 --device 0 --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    network: NetworkShape,
    /// auto, cpu, or index or name of a GPU
    #[arg(long, default_value = "auto")]
    device: String,
    /// Times that everything is measured
    #[arg(long, default_value_t = 20)]
    repeats: u32,
    /// List every kernel instead of the phases of a level
    #[arg(long)]
    kernels: bool,
    /// Measure kernel shapes again, instead of taking those that an earlier run on this GPU and driver found fastest
    #[arg(long)]
    retune: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Output {
    device: String,
    size: u32,
    batch: usize,
    width: usize,
    depth: usize,
    exact_bottom: u32,
    repeats: u32,
    #[serde(flatten)]
    times: StepTime,
    idle_share: f64,
    configurations_per_s: f64,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = arguments.network.config()?;
    let repeats = arguments.repeats;
    if !(1..=MAX_REPEATS).contains(&repeats) {
        let range = format!("it must lie in 1 to {MAX_REPEATS}");
        return Err(Error::setting("repeats", repeats, range).into());
    }
    let mut backend = device::open(&arguments.device, Arc::new(config.model()?), config.batch)?;
    backend.tune(arguments.retune)?;
    let device = backend.device().to_owned();
    super::tell(&format!("device {device}; {repeats} repeats"));
    let times = time_step(&mut *backend, &config, repeats)?;
    let Config { size, batch, width, depth, exact_bottom, .. } = config;
    let output = Output {
        device,
        size,
        batch,
        width,
        depth,
        exact_bottom,
        repeats,
        idle_share: times.idle_share(),
        configurations_per_s: batch as f64 / times.step.median_s,
        times,
    };
    if arguments.json { super::print_json(&output) } else { super::print(&table(&output, arguments.kernels)) }
}

fn table(output: &Output, list_kernels: bool) -> String {
    let times = &output.times;
    let rates = times.rates;
    let mut lines = vec![
        format!(
            "limits     {:.1} Gflop/s of a product, {:.1} GB/s of a copy",
            rates.flops_per_s / 1e9,
            rates.bytes_per_s / 1e9
        ),
        "level  what                          ms   lower   upper   Gflop/s      GB/s  of limit".to_owned(),
    ];
    let mut levels: Vec<_> = times.kernels.iter().map(|kernel| kernel.level).collect();
    levels.sort_by_key(|level| level.unwrap_or(usize::MAX));
    levels.dedup();
    for level in levels {
        let here: Vec<_> = times.kernels.iter().filter(|kernel| kernel.level == level).collect();
        let name = level.map_or("all".to_owned(), |level| level.to_string());
        if list_kernels {
            lines.extend(here.iter().map(|kernel| line(&name, kernel.kernel, &[kernel], rates)));
        } else {
            let phases = [Phase::Sample, Phase::Reward, Phase::Backward, Phase::Optimise].map(|phase| {
                let of_phase: Vec<_> = here.iter().copied().filter(|kernel| kernel.phase == phase).collect();
                (!of_phase.is_empty()).then(|| line(&name, phase.name(), &of_phase, rates))
            });
            lines.extend(phases.into_iter().flatten());
        }
    }
    lines.push(line("", "sum of kernels", &times.kernels.iter().collect::<Vec<_>>(), rates));
    lines.push(format!(
        "step       {}, {:.0} configurations/s",
        spread(times.step),
        output.configurations_per_s
    ));
    lines.push(format!(
        "host       {} until submitted; no kernel runs for {:.1}% of the step",
        spread(times.host),
        100.0 * output.idle_share
    ));
    lines.join("\n")
}

fn line(level: &str, name: &str, kernels: &[&KernelTime], rates: Rates) -> String {
    let sum = |part: fn(&Spread) -> f64| kernels.iter().map(|kernel| part(&kernel.time)).sum::<f64>();
    let cost: KernelCost = kernels.iter().map(|kernel| kernel.cost).sum();
    let shortest: f64 = kernels.iter().map(|kernel| kernel.cost.seconds(rates)).sum();
    let seconds = sum(|time| time.median_s);
    format!(
        "{level:<6} {name:<22} {:>9.4} {:>7.4} {:>7.4} {:>9.2} {:>9.2} {:>8.1}%",
        seconds * 1e3,
        sum(|time| time.lower_s) * 1e3,
        sum(|time| time.upper_s) * 1e3,
        cost.flops as f64 / seconds / 1e9,
        cost.bytes as f64 / seconds / 1e9,
        100.0 * shortest / seconds
    )
}

fn spread(time: Spread) -> String {
    format!("{:.4} ms ({:.4} to {:.4})", time.median_s * 1e3, time.lower_s * 1e3, time.upper_s * 1e3)
}
