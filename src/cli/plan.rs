//! `han-gpu plan`.

use crate::error::Error;
use crate::gpu::Gpu;
use crate::schedule::{KernelCost, Plan};
use crate::train::Config;
use serde::Serialize;

/// Print what a network costs, level by level.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu plan --size 64 --batch 256")]
pub(super) struct Arguments {
    /// Side of the lattice, a power of two from 4 to 1024
    #[arg(long, default_value_t = 16)]
    size: u32,
    /// Configurations per step
    #[arg(long, default_value_t = 512)]
    batch: usize,
    /// Hidden units per site
    #[arg(long, default_value_t = 1)]
    width: usize,
    /// Hidden layers, 1 to 3
    #[arg(long, default_value_t = 1)]
    depth: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Output {
    #[serde(flatten)]
    plan: Plan,
    /// Device memory of the GPU backend, index tables left out.
    memory_bytes: u64,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { size, batch, width, depth, json } = arguments;
    if batch == 0 {
        return Err(Error::setting("batch", batch, "it must be at least 1").into());
    }
    let model = Config { size, width, depth, ..Config::default() }.model()?;
    let plan = Plan::new(&model, batch);
    let memory_bytes = Gpu::memory(&model, batch);
    if json {
        return super::print_json(&Output { plan, memory_bytes });
    }
    super::print(&table(&plan, memory_bytes))
}

fn table(plan: &Plan, memory_bytes: u64) -> String {
    let mut lines = vec![
        "                                                     |       sampling a batch       |         training step".to_owned(),
        "level            side squares border sites parameters | dispatches    Mflop       MB | dispatches    Mflop       MB"
            .to_owned(),
    ];
    for level in &plan.levels {
        let name = if level.conditional == "heat_bath" { "heat bath" } else { level.name };
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
    lines.push(format!("device memory {:.1} MB", memory_bytes as f64 / 1e6));
    lines.join("\n")
}

fn cost(cost: KernelCost) -> String {
    format!("{:>10} {:>8.1} {:>8.1}", cost.dispatches, cost.flops as f64 / 1e6, cost.bytes as f64 / 1e6)
}
