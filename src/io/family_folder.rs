//! The run folder of a family that learns: its settings, its state, its metrics and its summary.

use super::atomic;
use super::input::{self, read_text};
use super::metrics::{MetricsRow, MetricsWriter, existing_rows};
use super::run_folder::RunFolder;
use super::tensors::{is_whole, sorted_header};
use crate::error::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::fs;
use std::io::{ErrorKind, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

const DATA: &str = "data.npz";
const METRICS: &str = "metrics.csv";
const LINES: &str = "metrics.jsonl";
const SUMMARY: &str = "summary.json";
const VERSION: &str = "1";
/// Longest header of a checkpoint in bytes.
const LONGEST_HEADER: u64 = 1 << 16;
/// Settings of all families but networks, by which their folders are known.
const SETTINGS: [&str; 2] = ["machine.toml", "flow.toml"];

/// An array of a checkpoint: its name, the type of its numbers, and its shape.
pub type Tensor = (&'static str, Dtype, Vec<usize>);

/// A kind of model with runs of its own.
pub trait Family: Debug {
    /// Everything that a run follows from.
    type Settings: Serialize + DeserializeOwned;
    /// The state of a run after some steps.
    type State;
    /// A row of metrics.
    type Metrics: MetricsRow;
    /// The name of a model: `<name>.toml` and `<name>.safetensors` hold settings and state.
    const NAME: &'static str;
    /// The command that trains one.
    const TRAIN: &'static str;

    /// Arrays of a checkpoint, in their order.
    ///
    /// # Errors
    /// When settings are out of range.
    fn tensors(settings: &Self::Settings) -> Result<Vec<Tensor>>;

    /// Steps of a run.
    fn steps(settings: &Self::Settings) -> u32;

    /// Metadata that a checkpoint and the settings of its run must agree in.
    fn identity(settings: &Self::Settings) -> Vec<(&'static str, String)>;

    /// Steps done, and the bytes of the arrays.
    fn parts(state: &Self::State) -> (u32, Vec<&[u8]>);

    /// The state of arrays of the right length, or the reason why it is none.
    ///
    /// # Errors
    /// When numbers are out of range.
    fn state(
        settings: &Self::Settings,
        step: u32,
        parts: &[Vec<u8>],
    ) -> std::result::Result<Self::State, String>;
}

/// `<name>.toml`, `<name>.safetensors`, `metrics.csv` and `summary.json` of one run, and `data.npz` where data were drawn for it.
#[derive(Debug, Clone)]
pub struct FamilyFolder<F> {
    path: PathBuf,
    family: PhantomData<F>,
}

impl<F: Family> FamilyFolder<F> {
    fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), family: PhantomData }
    }

    /// Makes the folder of a new run: the state before the first step, data that `write_data` puts in their place, and the settings. These come last, so that there is a run or
    /// none: files of a start that did not come so far are written over.
    ///
    /// # Errors
    /// When the folder is not empty and `force` is false, or cannot be written.
    pub fn create(
        path: &Path,
        settings: &F::Settings,
        state: &F::State,
        write_data: impl FnOnce(&Path) -> Result<()>,
        force: bool,
    ) -> Result<Self> {
        let folder = Self::at(path);
        Self::check_free(path, force)?;
        fs::create_dir_all(path).map_err(|source| Error::file("create", path, source))?;
        let text =
            toml::to_string_pretty(settings).map_err(|error| Error::content(path, error.to_string()))?;
        // Without its settings an old run is none, whose data and state may go.
        for file in [folder.settings(), folder.file(METRICS), folder.file(LINES), folder.file(SUMMARY)] {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::file("overwrite", file, error));
                }
                _ => (),
            }
        }
        let written = folder
            .save(settings, state)
            .and_then(|()| write_data(&folder.data()))
            .and_then(|()| atomic::write_bytes(&folder.settings(), text.as_bytes()));
        if written.is_err() {
            // Half of a run is none. What cannot be removed is written over by the next start.
            let _ = fs::remove_file(folder.file(&checkpoint::<F>()));
            let _ = fs::remove_file(folder.data());
        }
        written.map(|()| folder)
    }

    /// Refuses a folder with files of others, and without `force` one with a run.
    ///
    /// # Errors
    /// When the folder is not free.
    pub fn check_free(path: &Path, force: bool) -> Result<()> {
        let path = path.to_owned();
        atomic::remove_leftovers(&path);
        let names: Vec<_> = fs::read_dir(&path)
            .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
            .unwrap_or_default();
        let is_own = Self::exists(&path);
        let is_run = RunFolder::exists(&path) || is_of_a_family(&path);
        // The state is written first.
        let checkpoint = checkpoint::<F>();
        let is_unfinished = !is_run && names.iter().any(|name| *name == *checkpoint);
        let has_others = names.iter().any(|name| *name != *checkpoint && *name != *DATA);
        let may_overwrite = force && (is_own || !is_run);
        if names.is_empty() || may_overwrite || (is_unfinished && !has_others) {
            return Ok(());
        }
        Err(match is_run {
            true if force => Error::content(path, "it holds a run of another family; choose another --out"),
            true => Error::RunExists { path },
            false => Error::FolderInUse { path },
        })
    }

    /// Opens an existing run and reads its settings.
    ///
    /// # Errors
    /// When there is no run, or its settings cannot be understood.
    pub fn open(path: &Path) -> Result<(Self, F::Settings)> {
        let folder = Self::at(path);
        let file = folder.settings();
        if !file.is_file() {
            let name = F::NAME;
            return Err(Error::content(path, format!("there is no {name} here: it has no {name}.toml")));
        }
        let settings = toml::from_str(&read_text(&file)?)
            .map_err(|error| Error::Config { path: file, message: error.to_string() })?;
        Ok((folder, settings))
    }

    /// Whether a run is there.
    pub fn exists(path: &Path) -> bool {
        Self::at(path).settings().is_file()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn settings(&self) -> PathBuf {
        self.file(&format!("{}.toml", F::NAME))
    }

    /// The file of data that were drawn for the run.
    pub fn data(&self) -> PathBuf {
        self.file(DATA)
    }

    /// Writes the state of a run; the file appears whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; the old one is then still there.
    pub fn save(&self, settings: &F::Settings, state: &F::State) -> Result<()> {
        let path = self.file(&checkpoint::<F>());
        let (step, parts) = F::parts(state);
        let mut end = 0;
        let tensors = F::tensors(settings)?.into_iter().zip(&parts).map(|((name, dtype, shape), bytes)| {
            let start = end;
            end += bytes.len();
            (name.to_owned(), TensorInfo { dtype, shape, data_offsets: (start, end) })
        });
        let header = sorted_header(&path, tensors.collect(), identity::<F>(settings, step))?;
        atomic::write(&path, |file| {
            file.write_all(&(header.len() as u64).to_le_bytes())?;
            file.write_all(&header)?;
            parts.iter().try_for_each(|bytes| file.write_all(bytes))
        })
    }

    /// Reads the state of a run.
    ///
    /// # Errors
    /// When it is missing, damaged or of another run.
    pub fn state(&self, settings: &F::Settings) -> Result<F::State> {
        let path = self.file(&checkpoint::<F>());
        let shapes = F::tensors(settings)?;
        let bytes_of =
            |(_, dtype, shape): &Tensor| shape.iter().product::<usize>() * dtype.bitsize().div_ceil(8);
        let values: usize = shapes.iter().map(bytes_of).sum();
        let bytes = input::read(&path, values as u64 + LONGEST_HEADER)?;
        let name = F::NAME;
        let damaged = |reason: String| {
            Error::content(
                &path,
                format!("not a readable {name} ({reason}); it may be truncated or not ours"),
            )
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let found = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
        let step = metadata.get("step").and_then(|step| step.parse().ok());
        let step = step.ok_or_else(|| damaged("its metadata lacks a valid step".to_owned()))?;
        if let Some(message) = difference(name, &metadata, &identity::<F>(settings, step)) {
            return Err(Error::content(&path, message));
        }
        if step > F::steps(settings) {
            let steps = F::steps(settings);
            let message =
                format!("it is at step {step} of {steps}; put steps back to {step} or more in {name}.toml");
            return Err(Error::content(&path, message));
        }
        let data_of = |(name, dtype, shape): &Tensor| {
            let view = found.tensor(name).map_err(|_| damaged(format!("tensor {name} is missing")))?;
            match view.dtype() == *dtype && view.shape() == shape {
                true => Ok(view.data().to_vec()),
                false => Err(damaged(format!("tensor {name} is {:?} {:?}", view.dtype(), view.shape()))),
            }
        };
        let parts = shapes.iter().map(data_of).collect::<Result<Vec<_>>>()?;
        F::state(settings, step, &parts).map_err(damaged)
    }

    /// Opens the table of metrics after `step` steps.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub fn metrics_after(&self, step: u32) -> Result<MetricsWriter> {
        atomic::remove_leftovers(&self.path);
        MetricsWriter::after::<F::Metrics>(&self.file(METRICS), step)
    }

    /// Rows of the table of metrics, at least one.
    ///
    /// # Errors
    /// When it cannot be read, is another table, or there is no row yet.
    pub fn metrics(&self) -> Result<Vec<F::Metrics>> {
        let path = self.file(METRICS);
        let rows = existing_rows::<F::Metrics>(&path, u32::MAX)?;
        if rows.is_empty() {
            let run = self.path.display();
            let train = F::TRAIN;
            let message = match self.summary().is_some() {
                false => {
                    format!("no row of metrics is written yet; go on with: han-gpu {train} --resume {run}")
                }
                // A run that has taken its steps writes no more rows.
                true => format!(
                    "no row of metrics is left of this finished run; its parameters are whole; to have the table again, train once more, with the settings of its {}.toml: han-gpu {train} --out NEW",
                    F::NAME
                ),
            };
            return Err(Error::content(path, message));
        }
        Ok(rows)
    }

    /// The summary of a finished run, if there is one that can be read.
    pub fn summary(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&read_text(&self.file(SUMMARY)).ok()?).ok()
    }

    /// The name of a file that is damaged: the state where it is cut short or missing, a summary that is no JSON, or a table of metrics that is another. Numbers in the files are not
    /// looked at.
    pub fn damaged(&self) -> Option<String> {
        let summary = self.file(SUMMARY);
        let has_summary = !summary.is_file() || self.summary().is_some();
        let has_metrics = existing_rows::<F::Metrics>(&self.file(METRICS), u32::MAX).is_ok();
        let state = checkpoint::<F>();
        let is_state_whole = is_whole(&self.file(&state));
        [(state, is_state_whole), (SUMMARY.to_owned(), has_summary), (METRICS.to_owned(), has_metrics)]
            .into_iter()
            .find_map(|(name, is_sound)| (!is_sound).then_some(name))
    }

    /// The warning of a run whose summary cannot be read.
    pub fn warning(&self) -> Option<String> {
        let is_damaged = self.file(SUMMARY).is_file() && self.summary().is_none();
        is_damaged.then(|| format!("the summary.json of {} cannot be read", self.path.display()))
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_summary(&self, summary: &serde_json::Value) -> Result<()> {
        atomic::write(&self.file(SUMMARY), |file| writeln!(file, "{summary:#}"))
    }
}

/// Whether a file is one that a run of one of these families lives from.
pub(super) fn belongs_to_a_family(path: &Path) -> bool {
    let own = [DATA, METRICS, LINES, SUMMARY];
    let is_own = |name: &std::ffi::OsStr| {
        own.iter().any(|own| name == *own)
            || SETTINGS.iter().any(|settings| {
                name == *settings || Path::new(settings).with_extension("safetensors").as_os_str() == name
            })
    };
    path.file_name().is_some_and(is_own) && path.parent().is_some_and(is_of_a_family)
}

/// The family whose run a folder holds, if it holds one.
pub(super) fn family_of(path: &Path) -> Option<&'static str> {
    let settings = SETTINGS.into_iter().find(|name| path.join(name).is_file())?;
    Path::new(settings).file_stem()?.to_str()
}

/// The command of a family.
pub(super) fn command_of(family: &str) -> &'static str {
    if family == "flow" { "neuralrg" } else { "rbm" }
}

/// Whether a folder holds a run of one of these families.
pub(super) fn is_of_a_family(path: &Path) -> bool {
    SETTINGS.iter().any(|name| path.join(name).is_file())
}

/// The reason why a checkpoint with these metadata is none of a run with those wanted.
fn difference(
    name: &str,
    found: &HashMap<String, String>,
    wanted: &HashMap<String, String>,
) -> Option<String> {
    // Settings whose default nothing names stand on one side alone.
    let keys: BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
    let key = keys.into_iter().find(|key| found.get(*key) != wanted.get(*key))?;
    let told = |of: &HashMap<String, String>| of.get(key).map_or("none", String::as_str).to_owned();
    Some(format!(
        "the {name} has {key} = {}, the run's {name}.toml has {key} = {}: put that back, or start a new run",
        told(found),
        told(wanted)
    ))
}

fn checkpoint<F: Family>() -> String {
    format!("{}.safetensors", F::NAME)
}

fn identity<F: Family>(settings: &F::Settings, step: u32) -> HashMap<String, String> {
    let own = [
        ("format", format!("han-gpu {}", F::NAME)),
        ("version", VERSION.to_owned()),
        ("step", step.to_string()),
    ];
    let all = F::identity(settings).into_iter().chain(own);
    all.map(|(key, value)| (key.to_owned(), value)).collect()
}
