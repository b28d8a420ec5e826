//! From a device's name to a backend.

use crate::backend::Timed;
use crate::conditional::{Model, Storage};
use crate::config::Config;
use crate::cpu::Cpu;
use crate::dense;
use crate::error::{Error, Result};
use crate::gpu::{self, AdapterDescription, Gpu, GpuDense, GpuFlow, GpuLearner, Selected, select_named};
use crate::memory;
use crate::neuralrg;
use crate::ranks::Ranks;
use crate::rbm;
use serde::Serialize;
use std::sync::Arc;

/// The devices of this machine.
#[derive(Debug, Clone, Serialize)]
pub struct Devices {
    /// Threads of the CPU backend.
    pub cpu_threads: usize,
    /// Graphics adapters, software ones too.
    pub adapters: Vec<AdapterDescription>,
}

impl Devices {
    /// Looks for them.
    pub fn list() -> Self {
        Self { cpu_threads: rayon::current_num_threads(), adapters: gpu::list() }
    }
}

/// Opens the device that `wanted` names: `auto` (a discrete GPU, else an integrated one, else the CPU backend), `cpu`, or
/// the index, the name or a part of the name of an adapter.
///
/// # Errors
/// When there is no such device, or the model does not fit it.
pub fn open(wanted: &str, model: Arc<Model>, batch: usize) -> Result<Box<dyn Timed>> {
    Ok(match selected_for(wanted, &model)? {
        Some(selected) => Box::new(Gpu::open_selected(&selected, model, batch)?),
        None => Box::new(Cpu::<f32>::open(model, batch)?),
    })
}

/// Opens the device of the settings to train on: for the part of the batch that they name, or for the largest equal part that fits into `memory`
/// bytes, as [`open_in_chunks`] does. The settings then say which device it is and how the batch is cut.
///
/// # Errors
/// When there is no such device, the model does not fit it, or needs 16-bit floats that it lacks.
pub fn open_to_train(config: &mut Config, memory: Option<u64>) -> Result<Box<dyn Timed>> {
    open_to_train_on_ranks(&Ranks::alone(), config, memory)
}

/// As [`open_to_train`], for the part of the batch that is this rank's. Every rank of a machine takes the next one of its devices with the name
/// that the settings say.
///
/// # Errors
/// As [`open_to_train`], and when the batch cannot be shared out equally.
pub fn open_to_train_on_ranks(
    ranks: &Ranks,
    config: &mut Config,
    memory: Option<u64>,
) -> Result<Box<dyn Timed>> {
    let device = gpu::setting_of_local_rank(&config.device, ranks.local_rank());
    let part = ranks.share(config.batch)?.len();
    let model = Arc::new(config.model()?);
    let backend = match config.chunk {
        0 => open_in_chunks(&device, &model, part, memory)?,
        chunk => open(&device, model, chunk)?,
    };
    ranks.share(config.batch / backend.batch())?;
    if backend.model().storage == Storage::F16 && backend.setting() == "cpu" {
        let expected = "the CPU backend keeps f32; name a GPU that offers 16-bit floats, or use f32";
        return Err(Error::setting("storage", "f16", expected));
    }
    config.chunk = backend.batch();
    // Recorded by name: a run that is resumed where `auto` means another device should not change its numbers silently.
    config.device = backend.setting();
    Ok(backend)
}

/// Memory in bytes, from a number of GiB that a user gave.
///
/// # Errors
/// When it is not a positive number.
pub fn memory_of_gib(gib: f64) -> Result<u64> {
    if !(gib > 0.0 && gib.is_finite()) {
        return Err(Error::setting("--memory", gib, "it must be a positive number of GiB"));
    }
    Ok((gib * f64::from(1 << 30)) as u64)
}

/// As [`open`], for the largest equal part of `batch` that fits the device and `memory` bytes (by default half of the
/// main memory that is free; on a GPU, half of what its driver says it has, or what it gives where it does not say). The backend's batch tells the part. It is at least 2 where
/// the batch is: baselines need other configurations.
///
/// # Errors
/// When there is no such device, or not even one configuration fits.
pub fn open_in_chunks(
    wanted: &str,
    model: &Arc<Model>,
    batch: usize,
    memory: Option<u64>,
) -> Result<Box<dyn Timed>> {
    let selected = selected_for(wanted, model)?;
    let chunks =
        (1..=batch.div_ceil(2)).filter(|count| batch.is_multiple_of(*count)).map(|count| batch / count);
    let needs = |chunk| match selected {
        Some(_) => Gpu::memory(model, chunk),
        None => Cpu::<f32>::memory(model, chunk),
    };
    let budget = memory.or_else(|| match &selected {
        Some(selected) => gpu::budget(&selected.adapter, memory::available()),
        None => memory::available().map(|free| free / 2),
    });
    let mut refused = None;
    for chunk in chunks.filter(|&chunk| budget.is_none_or(|budget| needs(chunk) <= budget)) {
        let opened: Result<Box<dyn Timed>> = match &selected {
            Some(selected) => {
                Gpu::open_selected(selected, model.clone(), chunk).map(|gpu| Box::new(gpu) as _)
            }
            None => Cpu::<f32>::open(model.clone(), chunk).map(|cpu| Box::new(cpu) as _),
        };
        match opened {
            Err(error @ Error::DeviceLimit { .. }) => {
                tracing::info!(chunk, %error, "the batch is cut further");
                refused = Some(error);
            }
            Ok(opened) => {
                tracing::info!(device = opened.device(), batch, chunk, bytes = needs(chunk), "device opened");
                return Ok(opened);
            }
            other => return other,
        }
    }
    match (refused, memory) {
        (Some(error), _) => Err(error),
        (None, Some(memory)) => {
            let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
            // As many digits as the smallest network needs, rounded up: what is named here is enough.
            let needed = (gib(needs(batch.min(2))) * 1e6).ceil() / 1e6;
            let expected =
                format!("two configurations at a time need {needed} GiB; use a smaller lattice or width");
            Err(Error::setting("--memory", gib(memory), expected))
        }
        // More than half of what is free: refused only if it is more than all of it.
        (None, None) => open(wanted, model.clone(), batch.min(2)),
    }
}

/// Opens the device that `wanted` names, as [`open`] does, for a machine with chains.
///
/// # Errors
/// When there is no such device, or the machine does not fit it.
pub fn open_machine(
    wanted: &str,
    machine: rbm::Cpu<f32>,
    chains: rbm::Bits,
) -> Result<Box<dyn rbm::Backend>> {
    Ok(match selected(wanted)? {
        Some(selected) => Box::new(GpuLearner::open_selected(&selected, &machine, &chains)?),
        None => Box::new(rbm::Learner::new(machine, chains)),
    })
}

/// Opens the device that `wanted` names, as [`open`] does, for a dense net that learns from so many rows at a time.
///
/// # Errors
/// When there is no such device, or the net does not fit it.
pub fn open_net(wanted: &str, net: &dense::Net, batch: usize) -> Result<Box<dyn dense::Backend>> {
    Ok(match selected(wanted)? {
        Some(selected) => Box::new(GpuDense::open(&selected.adapter, net, batch)?),
        None => Box::new(dense::Cpu::<f32>::new(net)),
    })
}

/// The adapter that `wanted` names; none for the CPU.
fn selected(wanted: &str) -> Result<Option<Selected>> {
    if wanted == "cpu" { Ok(None) } else { select_named(wanted) }
}

/// As [`selected`], for a model, part of which may run on the CPU alone.
fn selected_for(wanted: &str, model: &Model) -> Result<Option<Selected>> {
    match model.is_for_the_cpu() {
        false => selected(wanted),
        true if ["auto", "cpu"].contains(&wanted) => Ok(None),
        true => Err(Error::setting(
            "device",
            wanted,
            "exact boxes of side 16, and tensor networks of more than 16 states, run on the CPU alone; leave it out, or use cpu",
        )),
    }
}

/// Opens the device that `wanted` names, as [`open`] does, for a flow that learns from batches of so many configurations.
///
/// # Errors
/// When there is no such device, or the flow does not fit it.
pub fn open_flow(
    wanted: &str,
    learner: neuralrg::Learner<f32>,
    batch: usize,
) -> Result<Box<dyn neuralrg::Backend<f32>>> {
    let selected = if wanted == "cpu" { None } else { select_named(wanted)? };
    Ok(match selected {
        Some(selected) => Box::new(GpuFlow::open_selected(&selected, &learner, batch)?),
        None => Box::new(learner),
    })
}
