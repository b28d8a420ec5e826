//! The folder of one run.

use super::atomic;
use super::checkpoint::{Checkpoint, Stamp, stage_state};
use super::couplings::write_couplings;
use super::family_folder::{belongs_to_a_family, command_of, family_of, is_of_a_family};
use super::input::{self, read_text};
use super::metrics::{MetricsWriter, existing_rows};
use super::records::{Metrics, Summary};
use super::tensors::is_whole;
use super::warm_start::warm_start;
use crate::backend::Tensor;
use crate::conditional::Model;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::estimate::Verification;
use std::borrow::Cow;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

pub(super) const CONFIG: &str = "config.toml";
/// Couplings of single bonds, where there are any.
const COUPLINGS: &str = "couplings.npz";
pub(super) const METRICS: &str = "metrics.csv";
const LINES: &str = "metrics.jsonl";
const SUMMARY: &str = "summary.json";
const MEASUREMENT: &str = "measurement.json";
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";

/// Whether a file is one that a run lives from: results of commands must not take its place.
pub(super) fn belongs_to_a_run(path: &Path) -> bool {
    let own = [CONFIG, COUPLINGS, METRICS, LINES, SUMMARY, MEASUREMENT, CHECKPOINT];
    let is_own = path.file_name().is_some_and(|name| own.iter().any(|own| name == *own));
    let of_network = is_own && path.parent().is_some_and(|folder| folder.join(CONFIG).is_file());
    path.is_file() && (of_network || belongs_to_a_family(path))
}

/// `config.toml`, `metrics.csv`, `summary.json` and `checkpoint.safetensors` of one run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run: its configuration and the checkpoint before the first step.
    ///
    /// # Errors
    /// When the folder is not empty and `force` is false, or cannot be written; an old run is then still whole.
    pub fn create(path: &Path, config: &Config, force: bool) -> Result<Self> {
        let was_there = path.exists();
        let occupied = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if is_of_a_family(path) && force {
            return Err(Error::content(path, "it holds a run of another family; choose another --out"));
        }
        if occupied && !force {
            let path = path.to_owned();
            let is_run = path.join(CONFIG).exists() || is_of_a_family(&path);
            return Err(if is_run { Error::RunExists { path } } else { Error::FolderInUse { path } });
        }
        let start = Start::new(config)?;
        match make_new(path)? {
            Some(made) => start.write(path, &made),
            // Another run has taken it since.
            None if !was_there && !force => Err(Error::RunExists { path: path.to_owned() }),
            None => start.write(path, &[]),
        }
    }

    /// As [`RunFolder::create`], in the first folder of `path`, `path-2`, `path-3`, ... that does not exist yet. Each is taken by
    /// one run alone, however many are started at a time.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn create_numbered(path: &Path, config: &Config) -> Result<Self> {
        let start = Start::new(config)?;
        let mut free = path.to_owned();
        let mut number = 1;
        loop {
            if let Some(made) = make_new(&free)? {
                return start.write(&free, &made);
            }
            number += 1;
            let mut name = path.as_os_str().to_owned();
            name.push(format!("-{number}"));
            free = name.into();
        }
    }

    /// Where a run goes if nothing is said, with a number if there is one already ([`RunFolder::create_numbered`]).
    pub fn default_path(config: &Config) -> PathBuf {
        format!("runs/L{}-beta{}", config.size, config.beta).into()
    }

    fn start(&self, config: &Config, model: &Model, checkpoint: &Checkpoint) -> Result<()> {
        // A file of couplings is one of the folder's own from now on.
        let couplings = config.couplings_file().map_or(config.couplings.clone(), |_| COUPLINGS.to_owned());
        let text = Config { couplings, ..config.clone() }.to_toml()?;
        let checkpoint = checkpoint.stage(&self.file(CHECKPOINT), model)?;
        let config = atomic::stage(&self.file(CONFIG), |file| file.write_all(text.as_bytes()))?;
        if let Some(weights) = &model.system.weights {
            write_couplings(&self.file(COUPLINGS), &model.system, weights)?;
        }
        // Both are on disk; from here on only names change. A crash between the two leaves a pair that
        // `load_checkpoint` refuses.
        checkpoint.commit()?;
        config.commit()?;
        let without_couplings = model.system.weights.is_none().then_some(COUPLINGS);
        for name in [METRICS, LINES, SUMMARY, MEASUREMENT].into_iter().chain(without_couplings) {
            match fs::remove_file(self.file(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::file("overwrite", self.file(name), error));
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// Opens an existing run and reads its configuration.
    ///
    /// # Errors
    /// When there is no run, or its configuration cannot be understood.
    pub fn open(path: &Path) -> Result<(Self, Config)> {
        let folder = Self { path: path.to_owned() };
        let file = folder.file(CONFIG);
        if !Self::exists(path) {
            let message = match family_of(path) {
                Some(family) => {
                    format!("this is the run of a {family}, which `han-gpu {}` reads", command_of(family))
                }
                None => format!("there is no run here: it has no {CONFIG}"),
            };
            return Err(Error::content(path, message));
        }
        let config = Config::of_run(&file)?;
        Ok((folder, config))
    }

    /// Whether a folder holds a run.
    pub fn exists(path: &Path) -> bool {
        path.join(CONFIG).is_file()
    }

    /// Whether training has ended: there is a summary.
    pub fn is_finished(&self) -> bool {
        self.file(SUMMARY).is_file()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the checkpoint from arrays that are read one by one, replacing the old one only when the new one is complete.
    ///
    /// # Errors
    /// When one cannot be read or the file cannot be written; the old one is then still there.
    pub(crate) fn save_checkpoint(
        &self,
        model: &Model,
        stamp: &Stamp,
        mut read: impl FnMut(Tensor) -> Result<Vec<f32>>,
    ) -> Result<()> {
        stage_state(&self.file(CHECKPOINT), model, stamp, &mut |tensor| Ok(Cow::Owned(read(tensor)?)))?
            .commit()?;
        tracing::info!(step = stamp.step, run = %self.path.display(), "checkpoint written");
        Ok(())
    }

    /// Reads the checkpoint.
    ///
    /// # Errors
    /// When it is missing, damaged or of another run.
    pub fn load_checkpoint(&self, config: &Config, model: &Model) -> Result<Checkpoint> {
        let path = self.file(CHECKPOINT);
        let checkpoint = Checkpoint::load(&path, model)?;
        checkpoint.check(&path, config)?;
        Ok(checkpoint)
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_summary(&self, summary: &Summary) -> Result<()> {
        let path = self.file(SUMMARY);
        let text = serde_json::to_string_pretty(summary)
            .map_err(|error| Error::content(&path, error.to_string()))?;
        atomic::write(&path, |file| writeln!(file, "{text}"))
    }

    /// The summary of a finished run, if there is one that can be read.
    pub fn summary(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&read_text(&self.file(SUMMARY)).ok()?).ok()
    }

    /// The name of a file that is damaged: the checkpoint where it is cut short or missing, a summary that is no JSON, or a table of metrics that is another. Numbers in the files are
    /// not looked at.
    pub fn damaged(&self) -> Option<&'static str> {
        let has_summary = !self.is_finished() || self.summary().is_some();
        let has_metrics = existing_rows::<Metrics>(&self.file(METRICS), u32::MAX).is_ok();
        [(CHECKPOINT, is_whole(&self.file(CHECKPOINT))), (SUMMARY, has_summary), (METRICS, has_metrics)]
            .into_iter()
            .find_map(|(name, is_sound)| (!is_sound).then_some(name))
    }

    /// The verdict of a finished run's closing check, if it can be read.
    pub fn verification(&self) -> Option<Verification> {
        serde_json::from_value(self.summary()?.get("verification")?.clone()).ok()
    }

    /// The effective sample size by Monte Carlo of a finished run's closing check, if there is one that can be read.
    pub fn forward_ess(&self) -> Option<f64> {
        self.summary()?.get("forward")?.get("ess")?.get("value")?.as_f64()
    }

    /// The warning that the network of the run needs: its closing check left it suspect, or there was none.
    pub fn warning(&self) -> Option<String> {
        let path = self.path.display();
        if !self.is_finished() {
            return Some(format!("training of {path} has not ended: its network has not been checked"));
        }
        let Some(verification) = self.verification() else {
            return Some(format!(
                "the summary.json of {path} cannot be read: whether its network was found sound is not known; han-gpu measure --verify checks it anew"
            ));
        };
        let reasons = verification.doubts().join("; ");
        (!reasons.is_empty()).then(|| format!("{path} is suspect: {reasons}"))
    }

    /// The table of metrics as it lies on the disk.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn metrics_bytes(&self) -> Result<Vec<u8>> {
        input::read(&self.file(METRICS), u64::MAX)
    }

    /// Rows of the table of metrics, at least one.
    ///
    /// # Errors
    /// When it cannot be read, is another table, or there is no row yet: the run was stopped before.
    pub fn metrics(&self) -> Result<Vec<Metrics>> {
        let path = self.file(METRICS);
        let rows = existing_rows::<Metrics>(&path, u32::MAX)?;
        if rows.is_empty() {
            let run = self.path.display();
            let message = match self.is_finished() {
                false => {
                    format!("no row of metrics is written yet; go on with: han-gpu train --resume {run}")
                }
                // Its network is whole, and a run that has taken its steps writes no more rows.
                true => format!(
                    "no row of metrics is left of this finished run; its network is whole, as han-gpu measure {run} shows; to have the table again, train once more: han-gpu train {run}/config.toml --out NEW"
                ),
            };
            return Err(Error::content(path, message));
        }
        Ok(rows)
    }

    /// The measurement that a scan left, if it did.
    pub fn measurement(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&read_text(&self.file(MEASUREMENT)).ok()?).ok()
    }

    /// Writes the measurement of a scan.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_measurement(&self, measurement: &serde_json::Value) -> Result<()> {
        atomic::write(&self.file(MEASUREMENT), |file| writeln!(file, "{measurement:#}"))
    }

    /// Opens the table of metrics after `step` steps: later rows and unfinished files, left by a run that was killed, are
    /// dropped.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub fn metrics_after(&self, step: u32) -> Result<MetricsWriter> {
        atomic::remove_leftovers(&self.path);
        MetricsWriter::after::<Metrics>(&self.file(METRICS), step)
    }
}

/// The state that a new run starts from; whatever can be refused is refused before anything is made.
struct Start<'a> {
    config: &'a Config,
    model: Model,
    checkpoint: Checkpoint,
}

impl<'a> Start<'a> {
    fn new(config: &'a Config) -> Result<Self> {
        let model = config.model()?;
        let mut checkpoint = Checkpoint::initial(config, &model);
        warm_start(config, &model, &mut checkpoint.parameters)?;
        Ok(Self { config, model, checkpoint })
    }

    /// Writes it into a folder. If that fails, folders that were made for it go again, innermost first.
    fn write(&self, path: &Path, made: &[PathBuf]) -> Result<RunFolder> {
        let folder = RunFolder { path: path.to_owned() };
        let written = folder.start(self.config, &self.model, &self.checkpoint);
        if written.is_err() {
            // Only ever empty ones: files are staged under temporary names that are gone by now.
            made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
        }
        written.map(|()| folder)
    }
}

/// Makes a folder that is not there yet, and those around it; gives all that were not there, innermost first, or nothing where there
/// is something of that name already. Of several runs that try at a time one makes it.
fn make_new(path: &Path) -> Result<Option<Vec<PathBuf>>> {
    let failed = |source| Error::file("create", path, source);
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing = path.ancestors().take_while(is_missing).map(Path::to_owned).collect();
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    match fs::create_dir(path) {
        Ok(()) => Ok(Some(missing)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn runs_that_start_at_the_same_time_take_folders_of_their_own() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("runs/L4-beta0.44");
        let config = Config {
            size: 4,
            width: crate::conditional::Widths::all(1),
            exact_bottom: 2,
            ..Config::default()
        };
        let start = || RunFolder::create_numbered(&path, &config).unwrap().path().to_owned();
        let taken: BTreeSet<PathBuf> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| [start(), start(), start(), start(), start()])).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(taken.len(), 40);
        assert!(taken.contains(&path) && taken.contains(&temporary.path().join("runs/L4-beta0.44-40")));
        let again = |folder: &Path| RunFolder::create(folder, &config, false).unwrap_err();
        assert!(matches!(again(&path), Error::RunExists { .. }));
        // Files of somebody else are no run that could go on.
        assert!(matches!(again(temporary.path()), Error::FolderInUse { .. }));
        for folder in &taken {
            let (run, config) = RunFolder::open(folder).unwrap();
            run.load_checkpoint(&config, &config.model().unwrap()).unwrap();
        }
    }
}
