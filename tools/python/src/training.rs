//! Training in a run folder.

use crate::errors::OrRaise;
use crate::settings::table;
use crate::watch::Watch;
use han_gpu::backend::{Backend, Timed, Tuning};
use han_gpu::config::{Config, resolve, settings_file};
use han_gpu::io::{RunFolder, Summary};
use han_gpu::train::Event;
use han_gpu::{Pace, Result, device};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Where a run is and how it starts.
enum Place {
    /// Goes on with the run of a folder.
    Resumed(PathBuf),
    /// Begins in a folder, over a run that is there or not.
    Named { path: PathBuf, force: bool },
    /// Begins in a new folder under `runs/`.
    Numbered,
}

/// The share of the machine that training may take.
struct Resources {
    /// GiB.
    memory: Option<f64>,
    nice_gpu: Option<f64>,
    retune: bool,
}

/// Trains a network in a run folder and gives the folder. `observer` is called with stage, work done, all work and a few
/// words.
#[pyfunction]
#[pyo3(signature = (settings, *, config, preset, out, force, resume, memory, nice_gpu, retune, observer))]
#[expect(clippy::too_many_arguments, reason = "one for every argument of the Python function")]
pub(crate) fn train(
    py: Python<'_>,
    settings: &Bound<'_, PyDict>,
    config: Option<PathBuf>,
    preset: Option<String>,
    out: Option<PathBuf>,
    force: bool,
    resume: Option<PathBuf>,
    memory: Option<f64>,
    nice_gpu: Option<f64>,
    retune: bool,
    observer: Option<Py<PyAny>>,
) -> PyResult<PathBuf> {
    let given = table(settings)?;
    let place = match (resume, out) {
        (Some(path), _) => Place::Resumed(path),
        (None, Some(path)) => Place::Named { path, force },
        (None, None) => Place::Numbered,
    };
    let resources = Resources { memory, nice_gpu, retune };
    let (run, backend, config) = py
        .detach(|| {
            let config = match &place {
                Place::Resumed(path) => {
                    let config = RunFolder::open(path)?.1;
                    let device = given.get("device").and_then(toml::Value::as_str);
                    Config { device: device.unwrap_or(&config.device).to_owned(), ..config }
                }
                Place::Named { .. } | Place::Numbered => {
                    let (file, source) = settings_file(config.as_deref())?;
                    resolve(preset.as_deref(), file, given, &source)?
                }
            };
            begin(config, &place, &resources)
        })
        .or_raise(py)?;
    let path = run.path().to_owned();
    let mut watch = Watch::new(observer);
    let result = py.detach(|| execute(&config, backend, &run, &mut watch));
    watch.end_with(py, result, || stopped(&path))?;
    Ok(path)
}

/// Opens device and folder. The device first: a run that cannot start should leave no folder behind.
fn begin(
    mut config: Config,
    place: &Place,
    resources: &Resources,
) -> Result<(RunFolder, Box<dyn Timed>, Config)> {
    let pace = resources.nice_gpu.map_or(Ok(Pace::FULL), Pace::new)?;
    let memory = resources.memory.map(device::memory_of_gib).transpose()?;
    let mut backend = device::open_to_train(&mut config, memory)?;
    backend.tune(if resources.retune { Tuning::Again } else { Tuning::Measured })?;
    backend.set_pace(pace);
    let folder = match place {
        Place::Resumed(path) => RunFolder::open(path)?.0,
        Place::Named { path, force } => RunFolder::create(path, &config, *force)?,
        Place::Numbered => RunFolder::create_numbered(&RunFolder::default_path(&config), &config)?,
    };
    Ok((folder, backend, config))
}

/// Trains from the checkpoint of a folder on; nothing where the watch stopped it.
fn execute(
    config: &Config,
    mut backend: Box<dyn Timed>,
    folder: &RunFolder,
    watch: &mut Watch,
) -> Result<Option<Summary>> {
    let checkpoint = folder.load_checkpoint(config, backend.model())?;
    let mut words = String::new();
    let backend: &mut dyn Backend = &mut *backend;
    han_gpu::train::train(config, backend, folder, checkpoint, &mut |event| match event {
        Event::Step(step) => watch.see("step", step as usize, Some(config.steps as usize), || words.clone()),
        Event::Metrics(metrics) => {
            words = format!("beta F/N {:.6}, ESS {:.3}", metrics.beta_f_per_site, metrics.ess);
            ControlFlow::Continue(())
        }
        Event::Evaluated(done) => {
            watch.see("evaluation sample", done, Some(config.evaluation_samples), String::new)
        }
        Event::MonteCarlo(stage) => watch.see_stage(stage),
        _ => ControlFlow::Continue(()),
    })
}

/// How a run that was stopped goes on.
fn stopped(path: &Path) -> String {
    format!("training was stopped; go on with: han_gpu.train(resume={:?})", path.display().to_string())
}
