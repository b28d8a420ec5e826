//! `han-gpu plan`.

use crate::config::{Config, MAX_BATCH};
use crate::cpu::Cpu;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::schedule::{KernelCost, Plan};
use serde::Serialize;

/// Print what a network costs, level by level.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu plan --size 64 --batch 256")]
pub(super) struct Arguments {
    /// Side of the lattice, a power of two from 4 to 1024
    #[arg(long, default_value_t = Config::default().size)]
    size: u32,
    /// Configurations per step
    #[arg(long, default_value_t = Config::default().batch)]
    batch: usize,
    /// Hidden units per site
    #[arg(long, default_value_t = Config::default().width)]
    width: usize,
    /// Hidden layers, 1 to 3
    #[arg(long, default_value_t = Config::default().depth)]
    depth: usize,
    /// Side of the squares that are summed exactly: 8, 4 or 2
    #[arg(long, value_name = "SIDE", default_value_t = Config::default().exact_bottom)]
    exact_bottom: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Output {
    #[serde(flatten)]
    plan: Plan,
    /// Memory of the state on a GPU, index tables left out.
    gpu_memory_bytes: u64,
    /// Memory of the state on the CPU backend.
    cpu_memory_bytes: u64,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { size, batch, width, depth, exact_bottom, json } = arguments;
    if !(1..=MAX_BATCH).contains(&batch) {
        return Err(Error::setting("batch", batch, format!("it must lie in 1 to {MAX_BATCH}")).into());
    }
    let model =
        Config { size, width, depth, exact_bottom: exact_bottom.min(size), ..Config::default() }.model()?;
    let output = Output {
        plan: Plan::new(&model, batch, Config::default().baseline),
        gpu_memory_bytes: Gpu::memory(&model, batch),
        cpu_memory_bytes: Cpu::<f32>::memory(&model, batch),
    };
    if json { super::print_json(&output) } else { super::print(&table(&output)) }
}

fn table(output: &Output) -> String {
    let plan = &output.plan;
    let mut lines = vec![
        "                                                     |       sampling a batch       |         training step".to_owned(),
        "level            side squares border sites parameters | dispatches    Mflop       MB | dispatches    Mflop       MB"
            .to_owned(),
    ];
    for level in &plan.levels {
        let name = match level.conditional {
            "masked_net" => level.name,
            other => other,
        };
        lines.push(format!(
            "{:<3} {name:<12} {:>4} {:>7} {:>6} {:>5} {:>10} | {} | {}",
            level.level,
            level.side,
            level.squares,
            level.border,
            level.sites,
            level.parameters,
            cost(level.sampling),
            cost(level.training)
        ));
    }
    lines.push(format!(
        "{:<52} | {:>10}{:19} | {:>10}",
        "shared by all levels", 0, "", plan.shared_dispatches
    ));
    lines.push(format!(
        "{:<41} {:>10} | {} | {}",
        format!("total at batch {}", plan.batch),
        plan.parameters,
        cost(plan.sampling),
        cost(plan.training)
    ));
    let [gpu, cpu] = [output.gpu_memory_bytes, output.cpu_memory_bytes].map(|bytes| bytes as f64 / 1e6);
    lines.push(format!("memory: {gpu:.1} MB on a GPU, {cpu:.1} MB on the CPU backend"));
    lines.join("\n")
}

fn cost(cost: KernelCost) -> String {
    format!("{:>10} {:>8.1} {:>8.1}", cost.dispatches, cost.flops as f64 / 1e6, cost.bytes as f64 / 1e6)
}
