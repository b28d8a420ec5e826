//! `han-gpu bench`.

use super::columns::{aligned, wrapped};
use super::flags::ForBench;
use super::heading;
use super::memory::Memory;
use super::progress::wait;
use super::settings::SettingArguments;
use crate::backend::{Timed, Tuning, Variant};
use crate::conditional::{Network, Storage, Widths};
use crate::config::Config;
use crate::counted::counted;
use crate::error::Error;
use crate::hierarchy::Cut;
use crate::lattice::LatticeKind;
use crate::ranks::Ranks;
use crate::schedule::{KernelCost, Phase, Rates};
use crate::timing::{KernelTime, Spread, StepTime, time_step};
use serde::Serialize;

/// Share of the limit from which on a row is marked: as much as two measurements of the limit differ by on a quiet machine.
const BEYOND: f64 = 1.05;
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
    settings: SettingArguments<ForBench>,
    #[command(flatten)]
    memory: Memory,
    /// Times that everything is measured
    #[arg(long, default_value_t = 20)]
    repeats: u32,
    /// List every kernel instead of the phases of a level
    #[arg(long)]
    kernels: bool,
    /// Measure kernel shapes again
    ///
    /// Measure kernel shapes again, instead of taking those that an earlier run on this GPU and driver found fastest
    #[arg(long, help_heading = heading::MACHINE)]
    retune: bool,
    /// Time every kernel shape that a level could have, instead of the step
    #[arg(long, conflicts_with_all = ["kernels", "retune"])]
    variants: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Output {
    device: String,
    lattice: LatticeKind,
    network: Network,
    size: u32,
    batch: usize,
    /// Configurations on the device at a time; kernels are timed on so many.
    chunk: usize,
    width: Widths,
    depth: usize,
    cut: Cut,
    exact_bottom: u32,
    exact_length: u32,
    storage: Storage,
    repeats: u32,
    /// Levels from the boundary down, then what works on all of them; each by phase.
    levels: Vec<Row>,
    #[serde(flatten)]
    times: StepTime,
    configurations_per_s: f64,
}

/// The output of `--variants`.
#[derive(Serialize)]
struct Variants {
    device: String,
    network: Network,
    size: u32,
    batch: usize,
    chunk: usize,
    width: Widths,
    variants: Vec<Variant>,
}

/// Kernels that run one after the other.
#[derive(Serialize)]
struct Row {
    /// None for what works on all levels at once.
    level: Option<usize>,
    /// Phase or kernel.
    name: &'static str,
    #[serde(flatten)]
    time: Spread,
    flops_per_s: f64,
    bytes_per_s: f64,
    /// Time that their arithmetic or traffic needs at the device's rates, over the time they take.
    of_limit: f64,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut config = arguments.settings.resolve([])?;
    let repeats = arguments.repeats;
    if !(1..=MAX_REPEATS).contains(&repeats) {
        let range = format!("it must lie in 1 to {MAX_REPEATS}");
        return Err(Error::setting("repeats", repeats, range).into());
    }
    let mut backend = arguments.memory.open(&mut config, &Ranks::alone())?;
    if arguments.variants {
        return print_variants(&mut *backend, &config, arguments.json);
    }
    backend.tune(if arguments.retune { Tuning::Again } else { Tuning::Measured })?;
    let (device, chunk) = (backend.device().to_owned(), backend.batch());
    super::tell(&format!("device {device}; {}", counted(repeats, "repeat")));
    let times = wait("timing steps", || time_step(&mut *backend, &config, repeats))?;
    let Config {
        lattice, network, size, batch, width, depth, cut, exact_bottom, exact_length, storage, ..
    } = config;
    let output = Output {
        device,
        lattice,
        network,
        size,
        batch,
        chunk,
        width,
        depth,
        cut,
        exact_bottom,
        exact_length,
        storage,
        repeats,
        levels: phases(&times),
        configurations_per_s: batch as f64 / times.step.median_s,
        times,
    };
    if arguments.json { super::print_json(&output) } else { super::print(&table(&output, arguments.kernels)) }
}

fn print_variants(backend: &mut dyn Timed, config: &Config, json: bool) -> anyhow::Result<()> {
    let &Config { network, size, batch, width, .. } = config;
    let (device, chunk) = (backend.device().to_owned(), backend.batch());
    super::tell(&format!("device {device}; the shortest of some runs of every kernel shape"));
    let variants = wait("timing kernel shapes", || backend.variants())?;
    let output = Variants { device, network, size, batch, chunk, width, variants };
    if json { super::print_json(&output) } else { super::print(&variant_table(&output.variants)) }
}

fn variant_table(variants: &[Variant]) -> String {
    let head = ["level", "kernel", "ms", "shape; * by default"].map(str::to_owned);
    let rows = variants.iter().map(|Variant { level, kernel, shape, expected, seconds, .. }| {
        let time = seconds.map_or("not timed".to_owned(), |seconds| format!("{:.4}", seconds * 1e3));
        let star = if *expected { " *" } else { "" };
        [level.to_string(), (*kernel).to_owned(), time, format!("{shape}{star}")]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    match variants.is_empty() {
        true => "this device has one shape for every kernel".to_owned(),
        false => aligned(['<', '<', '>', '<'], &rows).join("\n"),
    }
}

/// Kernels of a step, those of a level together.
fn by_level(times: &StepTime) -> Vec<&KernelTime> {
    let mut kernels: Vec<_> = times.kernels.iter().collect();
    kernels.sort_by_key(|kernel| kernel.level.unwrap_or(usize::MAX));
    kernels
}

fn phases(times: &StepTime) -> Vec<Row> {
    let kernels = by_level(times);
    let of_level = kernels.chunk_by(|a, b| a.level == b.level);
    let rows = of_level.flat_map(|here| {
        [Phase::Sample, Phase::Reward, Phase::Backward, Phase::Optimise].map(|phase| {
            let of_phase: Vec<_> = here.iter().copied().filter(|kernel| kernel.phase == phase).collect();
            (!of_phase.is_empty()).then(|| row(phase.name(), &of_phase, times.rates))
        })
    });
    rows.flatten().collect()
}

/// Of at least one kernel; all of one level.
fn row(name: &'static str, kernels: &[&KernelTime], rates: Rates) -> Row {
    let sum = |part: fn(&Spread) -> f64| kernels.iter().map(|kernel| part(&kernel.time)).sum::<f64>();
    let time = Spread {
        median_s: sum(|time| time.median_s),
        lower_s: sum(|time| time.lower_s),
        upper_s: sum(|time| time.upper_s),
    };
    let cost: KernelCost = kernels.iter().map(|kernel| kernel.cost).sum();
    let shortest: f64 = kernels.iter().map(|kernel| kernel.cost.seconds(rates)).sum();
    Row {
        level: kernels[0].level,
        name,
        time,
        flops_per_s: cost.flops as f64 / time.median_s,
        bytes_per_s: cost.bytes as f64 / time.median_s,
        of_limit: shortest / time.median_s,
    }
}

fn table(output: &Output, list_kernels: bool) -> String {
    let times = &output.times;
    let rates = times.rates;
    let mut lines = vec![format!(
        "limits     {:.1} Gflop/s of a product, {:.1} GB/s of a copy",
        rates.flops_per_s / 1e9,
        rates.bytes_per_s / 1e9
    )];
    let all = row("sum of kernels", &times.kernels.iter().collect::<Vec<_>>(), rates);
    let rows: Vec<Row> = match list_kernels {
        true => by_level(times).iter().map(|kernel| row(kernel.kernel, &[kernel], rates)).collect(),
        false => phases(times),
    };
    let head = ["level", "what", "ms", "lower", "upper", "Gflop/s", "GB/s", "of limit"].map(str::to_owned);
    let level = |row: &Row| cells(&row.level.map_or("all".to_owned(), |level| level.to_string()), row);
    let table: Vec<_> = [head].into_iter().chain(rows.iter().map(level)).chain([cells("", &all)]).collect();
    lines.extend(aligned(['<', '<', '>', '>', '>', '>', '>', '>'], &table));
    lines.push(format!("spread     lower and upper are quartiles of {}", counted(output.repeats, "repeat")));
    if rows.iter().chain([&all]).any(|row| row.of_limit > BEYOND) {
        let reason = "beyond the limit: its data fit into caches, which are faster than the copy, or other work ran beside the product and the copy";
        lines.push(wrapped("*          ", reason));
    }
    if output.chunk < output.batch {
        lines.push(format!(
            "chunks     kernels above: {} of {}",
            output.chunk,
            counted(output.batch, "configuration")
        ));
    }
    lines.push(format!(
        "step       {}, {:.0} configurations/s",
        spread(times.step),
        output.configurations_per_s
    ));
    let idle = times
        .idle_share
        .map_or(String::new(), |idle| format!("; the device waits {:.1}% of the time", 100.0 * idle));
    lines.push(format!("host       {} until submitted{idle}", spread(times.host)));
    lines.join("\n")
}

fn cells(level: &str, row: &Row) -> [String; 8] {
    let Row { name, time, .. } = row;
    let star = if row.of_limit > BEYOND { "*" } else { " " };
    [
        level.to_owned(),
        (*name).to_owned(),
        six(time.median_s * 1e3),
        six(time.lower_s * 1e3),
        six(time.upper_s * 1e3),
        six(row.flops_per_s / 1e9),
        six(row.bytes_per_s / 1e9),
        format!("{:.1}%{star}", 100.0 * row.of_limit),
    ]
}

/// A number in six letters, or as many as it needs before the point.
fn six(number: f64) -> String {
    let before = if number >= 10.0 { number.log10().floor() as usize } else { 0 };
    format!("{number:.0$}", 4_usize.saturating_sub(before))
}

fn spread(time: Spread) -> String {
    format!("{:.4} ms ({:.4} to {:.4})", time.median_s * 1e3, time.lower_s * 1e3, time.upper_s * 1e3)
}
