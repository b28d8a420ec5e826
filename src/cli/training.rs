//! A training run of a command: its device, its folder, and what is told while it runs.

use super::heading;
use super::interrupt::{Interrupt, Stopped};
use super::memory::Memory;
use super::progress::Progress;
use crate::Pace;
use crate::backend::{Backend, Tuning};
use crate::conditional::Storage;
use crate::config::{Config, Objective};
use crate::error::Error;
use crate::io::{Metrics, RunFolder, Summary};
use crate::plot::{self, Format};
use crate::train::{Event, train};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The share of the machine that training may take.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Resources {
    #[command(flatten)]
    memory: Memory,
    /// Share of the device's time that training may take, so that a desktop stays responsive [default: 1, without a value 0.5]
    #[arg(
        long,
        value_name = "SHARE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0.5",
        help_heading = heading::MACHINE
    )]
    nice_gpu: Option<f64>,
    /// Measure kernel shapes again, instead of taking those that an earlier run on this GPU and driver found fastest
    #[arg(long, help_heading = heading::MACHINE)]
    retune: bool,
}

/// Opens the device of a run, and records which it is and how the batch is cut.
pub(super) fn open(config: &mut Config, resources: &Resources) -> crate::Result<Box<dyn Backend>> {
    let model = Arc::new(config.model()?);
    let pace = resources.nice_gpu.map_or(Ok(Pace::FULL), Pace::new)?;
    let mut backend = resources.memory.open(config, model)?;
    check_storage(&*backend)?;
    backend.tune(if resources.retune { Tuning::Again } else { Tuning::Measured })?;
    backend.set_pace(pace);
    config.chunk = backend.batch();
    // Recorded by name: a run that is resumed where `auto` means another device should not change its numbers silently.
    config.device = backend.setting();
    Ok(backend)
}

/// Training with 16-bit floats needs a device that has them.
pub(super) fn check_storage(backend: &dyn Backend) -> crate::Result<()> {
    if backend.model().storage == Storage::F16 && backend.setting() == "cpu" {
        let expected = "the CPU backend keeps f32; name a GPU that offers 16-bit floats, or use f32";
        return Err(Error::setting("storage", "f16", expected));
    }
    Ok(())
}

/// Trains in a folder of a set of runs, or goes on with the run that is there; nothing if it is finished.
pub(super) fn train_one(
    mut config: Config,
    path: &Path,
    force: bool,
    resources: &Resources,
) -> anyhow::Result<Option<(Summary, RunFolder)>> {
    if !force && config.chunk == 0 && RunFolder::exists(path) {
        config.chunk = RunFolder::open(path)?.1.chunk;
    }
    let backend = open(&mut config, resources)?;
    let folder = if force || !RunFolder::exists(path) {
        RunFolder::create(path, &config, force)?
    } else {
        let (folder, there) = RunFolder::open(path)?;
        // Where it started from may be named otherwise, or have been another neighbour in an earlier call.
        if (Config { init_from: config.init_from.clone(), ..there }) != config {
            let message = "it holds a run with other settings; choose another --out, or remove it";
            return Err(Error::content(path, message).into());
        }
        if folder.is_finished() {
            super::tell(&format!("{} is trained already", path.display()));
            return Ok(None);
        }
        folder
    };
    Ok(Some((execute(&config, backend, &folder)?, folder)))
}

/// Trains in a folder from its checkpoint on, under a progress bar.
pub(super) fn execute(
    config: &Config,
    mut backend: Box<dyn Backend>,
    folder: &RunFolder,
) -> anyhow::Result<Summary> {
    let checkpoint = folder.load_checkpoint(config, backend.model())?;
    let done = checkpoint.step;
    let sites = backend.model().hierarchy.sites as f64;
    let interrupt = Interrupt::listen();
    super::tell(&format!("device {}; run folder {}", backend.device(), folder.path().display()));
    if config.objective != Objective::Reverse && done < config.steps {
        super::tell(&format!("{} configurations by Monte Carlo to learn from", config.pool));
    }
    let mut progress = Progress::new("step", done.into(), config.steps.into());
    let mut evaluation: Option<Progress> = None;
    let mut observe = |event: Event<'_>| {
        match event {
            Event::Metrics(metrics) => progress.say(line(metrics, sites)),
            Event::Step(step) => progress.advance(step.into()),
            Event::Checkpoint(_) => (),
            Event::Checking(count) => {
                progress.finish();
                if let Some(evaluation) = &mut evaluation {
                    evaluation.finish();
                }
                super::tell(&format!("closing check: {count} configurations by Monte Carlo"));
            }
            Event::Evaluated(count) => {
                progress.finish();
                let total = config.evaluation_samples as u64;
                evaluation
                    .get_or_insert_with(|| Progress::new("evaluation sample", 0, total))
                    .advance(count as u64);
            }
        }
        interrupt.flow()
    };
    let trained = train(config, backend.as_mut(), folder, checkpoint, &mut observe);
    progress.finish();
    let path = folder.path().display();
    if let Err(Error::Device { .. } | Error::File { .. }) = &trained {
        super::tell(&format!("the last checkpoint is good; go on with: han-gpu train --resume {path}"));
    }
    let summary = trained?;
    if let Some(evaluation) = &mut evaluation {
        evaluation.finish();
    }
    if summary.is_some()
        && let Err(error) = draw_training(config, folder)
    {
        // The run is whole without its picture.
        super::tell(&format!("warning: {error}"));
    }
    summary.ok_or_else(|| {
        Stopped(format!("training was stopped; go on with: han-gpu train --resume {path}")).into()
    })
}

fn draw_training(config: &Config, folder: &RunFolder) -> crate::Result<PathBuf> {
    let figure = plot::training(config, &folder.metrics()?);
    plot::write(&figure, &folder.path().join("training"), Format::Svg)
}

fn line(metrics: &Metrics, sites: f64) -> String {
    let Metrics { beta, beta_f_per_site, kl, ess, configurations_per_s, .. } = *metrics;
    // At beta = 0 there is no F; beta F stays finite.
    let scale = if beta > 0.0 { 1.0 / beta } else { 1.0 };
    let gap = kl.map(|kl| format!(" (gap {:.2e})", kl / sites * scale)).unwrap_or_default();
    format!(
        "beta {beta:.4}  F/N <= {:.6}{gap}  ESS {ess:.3}  {configurations_per_s:.0} conf/s",
        beta_f_per_site * scale
    )
}
