//! `han-gpu plan`.

use super::columns::wrapped;
use super::flags::ForPlan;
use super::settings::SettingArguments;
use crate::conditional::Model;
use crate::config::Config;
use crate::cpu::Cpu;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::mc::Pool;
use crate::ranks::{Interconnect, SharedStep};
use crate::schedule::{KernelCost, KernelPlan, LevelPlan, Plan, Rates};
use serde::Serialize;

/// Print what a network costs, level by level.
///
/// Calls are dispatches of kernels, Mflop millions of operations with numbers, and MB the traffic of memory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu plan --size 64 --batch 256
  han-gpu plan --size 64 --kernels --gflops 10000 --gbytes 800
  han-gpu plan --size 64 --batch 4096 --ranks 8 --gbytes-network 10 --step-ms 3")]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingArguments<ForPlan>,
    /// Also list the kernels of a training step
    #[arg(long)]
    kernels: bool,
    /// Rate of arithmetic in Gflop/s, for the shortest time
    ///
    /// Rate of arithmetic in Gflop/s, for the shortest time of a training step (`han-gpu bench` measures it)
    #[arg(long, requires = "gbytes")]
    gflops: Option<f64>,
    /// Rate of memory traffic in GB/s
    #[arg(long, requires = "gflops")]
    gbytes: Option<f64>,
    /// Ranks that share the batch out
    ///
    /// Ranks that share the batch out, for their communication in a training step
    #[arg(long, value_name = "N", requires = "gbytes_network")]
    ranks: Option<usize>,
    /// Rate of the network in GB/s
    ///
    /// Rate at which a rank sends and receives in GB/s
    #[arg(long, value_name = "X", requires = "ranks")]
    gbytes_network: Option<f64>,
    /// Time of a message in microseconds
    #[arg(long, value_name = "T", default_value_t = 2.0, requires = "ranks")]
    latency_us: f64,
    /// Measured step of a rank in ms
    ///
    /// Time of a training step with a rank's part of the batch in ms, as `han-gpu bench --batch PART` measures it [default: the shortest at the given rates]
    #[arg(long, value_name = "T", requires = "ranks")]
    step_ms: Option<f64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Output {
    #[serde(flatten)]
    plan: Plan,
    /// Memory of the state on a GPU, index tables left out; none where a level runs on the CPU alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_memory_bytes: Option<u64>,
    /// Memory of the state on the CPU backend.
    cpu_memory_bytes: u64,
    /// Main memory for Monte Carlo configurations that forward steps learn from.
    pool_memory_bytes: u64,
    /// Shortest time of a training step at the given rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    training_step_s: Option<f64>,
    /// A training step on several ranks.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_ranks: Option<SharedStep>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = arguments.settings.resolve([])?;
    let model = config.model()?;
    let rates = rates(arguments)?;
    let plan = Plan::new(&model, config.batch, config.baseline);
    let plan = if let Some(rates) = rates { plan.at(rates) } else { plan };
    let learns = (1..=config.steps).any(|step| config.is_forward(step));
    let chunk = if config.chunk > 0 { config.chunk } else { config.batch };
    let output = Output {
        gpu_memory_bytes: (!model.is_for_the_cpu()).then(|| Gpu::memory(&model, chunk)),
        cpu_memory_bytes: Cpu::<f32>::memory(&model, chunk),
        pool_memory_bytes: if learns {
            Pool::memory(model.system.lattice, config.pool, config.batch)
        } else {
            0
        },
        training_step_s: seconds(kernels(&plan)),
        on_ranks: shared_step(arguments, &model, &config, rates)?,
        plan,
    };
    if arguments.json { super::print_json(&output) } else { super::print(&table(&output, arguments.kernels)) }
}

/// A number above 0.
fn positive(name: &'static str, value: f64) -> Result<f64, Error> {
    match value > 0.0 && value.is_finite() {
        true => Ok(value),
        false => Err(Error::setting(name, value, "it must be a positive number")),
    }
}

/// The training step of several ranks, where it is asked for.
fn shared_step(
    arguments: &Arguments,
    model: &Model,
    config: &Config,
    rates: Option<Rates>,
) -> Result<Option<SharedStep>, Error> {
    let (Some(ranks), Some(gbytes)) = (arguments.ranks, arguments.gbytes_network) else { return Ok(None) };
    if ranks == 0 || !config.batch.is_multiple_of(ranks) {
        let expected = format!("it must divide the batch, which is {}", config.batch);
        return Err(Error::setting("--ranks", ranks, expected));
    }
    let network = Interconnect {
        bytes_per_s: positive("--gbytes-network", gbytes)? * 1e9,
        latency_s: positive("--latency-us", arguments.latency_us)? * 1e-6,
    };
    let part = config.batch / ranks;
    let planned =
        || rates.and_then(|rates| seconds(kernels(&Plan::new(model, part, config.baseline).at(rates))));
    let alone_s = match arguments.step_ms {
        Some(step_ms) => Some(positive("--step-ms", step_ms)? * 1e-3),
        None => planned(),
    };
    Ok(Some(SharedStep::new(model.parameters, part, ranks, network, alone_s)))
}

fn rates(arguments: &Arguments) -> Result<Option<Rates>, Error> {
    let checked = |name, value: f64| Ok::<_, Error>(positive(name, value)? * 1e9);
    Ok(match (arguments.gflops, arguments.gbytes) {
        (Some(flops), Some(bytes)) => {
            Some(Rates { flops_per_s: checked("gflops", flops)?, bytes_per_s: checked("gbytes", bytes)? })
        }
        _ => None,
    })
}

fn kernels(plan: &Plan) -> impl Iterator<Item = &KernelPlan> {
    plan.levels.iter().flat_map(|level| &level.kernels).chain(&plan.shared)
}

/// Nothing where no rates were given.
fn seconds<'a>(kernels: impl IntoIterator<Item = &'a KernelPlan>) -> Option<f64> {
    kernels.into_iter().map(|kernel| kernel.seconds).sum()
}

fn table(output: &Output, list_kernels: bool) -> String {
    let plan = &output.plan;
    let column =
        |seconds: Option<f64>| seconds.map_or(String::new(), |seconds| format!(" {:>8.4}", seconds * 1e3));
    let milliseconds = |kernels: &[KernelPlan]| column(output.training_step_s.and_then(|_| seconds(kernels)));
    let head = if output.training_step_s.is_some() { "       ms" } else { "" };
    let mut lines = vec!["level            side squares border sites parameters".to_owned()];
    lines.extend(plan.levels.iter().map(network_line));
    lines.push(format!("{:<42} {:>10}", "all", plan.parameters));
    lines.push(String::new());
    lines.push(format!("{:<16} | {:<24} | training step", format!("batch {}", plan.batch), "sampling"));
    lines.push(format!("level            | calls     Mflop       MB | calls     Mflop       MB{head}"));
    let mut list = |title: String, kernels: &[KernelPlan]| {
        lines.push(format!("{title}{}", milliseconds(kernels)));
        for kernel in kernels.iter().filter(|_| list_kernels) {
            let ms = milliseconds(std::slice::from_ref(kernel));
            lines.push(format!("{:<43} | {}{ms}", format!("    {}", kernel.kernel), cost(kernel.cost)));
        }
    };
    for level in &plan.levels {
        let costs = format!("{} | {}", cost(level.sampling), cost(level.training));
        list(format!("{:<16} | {costs}", name(level)), &level.kernels);
    }
    let shared = plan.shared.iter().map(|kernel| kernel.cost).sum();
    list(format!("{:<43} | {}", "shared by all levels", cost(shared)), &plan.shared);
    let total = column(output.training_step_s);
    lines.push(format!("{:<16} | {} | {}{total}", "all", cost(plan.sampling), cost(plan.training)));
    let mb = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let gpu = output.gpu_memory_bytes.map(|bytes| format!("{} on a GPU, ", mb(bytes))).unwrap_or_default();
    let pool = match output.pool_memory_bytes {
        0 => String::new(),
        bytes => format!("; {} of main memory for Monte Carlo to learn from", mb(bytes)),
    };
    let memory = format!("{gpu}{} on the CPU backend{pool}", mb(output.cpu_memory_bytes));
    lines.push(wrapped("memory: ", &memory));
    lines.extend(output.on_ranks.as_ref().map(describe));
    lines.join("\n")
}

/// The communication of ranks, in words.
fn describe(step: &SharedStep) -> String {
    let SharedStep { ranks, batch_per_rank, sent_bytes, messages, communication_s, step_s, efficiency } =
        step;
    let step = step_s.zip(*efficiency).map(|(step, efficiency)| {
        format!("; a step takes {:.3} ms, of which ranks compute {:.1}%", step * 1e3, efficiency * 1e2)
    });
    let words = format!(
        "{batch_per_rank} configurations each; {:.3} MB in {messages} messages leave each in a step, which takes {:.3} ms{}",
        *sent_bytes as f64 / 1e6,
        communication_s * 1e3,
        step.unwrap_or_default()
    );
    wrapped(&format!("{ranks} ranks: "), &words)
}

/// The number of a level, and its kind.
fn name(level: &LevelPlan) -> String {
    let kind = match level.conditional {
        "masked_net" => level.name,
        other => other,
    };
    format!("{:<3} {kind}", level.level)
}

fn network_line(level: &LevelPlan) -> String {
    format!(
        "{:<16} {:>4} {:>7} {:>6} {:>5} {:>10}",
        name(level),
        level.side,
        level.squares,
        level.border,
        level.sites,
        level.parameters
    )
}

fn cost(cost: KernelCost) -> String {
    format!("{:>5} {:>9.1} {:>8.1}", cost.dispatches, cost.flops as f64 / 1e6, cost.bytes as f64 / 1e6)
}
