//! The folder of a Boltzmann machine that learns.

use super::arrays::write_data;
use super::atomic;
use super::input::{self, read_text};
use super::metrics::{MetricsWriter, existing_rows};
use super::run_folder::RunFolder;
use super::tensors::sorted_header;
use crate::error::{Error, Result};
use crate::rbm::{Data, Machine, Metrics, Parameters, Settings, State};
use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const SETTINGS: &str = "machine.toml";
const DATA: &str = "data.npz";
const METRICS: &str = "metrics.csv";
const SUMMARY: &str = "summary.json";
const CHECKPOINT: &str = "machine.safetensors";
const FORMAT: &str = "han-gpu machine";
const VERSION: &str = "1";
/// Longest header of a checkpoint in bytes.
const LONGEST_HEADER: u64 = 1 << 16;

/// `machine.toml`, `machine.safetensors`, `metrics.csv` and `summary.json` of one run.
#[derive(Debug, Clone)]
pub struct MachineFolder {
    path: PathBuf,
}

impl MachineFolder {
    /// Makes the folder of a new run: the state before the first step, data that were drawn for it, and its settings. These come last, so that there is a run or none: files of a
    /// start that did not come so far are written over.
    ///
    /// # Errors
    /// When the folder is not empty and `force` is false, or cannot be written.
    pub fn create(path: &Path, settings: &Settings, state: &State, data: &Data, force: bool) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        folder.check_free(force)?;
        fs::create_dir_all(path).map_err(|source| Error::file("create", path, source))?;
        let text =
            toml::to_string_pretty(settings).map_err(|error| Error::content(path, error.to_string()))?;
        // Without its settings an old run is none, whose data and state may go.
        for name in [SETTINGS, METRICS, SUMMARY] {
            match fs::remove_file(folder.file(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::file("overwrite", folder.file(name), error));
                }
                _ => (),
            }
        }
        folder.save(settings, state)?;
        if let Some(origins) = &data.origins {
            write_data(&folder.data(), data, origins)?;
        }
        atomic::write_bytes(&folder.file(SETTINGS), text.as_bytes())?;
        Ok(folder)
    }

    /// Refuses a folder with files of others, and without `force` one with a run.
    fn check_free(&self, force: bool) -> Result<()> {
        let path = self.path.clone();
        atomic::remove_leftovers(&path);
        let names: Vec<_> = fs::read_dir(&path)
            .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
            .unwrap_or_default();
        let is_ours = Self::exists(&path);
        // The state is written first.
        let is_unfinished = !is_ours && names.iter().any(|name| *name == *CHECKPOINT);
        let has_others = names.iter().any(|name| *name != *CHECKPOINT && *name != *DATA);
        if names.is_empty() || (force && !RunFolder::exists(&path)) || (is_unfinished && !has_others) {
            return Ok(());
        }
        Err(match is_ours || RunFolder::exists(&path) {
            true if force => Error::content(&path, "it holds a run of another family; choose another --out"),
            true => Error::RunExists { path },
            false => Error::FolderInUse { path },
        })
    }

    /// The file of data that were drawn for the run.
    pub fn data(&self) -> PathBuf {
        self.file(DATA)
    }

    /// Opens an existing run and reads its settings.
    ///
    /// # Errors
    /// When there is no run, or its settings cannot be understood.
    pub fn open(path: &Path) -> Result<(Self, Settings)> {
        let folder = Self { path: path.to_owned() };
        let file = folder.file(SETTINGS);
        if !file.is_file() {
            return Err(Error::content(path, format!("there is no machine here: it has no {SETTINGS}")));
        }
        let settings = toml::from_str(&read_text(&file)?)
            .map_err(|error| Error::Config { path: file, message: error.to_string() })?;
        Ok((folder, settings))
    }

    /// Whether a run is there.
    pub fn exists(path: &Path) -> bool {
        path.join(SETTINGS).is_file()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the state of a run; the file appears whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; the old one is then still there.
    pub fn save(&self, settings: &Settings, state: &State) -> Result<()> {
        let path = self.file(CHECKPOINT);
        let machine = settings.machine()?;
        let parts: [&[u8]; 4] = [
            bytemuck::cast_slice(&state.parameters.weights),
            bytemuck::cast_slice(&state.parameters.visible),
            bytemuck::cast_slice(&state.parameters.hidden),
            bytemuck::cast_slice(&state.chains),
        ];
        let mut end = 0;
        let tensors =
            tensors(&machine, settings.batch).into_iter().zip(&parts).map(|((name, dtype, shape), bytes)| {
                let start = end;
                end += bytes.len();
                (name.to_owned(), TensorInfo { dtype, shape, data_offsets: (start, end) })
            });
        let header = sorted_header(&path, tensors.collect(), identity(settings, state.step))?;
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
    pub fn state(&self, settings: &Settings) -> Result<State> {
        let path = self.file(CHECKPOINT);
        let machine = settings.machine()?;
        let shapes = tensors(&machine, settings.batch);
        let values: usize = shapes
            .iter()
            .map(|(_, dtype, shape)| {
                shape.iter().product::<usize>() * if *dtype == Dtype::F32 { 4 } else { 1 }
            })
            .sum();
        let bytes = input::read(&path, values as u64 + LONGEST_HEADER)?;
        let damaged = |reason: String| {
            Error::content(
                &path,
                format!("not a readable machine ({reason}); it may be truncated or not ours"),
            )
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let found = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
        let step = metadata.get("step").and_then(|step| step.parse().ok());
        let step = step.ok_or_else(|| damaged("its metadata lacks a valid step".to_owned()))?;
        for (key, wanted) in identity(settings, step) {
            if metadata.get(&key) != Some(&wanted) {
                let found = metadata.get(&key).map_or("none", String::as_str);
                let message = format!(
                    "the machine has {key} = {found}, the run's {SETTINGS} has {key} = {wanted}: put that back, or start a new run"
                );
                return Err(Error::content(&path, message));
            }
        }
        let bytes_of = |(name, dtype, shape): &(&str, Dtype, Vec<usize>)| {
            let view = found.tensor(name).map_err(|_| damaged(format!("tensor {name} is missing")))?;
            match view.dtype() == *dtype && view.shape() == shape {
                true => Ok(view.data().to_vec()),
                false => Err(damaged(format!("tensor {name} is {:?} {:?}", view.dtype(), view.shape()))),
            }
        };
        let parts = shapes.iter().map(bytes_of).collect::<Result<Vec<_>>>()?;
        let numbers = |part: usize| bytemuck::pod_collect_to_vec::<u8, f32>(&parts[part]);
        let parameters = Parameters { weights: numbers(0), visible: numbers(1), hidden: numbers(2) };
        if !parameters.are_finite() {
            return Err(damaged("it holds NaN or infinity".to_owned()));
        }
        if let Some(byte) = parts[3].iter().find(|&&byte| !machine.spins.has(byte as i8)) {
            return Err(damaged(format!("its chains hold {}, which is no spin", *byte as i8)));
        }
        Ok(State { step, parameters, chains: parts[3].iter().map(|&byte| byte as i8).collect() })
    }

    /// Opens the table of metrics after `step` steps.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub fn metrics_after(&self, step: u32) -> Result<MetricsWriter> {
        atomic::remove_leftovers(&self.path);
        MetricsWriter::after::<Metrics>(&self.file(METRICS), step)
    }

    /// Rows of the table of metrics, at least one.
    ///
    /// # Errors
    /// When it cannot be read, is another table, or there is no row yet.
    pub fn metrics(&self) -> Result<Vec<Metrics>> {
        let path = self.file(METRICS);
        let rows = existing_rows::<Metrics>(&path, u32::MAX)?;
        if rows.is_empty() {
            let run = self.path.display();
            let message =
                format!("no row of metrics is written yet; go on with: han-gpu rbm train --resume {run}");
            return Err(Error::content(path, message));
        }
        Ok(rows)
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_summary(&self, summary: &serde_json::Value) -> Result<()> {
        atomic::write(&self.file(SUMMARY), |file| writeln!(file, "{summary:#}"))
    }
}

/// Names, types and shapes of the arrays of a checkpoint, in their order.
fn tensors(machine: &Machine, batch: usize) -> Vec<(&'static str, Dtype, Vec<usize>)> {
    let chains = [vec![batch], machine.lattice.shape()].concat();
    vec![
        ("weights", Dtype::F32, vec![machine.visible(), machine.hidden]),
        ("visible_bias", Dtype::F32, vec![machine.visible()]),
        ("hidden_bias", Dtype::F32, vec![machine.hidden]),
        ("chains", Dtype::I8, chains),
    ]
}

/// Metadata that a checkpoint and the settings of its run must agree in.
fn identity(settings: &Settings, step: u32) -> HashMap<String, String> {
    [
        ("format", FORMAT.to_owned()),
        ("version", VERSION.to_owned()),
        ("lattice", settings.lattice.name().to_owned()),
        ("size", settings.size.to_string()),
        ("model", settings.model.name().to_owned()),
        ("states", settings.states.to_string()),
        ("hidden", settings.hidden.to_string()),
        ("seed", settings.seed.to_string()),
        ("step", step.to_string()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}
