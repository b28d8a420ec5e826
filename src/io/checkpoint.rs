//! `checkpoint.safetensors`: weights, optimiser state, step and seed.

use super::atomic::{Staged, stage_from};
use super::input;
use super::tensors::sorted_header;
use crate::backend::Tensor;
use crate::conditional::{Colours, Head, Model, NetOptions, Network, TensorPlace, cut_of_earlier_versions};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::hierarchy::{Cut, SiteOrder};
use crate::lattice::{LatticeKind, Spins};
use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

const FORMAT: &str = "han-gpu checkpoint";
/// How messages call a checkpoint that is no file.
const NAME: &str = "checkpoint.safetensors";
/// Version 2 adds the keys lattice, network and exact_length: networks that version 1 can describe are still written as that.
const VERSIONS: [&str; 2] = ["1", "2"];
/// The key that tells couplings of single bonds.
const COUPLINGS: &str = "couplings";
const FIRST_MOMENT: &str = "adam.first_moment.";
const SECOND_MOMENT: &str = "adam.second_moment.";
/// What names in the file start with, array by array, in the order in which they are written.
const ARRAYS: [(Tensor, &str); 3] =
    [(Tensor::FirstMoment, FIRST_MOMENT), (Tensor::SecondMoment, SECOND_MOMENT), (Tensor::Parameters, "")];
/// The way out where settings were changed after a run was started.
const PUT_BACK: &str = "put that back into config.toml, or start a new run";
/// Longest header in bytes: a few hundred for each tensor.
const LONGEST_HEADER: u64 = 1 << 20;

/// What a checkpoint tells beside its arrays.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) step: u32,
    pub(crate) seed: u32,
    pub(crate) beta: f64,
    pub(crate) training: BTreeMap<&'static str, String>,
}

impl Stamp {
    /// The stamp of a run after `step` steps.
    pub(crate) fn new(config: &Config, step: u32) -> Self {
        Self { step, seed: config.seed, beta: config.beta, training: config.training() }
    }
}

/// The state of a training run after `step` steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u32,
    /// Seed of the run.
    pub seed: u32,
    /// Inverse temperature that the run aims at.
    pub beta: f64,
    /// Settings of `config.toml` that say how it learned, by key; what a file does not tell is not there.
    pub training: BTreeMap<&'static str, String>,
    /// Flat parameter buffer.
    pub parameters: Vec<f32>,
    /// Adam's first moment.
    pub first_moment: Vec<f32>,
    /// Adam's second moment.
    pub second_moment: Vec<f32>,
}

impl Checkpoint {
    /// The state before the first step.
    pub fn initial(config: &Config, model: &Model) -> Self {
        Self {
            step: 0,
            seed: config.seed,
            beta: config.beta,
            training: config.training(),
            parameters: model.initial_parameters(config.seed, config.beta),
            first_moment: vec![0.0; model.parameters],
            second_moment: vec![0.0; model.parameters],
        }
    }

    /// Reads the arrays that belong to a stamp.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn read(stamp: Stamp, read: &mut dyn FnMut(Tensor) -> Result<Vec<f32>>) -> Result<Self> {
        let Stamp { step, seed, beta, training } = stamp;
        Ok(Self {
            step,
            seed,
            beta,
            training,
            parameters: read(Tensor::Parameters)?,
            first_moment: read(Tensor::FirstMoment)?,
            second_moment: read(Tensor::SecondMoment)?,
        })
    }

    /// Checks that its arrays are those of a model.
    ///
    /// # Errors
    /// When one has another length.
    pub(crate) fn fits(&self, model: &Model) -> Result<()> {
        for values in [&self.parameters, &self.first_moment, &self.second_moment] {
            if values.len() != model.parameters {
                let expected = format!("the model has {} parameters", model.parameters);
                return Err(Error::setting("start", format!("{} values", values.len()), expected));
            }
        }
        Ok(())
    }

    /// Checks that a run goes on with the settings that it was started with: its schedules would jump otherwise.
    ///
    /// # Errors
    /// When one differs, named with both values; what a file does not tell is taken on trust.
    pub(crate) fn check_training(&self, config: &Config, run: &Path) -> Result<()> {
        for (key, wanted) in config.training() {
            if let Some(found) = self.training.get(key).filter(|found| **found != wanted) {
                let expected = format!(
                    "the run was started with {key} = {found}; put that back into its config.toml, or start a new run from its \
                     nets with --init-from {}",
                    run.display()
                );
                return Err(Error::setting(key, wanted, expected));
            }
        }
        Ok(())
    }

    /// Checks that it belongs to a run with this configuration.
    pub(super) fn check(&self, path: &Path, config: &Config) -> Result<()> {
        let differs = |key: &str, found: &dyn std::fmt::Display, expected: &dyn std::fmt::Display| {
            let message = format!(
                "the checkpoint has {key} = {found}, the run's config.toml has {key} = {expected}: {PUT_BACK}"
            );
            Err(Error::content(path, message))
        };
        if self.beta != config.beta {
            return differs("beta", &self.beta, &config.beta);
        }
        if self.seed != config.seed {
            return differs("seed", &self.seed, &config.seed);
        }
        if self.step > config.steps {
            return Err(Error::content(
                path,
                format!(
                    "it is at step {} of {}; put steps back, or start a new run from its nets with --init-from",
                    self.step, config.steps
                ),
            ));
        }
        Ok(())
    }

    /// Writes the checkpoint; the file appears whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path, model: &Model) -> Result<()> {
        self.stage(path, model)?.commit()
    }

    pub(super) fn stage(&self, path: &Path, model: &Model) -> Result<Staged> {
        let &Self { step, seed, beta, ref training, .. } = self;
        let stamp = Stamp { step, seed, beta, training: training.clone() };
        stage_state(path, model, &stamp, &mut |tensor| Ok(self.array(tensor)))
    }

    fn array(&self, tensor: Tensor) -> Cow<'_, [f32]> {
        Cow::Borrowed(match tensor {
            Tensor::FirstMoment => &self.first_moment,
            Tensor::SecondMoment => &self.second_moment,
            _ => &self.parameters,
        })
    }

    /// The bytes of the file, for hosts that have no files.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn to_bytes(&self, model: &Model) -> Result<Vec<u8>> {
        let &Self { step, seed, beta, ref training, .. } = self;
        let stamp = Stamp { step, seed, beta, training: training.clone() };
        let mut bytes = Vec::new();
        write_state(Path::new(NAME), &mut bytes, model, &stamp, &mut |tensor| Ok(self.array(tensor)))?;
        Ok(bytes)
    }

    /// As [`Checkpoint::load`], from the bytes of the file.
    ///
    /// # Errors
    /// As [`Checkpoint::load`].
    pub fn from_bytes(bytes: &[u8], model: &Model) -> Result<Self> {
        Self::parse(Path::new(NAME), bytes, model)
    }

    /// Reads a checkpoint of this model.
    ///
    /// # Errors
    /// When the file cannot be read, is truncated, is not a checkpoint of ours, or belongs to another model or version.
    pub fn load(path: &Path, model: &Model) -> Result<Self> {
        let (most, (_, length)) = (Self::most_bytes(model), input::open(path)?);
        if length > most {
            let message = format!(
                "it has {length} bytes, more than a network of the lattice, size, width and depth in the run's config.toml can have: put them back as they were, or start a new run"
            );
            return Err(Error::content(path, message));
        }
        Self::parse(path, &input::read(path, most)?, model)
    }

    /// Bytes that the file of a model's checkpoint can have at the most.
    pub(super) fn most_bytes(model: &Model) -> u64 {
        (ARRAYS.len() * size_of::<f32>() * model.parameters) as u64 + LONGEST_HEADER
    }

    /// Reads the bytes of a file that messages call `path`.
    fn parse(path: &Path, bytes: &[u8], model: &Model) -> Result<Self> {
        let damaged = |reason: String| {
            Error::content(
                path,
                format!("not a readable checkpoint ({reason}); it may be truncated or not ours"),
            )
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(error.to_string()))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let reader = Reader { path, metadata, tensors };
        reader.check(model)?;
        // Before memory is taken for the network that a configuration describes.
        let needed = ARRAYS.len() * size_of::<f32>() * model.used_parameters();
        if bytes.len() < needed {
            return Err(damaged(format!("the run's network needs {needed} bytes, it has {}", bytes.len())));
        }
        let buffer = |prefix: &str| {
            let mut values = vec![0.0; model.parameters];
            for place in model.tensors() {
                let of_blocks = reader.tensor(prefix, &place)?;
                let of_blocks = of_blocks.chunks(of_blocks.len() / place.offsets.len());
                place.ranges().zip(of_blocks).for_each(|(range, from)| values[range].copy_from_slice(from));
            }
            Ok(values)
        };
        let parameters = buffer("")?;
        if let Some(masked) = model.first_masked(&parameters) {
            let message = format!("{masked}: no kernel reads it, and other programs would; it must be 0");
            return Err(Error::content(path, message));
        }
        Ok(Self {
            step: reader.number("step")?,
            seed: reader.number("seed")?,
            beta: reader.number("beta")?,
            training: reader.training(),
            parameters,
            first_moment: buffer(FIRST_MOMENT)?,
            second_moment: buffer(SECOND_MOMENT)?,
        })
    }
}

/// Writes a checkpoint beside its place. Asks for one array at a time, so that no more of a large network is held twice.
pub(super) fn stage_state<'a>(
    path: &Path,
    model: &Model,
    stamp: &Stamp,
    read: &mut dyn FnMut(Tensor) -> Result<Cow<'a, [f32]>>,
) -> Result<Staged> {
    stage_from(path, |file| write_state(path, file, model, stamp, read))
}

/// Writes a checkpoint, which messages call `path`.
fn write_state<'a>(
    path: &Path,
    file: &mut impl Write,
    model: &Model,
    stamp: &Stamp,
    read: &mut dyn FnMut(Tensor) -> Result<Cow<'a, [f32]>>,
) -> Result<()> {
    let header = header(path, model, stamp)?;
    let mut put = |bytes: &[u8]| file.write_all(bytes).map_err(|source| Error::file("write", path, source));
    put(&(header.len() as u64).to_le_bytes())?;
    put(&header)?;
    for (tensor, _) in ARRAYS {
        let values = read(tensor)?;
        model
            .tensors()
            .iter()
            .flat_map(TensorPlace::ranges)
            .try_for_each(|range| put(bytemuck::cast_slice(&values[range])))?;
    }
    Ok(())
}

/// The file's header.
fn header(path: &Path, model: &Model, stamp: &Stamp) -> Result<Vec<u8>> {
    let (mut tensors, mut end) = (Vec::new(), 0);
    for (_, prefix) in ARRAYS {
        for TensorPlace { name, shape, .. } in model.tensors() {
            let start = end;
            end += size_of::<f32>() * shape.iter().product::<usize>();
            let info = TensorInfo { dtype: Dtype::F32, shape, data_offsets: (start, end) };
            tensors.push((format!("{prefix}{name}"), info));
        }
    }
    sorted_header(path, tensors, metadata(model, stamp))
}

fn metadata(model: &Model, stamp: &Stamp) -> HashMap<String, String> {
    let own = [
        ("step", stamp.step.to_string()),
        ("seed", stamp.seed.to_string()),
        ("beta", stamp.beta.to_string()),
    ];
    let training = stamp.training.clone();
    identity(model)
        .into_iter()
        .chain(own)
        .chain(training)
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// What must agree between a checkpoint and the model it is loaded into.
fn identity(model: &Model) -> Vec<(&'static str, String)> {
    let (kind, NetOptions { network, cut, exact_length, bond_dimension, mixture, reach, .. }) =
        (model.system.lattice.kind(), model.options);
    let is_first = (kind, network, exact_length, bond_dimension, mixture, reach) == Default::default()
        && cut == Cut::Crosses
        && model.options.width.given().count() == 1
        && model.system.weights.is_none()
        && model.system.spins == Spins::Ising;
    let mut identity = vec![
        ("format", FORMAT.to_owned()),
        ("version", VERSIONS[usize::from(!is_first)].to_owned()),
        ("size", model.system.lattice.side().to_string()),
        ("coupling", model.system.interaction.coupling.to_string()),
        ("field", model.system.interaction.field.to_string()),
        ("width", model.options.width.to_string()),
        ("depth", model.options.depth.to_string()),
        ("skip", model.options.skip.to_string()),
        ("gauge", model.options.gauge.to_string()),
        ("exact_bottom", model.options.exact_bottom.to_string()),
    ];
    // Keys that came later are left out where they say nothing.
    let is_neutral = |(key, value): &(&str, String)| {
        [
            ("reach", "0"),
            ("bond_dimension", "0"),
            ("head", "none"),
            ("site_order", "index"),
            ("states", "0"),
            ("colours", "one-hot"),
        ]
        .contains(&(*key, value.as_str()))
    };
    identity.extend(architecture(model).into_iter().filter(|entry| !is_first && !is_neutral(entry)));
    let weights = model.system.weights.as_deref();
    identity.extend(weights.map(|weights| (COUPLINGS, weights.fingerprint().to_string())));
    identity
}

/// The keys of version 2 that version 1 lacks: lattice, colours of Potts spins (0 of Ising spins), network, the head of networks of pairs, how boxes are split, the length of exact boxes, the states of bonds of tensor networks in their place (0: none), whether the first net is mixed, how far
/// hidden units reach where they do not see everything, and the order of sites that is not that of their index.
fn architecture(model: &Model) -> Vec<(&'static str, String)> {
    let NetOptions {
        network,
        head,
        cut,
        exact_length,
        bond_dimension,
        mixture,
        reach,
        site_order,
        colours,
        ..
    } = model.options;
    let states = match model.system.spins {
        Spins::Ising => 0,
        Spins::Potts { states } => states,
    };
    vec![
        ("lattice", model.system.lattice.kind().name().to_owned()),
        ("states", states.to_string()),
        ("colours", colours.name().to_owned()),
        ("network", network.name().to_owned()),
        ("head", head.name().to_owned()),
        ("cut", cut.name().to_owned()),
        ("exact_length", exact_length.to_string()),
        ("bond_dimension", bond_dimension.to_string()),
        ("mixture", mixture.to_string()),
        ("reach", reach.to_string()),
        ("site_order", site_order.name().to_owned()),
    ]
}

struct Reader<'a> {
    path: &'a Path,
    metadata: HashMap<String, String>,
    tensors: SafeTensors<'a>,
}

impl Reader<'_> {
    fn check(&self, model: &Model) -> Result<()> {
        let identity = identity(model);
        let later =
            architecture(model).into_iter().filter(|(key, _)| !identity.iter().any(|(own, _)| own == key));
        // Lattice and network decide what other settings can be, and are told first.
        let told_first = |key: &str| match key {
            "format" => 0,
            "lattice" | "states" | "network" | "head" => 1,
            _ => 2,
        };
        let mut wanted: Vec<(&str, String)> = identity.iter().cloned().chain(later).collect();
        wanted.sort_by_key(|(key, _)| told_first(key));
        for (key, expected) in wanted {
            let found = self.found(key);
            // Where versions that are known differ, so do keys, which say why.
            let is_readable = key == "version" && found.is_some_and(|found| VERSIONS.contains(&found));
            if found == Some(&expected) || is_readable {
                continue;
            }
            let message = match (key, found) {
                (COUPLINGS | "coupling" | "field", _) if model.system.weights.is_some() => {
                    "the checkpoint is of other couplings than the run's: put its couplings.npz back as it was".to_owned()
                }
                ("states", Some(found)) => {
                    let of = |states: &str| match states {
                        "0" => "model = ising".to_owned(),
                        _ => format!("model = potts, states = {states}"),
                    };
                    format!(
                        "the checkpoint is of {}, the run's config.toml says {}: {PUT_BACK}",
                        of(found),
                        of(&expected)
                    )
                }
                ("format", _) => "this safetensors file is not a han-gpu checkpoint".to_owned(),
                ("version", Some(found)) => format!(
                    "checkpoint version {found}; this program reads versions {}: use the release that wrote it",
                    VERSIONS.join(" and ")
                ),
                (_, found) => {
                    let found = found.unwrap_or("nothing");
                    format!(
                        "the checkpoint has {key} = {found}, the run's config.toml has {key} = {expected}: {PUT_BACK}"
                    )
                }
            };
            return Err(Error::content(self.path, message));
        }
        Ok(())
    }

    /// The file's value of a key; version 1 lacks the keys of version 2, and is of their defaults.
    fn found(&self, key: &str) -> Option<&str> {
        let of_version_1 = match key {
            "lattice" => Some(LatticeKind::default().name()),
            "network" => Some(Network::default().name()),
            "cut" => {
                let [lattice, network, length] =
                    ["lattice", "network", "exact_length"].map(|key| self.found(key).unwrap_or_default());
                Some(cut_of_earlier_versions(lattice, network, length).name())
            }
            "exact_length" | "states" | "bond_dimension" => Some("0"),
            "mixture" => Some("false"),
            "reach" => Some("0"),
            "colours" => Some(Colours::default().name()),
            "head" => Some(Head::default().name()),
            "site_order" => Some(SiteOrder::default().name()),
            _ => None,
        };
        self.metadata.get(key).map(String::as_str).or(of_version_1)
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> Result<T> {
        let value = self.metadata.get(key).and_then(|value| value.parse().ok());
        value.ok_or_else(|| {
            Error::content(self.path, format!("the checkpoint's metadata lacks a valid {key:?}"))
        })
    }

    /// Files of earlier versions tell none.
    fn training(&self) -> BTreeMap<&'static str, String> {
        let keys = Config::default().training().into_keys();
        keys.filter_map(|key| Some((key, self.metadata.get(key)?.clone()))).collect()
    }

    fn tensor(&self, prefix: &str, place: &TensorPlace) -> Result<Vec<f32>> {
        let name = format!("{prefix}{}", place.name);
        let view = self
            .tensors
            .tensor(&name)
            .map_err(|_| Error::content(self.path, format!("tensor {name} is missing")))?;
        if view.dtype() != Dtype::F32 || view.shape() != place.shape {
            let message = format!(
                "tensor {name} is {:?} {:?}, expected F32 {:?}",
                view.dtype(),
                view.shape(),
                place.shape
            );
            return Err(Error::content(self.path, message));
        }
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(view.data());
        if values.iter().any(|value| !value.is_finite()) {
            return Err(Error::content(self.path, format!("tensor {name} holds NaN or infinity")));
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(folder: &Path) -> (Checkpoint, Model, std::path::PathBuf) {
        let model = Config { size: 8, ..Config::default() }.model().unwrap();
        // Padding between levels is not stored, so it must be zero to compare.
        let mut parameters = vec![0.0; model.parameters];
        for place in model.tensors() {
            for at in place.ranges().flatten() {
                parameters[at] = at as f32 * 0.5 - 7.0;
            }
        }
        for (k, net, _) in model.nets() {
            for weights in net.weights() {
                for at in 0..weights.sources * weights.targets {
                    if !weights.sees(at % weights.targets, at / weights.targets) {
                        parameters[model.levels[k].offset + weights.offset + at] = 0.0;
                    }
                }
            }
        }
        let checkpoint = Checkpoint {
            step: 12,
            seed: 3,
            beta: 0.44,
            training: Config::default().training(),
            first_moment: parameters.iter().map(|p| p * 2.0).collect(),
            second_moment: parameters.iter().map(|p| p * p).collect(),
            parameters,
        };
        let path = folder.join("checkpoint.safetensors");
        checkpoint.save(&path, &model).unwrap();
        (checkpoint, model, path)
    }

    #[test]
    fn reads_back_what_was_written_and_equal_states_give_equal_files() {
        let folder = tempfile::tempdir().unwrap();
        let (checkpoint, model, path) = saved(folder.path());
        assert_eq!(Checkpoint::load(&path, &model).unwrap(), checkpoint);
        let bytes = std::fs::read(&path).unwrap();
        for _ in 0..5 {
            checkpoint.save(&path, &model).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn masked_weights_that_are_not_zero_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let (mut checkpoint, model, path) = saved(folder.path());
        let weights = &model.nets().next().unwrap().1.layers[0];
        assert!(!weights.sees(0, 3));
        checkpoint.parameters[weights.offset + 3 * weights.targets] = 5.0;
        checkpoint.save(&path, &model).unwrap();
        let refused = Checkpoint::load(&path, &model).unwrap_err().to_string();
        assert!(refused.contains("level0.layer0.weight[3, 0] = 5"), "{refused}");
    }

    #[test]
    fn every_truncation_is_refused_with_a_message() {
        let folder = tempfile::tempdir().unwrap();
        let (_, model, path) = saved(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        for length in [0, 1, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let error = Checkpoint::load(&path, &model).unwrap_err();
            assert!(error.to_string().contains("truncated"), "{length} bytes: {error}");
        }
    }

    #[test]
    fn files_of_other_models_versions_and_programs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (_, _, path) = saved(folder.path());
        let other = Config { size: 16, ..Config::default() }.model().unwrap();
        let error = Checkpoint::load(&path, &other).unwrap_err().to_string();
        assert!(error.contains("size = 8") && error.contains("size = 16"), "{error}");

        let model = Config { size: 8, ..Config::default() }.model().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let replaced = |from: &str, to: &str| {
            let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            let mut changed = bytes.clone();
            changed[at..at + from.len()].copy_from_slice(to.as_bytes());
            std::fs::write(&path, changed).unwrap();
            Checkpoint::load(&path, &model).unwrap_err().to_string()
        };
        assert!(replaced("\"version\":\"2\"", "\"version\":\"9\"").contains("version 9"));
        assert!(replaced("han-gpu checkpoint", "hun-gpu checkpoint").contains("not a han-gpu checkpoint"));
    }

    #[test]
    fn other_settings_than_those_it_was_started_with_are_named_and_old_files_tell_none() {
        let folder = tempfile::tempdir().unwrap();
        let (mut checkpoint, model, path) = saved(folder.path());
        let config = Config::default();
        let check = |config: &Config| {
            Checkpoint::load(&path, &model).unwrap().check_training(config, Path::new("runs/a"))
        };
        check(&config).unwrap();
        // Where it runs and what it writes may change.
        let elsewhere = Config {
            device: "cpu".into(),
            chunk: 2,
            metrics_every: 1,
            checkpoint_every: 1,
            ..config.clone()
        };
        check(&elsewhere).unwrap();
        for (other, key) in [
            (
                Config { steps: 5000, ..config.clone() },
                "steps = 5000 is not possible: the run was started with steps = 4000",
            ),
            (Config { batch: 64, ..config.clone() }, "batch = 64"),
            (Config { warmup: 0.1, ..config.clone() }, "warmup = 0.1"),
            (Config { objective: crate::config::Objective::Mixed, ..config.clone() }, "objective = mixed"),
        ] {
            let refused = check(&other).unwrap_err().to_string();
            assert!(refused.contains(key) && refused.contains("--init-from runs/a"), "{refused}");
        }
        checkpoint.training.clear();
        checkpoint.save(&path, &model).unwrap();
        check(&Config { steps: 5000, ..config }).unwrap();
    }
}
