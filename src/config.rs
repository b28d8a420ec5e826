//! Every setting of a run, with its default. Layers (defaults, preset, file, flags) are TOML tables, later ones win.

use crate::conditional::{MAX_SQUARE_BETA, Model, NetOptions, Network, Storage, check_side};
use crate::error::{Error, Result};
use crate::io::read_text;
use crate::lattice::{Interaction, Lattice, LatticeKind, System};
use crate::schedule::{Adam, Baseline};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// How the learning rate changes over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateSchedule {
    /// Always `learning_rate`.
    Constant,
    /// From `learning_rate` along half a cosine to `learning_rate * final_rate` at the last step.
    Cosine,
}

/// What training minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// KL(q | p), on the network's own samples.
    Reverse,
    /// KL(p | q), on configurations by Monte Carlo.
    Forward,
    /// First forward, then ever more reverse steps, in the end only those.
    Mixed,
}

/// All settings of a training run. The field names are the keys of `config.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which sites are neighbours: `square` or `triangular`.
    #[serde(default)]
    pub lattice: LatticeKind,
    /// Side of the lattice, a power of two from 4 to 1024 (to 64 for a dense network).
    pub size: u32,
    /// Inverse temperature at the end of training.
    pub beta: f64,
    /// J.
    pub coupling: f64,
    /// H.
    pub field: f64,
    /// `han`, a net for every level of a hierarchy, or `van`, one dense net over all sites.
    #[serde(default)]
    pub network: Network,
    /// Hidden units per input site.
    pub width: usize,
    /// Hidden layers, 1 to 3.
    pub depth: usize,
    /// Learned linear term initialised to the couplings.
    pub skip: bool,
    /// Built-in spin-flip symmetry; on by default when `field` is 0.
    pub gauge: bool,
    /// Side of the squares that are summed exactly, without nets: 8, 4 or 2; 8 by default where that is possible. Single spins are
    /// squares of side 2, and all there is on the triangular lattice; 0 for a dense network.
    pub exact_bottom: u32,
    /// Configurations per step.
    pub batch: usize,
    /// Configurations on the device at a time, an equal part of the batch; 0: as many as fit. Baselines are those of a
    /// chunk, so it is part of what a run's numbers depend on.
    #[serde(default)]
    pub chunk: usize,
    /// Numbers that a GPU keeps hidden state in and that nets compute with: `f32`, or `f16` where it offers them.
    #[serde(default)]
    pub storage: Storage,
    /// Training steps.
    pub steps: u32,
    /// What is minimised: `reverse`, `forward` or `mixed`.
    pub objective: Objective,
    /// Share of forward steps in the mixed objective, at most 0.5: they thin out over twice that share of the run.
    pub forward_share: f64,
    /// What is subtracted from rewards: `regression` or `global`.
    pub baseline: Baseline,
    /// Largest learning rate, after the warm-up.
    pub learning_rate: f64,
    /// Whether nets with more than 60 inputs learn at a lower rate, times 60 over their inputs.
    pub scale_rate: bool,
    /// How it changes.
    pub rate_schedule: RateSchedule,
    /// Share of the steps over which the rate rises from 0 to where the schedule has it.
    pub warmup: f64,
    /// Last learning rate as a fraction of the first, for the cosine.
    pub final_rate: f64,
    /// Beta is `beta * (1 - annealing^step)`; 0: beta from the first step.
    pub annealing: f64,
    /// Adam's decay of the first moment.
    pub adam_beta1: f64,
    /// Adam's decay of the second moment.
    pub adam_beta2: f64,
    /// Adam's epsilon.
    pub adam_epsilon: f64,
    /// Largest gradient norm; 0: no limit.
    pub clip: f64,
    /// Run folder to take starting parameters from; empty: none.
    pub init_from: String,
    /// Seed of initial parameters and of every sample.
    pub seed: u32,
    /// `auto`, `cpu`, or index or name of a GPU as listed by `han-gpu devices`.
    pub device: String,
    /// Steps between rows of `metrics.csv`.
    pub metrics_every: u32,
    /// Steps between checkpoints.
    pub checkpoint_every: u32,
    /// Configurations by Monte Carlo for the forward objective.
    pub pool: usize,
    /// Samples of the closing evaluation.
    pub evaluation_samples: usize,
    /// Configurations by Monte Carlo that the network is checked with at the end; 0: none.
    pub verification_samples: usize,
}

/// Names of the presets.
pub const PRESETS: [&str; 2] = ["default", "published"];

impl Default for Config {
    fn default() -> Self {
        Self {
            lattice: LatticeKind::Square,
            size: 16,
            beta: 0.44,
            coupling: 1.0,
            field: 0.0,
            network: Network::Han,
            width: 4,
            depth: 1,
            skip: true,
            gauge: true,
            exact_bottom: 8,
            batch: 512,
            chunk: 0,
            storage: Storage::F32,
            steps: 4000,
            objective: Objective::Reverse,
            forward_share: 0.3,
            baseline: Baseline::Regression,
            learning_rate: 0.01,
            scale_rate: true,
            rate_schedule: RateSchedule::Cosine,
            warmup: 0.05,
            final_rate: 0.001,
            annealing: 0.0,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            clip: 0.0,
            init_from: String::new(),
            seed: 0,
            device: "auto".to_owned(),
            metrics_every: 10,
            checkpoint_every: 500,
            pool: 16_384,
            evaluation_samples: 50_000,
            verification_samples: 2_000,
        }
    }
}

impl Config {
    /// The published net and loss (arXiv:2203.10989; rate from the authors' code): no skip, no gauge.
    fn published() -> Self {
        Self {
            width: 1,
            skip: false,
            gauge: false,
            exact_bottom: 2,
            batch: 1024,
            steps: 40_000,
            baseline: Baseline::Global,
            learning_rate: 5e-4,
            scale_rate: false,
            rate_schedule: RateSchedule::Constant,
            warmup: 0.0,
            annealing: 0.996,
            ..Self::default()
        }
    }

    /// The model it describes.
    ///
    /// # Errors
    /// When a setting of the lattice or the nets is out of range.
    pub fn model(&self) -> Result<Model> {
        let Self { network, width, depth, skip, gauge, exact_bottom, .. } = *self;
        check_side(self.size)?;
        let options = NetOptions { network, width, depth, skip, gauge, exact_bottom };
        let interaction = Interaction::new(self.coupling, self.field)?;
        let system = System { lattice: Lattice::new(self.lattice, self.size)?, interaction };
        let storage = self.storage;
        Ok(Model { storage, ..Model::new(system, options)? })
    }

    /// Optimiser constants.
    pub fn adam(&self) -> Adam {
        Adam {
            beta1: self.adam_beta1,
            beta2: self.adam_beta2,
            epsilon: self.adam_epsilon,
            clip: self.clip,
            scale_rate: self.scale_rate,
        }
    }

    /// Settings that say how a network learns, by key, in the order of the keys: what a run has to go on with. Lattice, nets,
    /// beta and seed are not among them, nor where and in what parts it is trained and what is written of it.
    pub(crate) fn training(&self) -> BTreeMap<&'static str, String> {
        let name = |name: &dyn std::fmt::Debug| format!("{name:?}").to_lowercase();
        BTreeMap::from([
            ("batch", self.batch.to_string()),
            ("steps", self.steps.to_string()),
            ("objective", name(&self.objective)),
            ("forward_share", self.forward_share.to_string()),
            ("pool", self.pool.to_string()),
            ("baseline", name(&self.baseline)),
            ("learning_rate", self.learning_rate.to_string()),
            ("scale_rate", self.scale_rate.to_string()),
            ("rate_schedule", name(&self.rate_schedule)),
            ("warmup", self.warmup.to_string()),
            ("final_rate", self.final_rate.to_string()),
            ("annealing", self.annealing.to_string()),
            ("adam_beta1", self.adam_beta1.to_string()),
            ("adam_beta2", self.adam_beta2.to_string()),
            ("adam_epsilon", self.adam_epsilon.to_string()),
            ("clip", self.clip.to_string()),
        ])
    }

    /// Reads the `config.toml` of a run: every key must be there.
    ///
    /// # Errors
    /// When the file cannot be read, a key is missing or unknown, or a value is out of range.
    pub fn of_run(path: &Path) -> Result<Self> {
        let config: Self = load(path)?
            .try_into()
            .map_err(|error: toml::de::Error| config_error(path, error.message().to_owned()))?;
        config.check()?;
        Ok(config)
    }

    /// Checks every setting.
    pub(crate) fn check(&self) -> Result<()> {
        self.model()?.check_beta(self.beta)?;
        let at_least_one = [
            ("batch", self.batch),
            ("steps", self.steps as usize),
            ("metrics_every", self.metrics_every as usize),
            ("checkpoint_every", self.checkpoint_every as usize),
            ("pool", self.pool),
        ];
        for (name, value) in at_least_one {
            if value == 0 {
                return Err(Error::setting(name, value, "it must be at least 1"));
            }
        }
        if !(2..=MAX_BATCH).contains(&self.batch) {
            let expected = format!("it must lie in 2 to {MAX_BATCH}; baselines need other configurations");
            return Err(Error::setting("batch", self.batch, expected));
        }
        if self.chunk == 1 || self.chunk != 0 && !self.batch.is_multiple_of(self.chunk) {
            let expected = format!("it must be 0, or divide batch = {} into parts of at least 2", self.batch);
            return Err(Error::setting("chunk", self.chunk, expected));
        }
        if !(2..=MAX_SAMPLES).contains(&self.evaluation_samples) {
            let expected = format!("it must lie in 2 to {MAX_SAMPLES}");
            return Err(Error::setting("evaluation_samples", self.evaluation_samples, expected));
        }
        if (1..FEWEST_REFERENCES).contains(&self.verification_samples) {
            let expected = format!("it must be 0 or at least {FEWEST_REFERENCES}: fewer see no missing mode");
            return Err(Error::setting("verification_samples", self.verification_samples, expected));
        }
        let most = MAX_POOL_SPINS / (self.size as usize).pow(2);
        for (name, value) in [("pool", self.pool), ("verification_samples", self.verification_samples)] {
            if value > most {
                return Err(Error::setting(name, value, format!("at this size it must be at most {most}")));
            }
        }
        let in_range = [
            ("learning_rate", self.learning_rate, 0.0, 1e3),
            ("final_rate", self.final_rate, 0.0, 1.0),
            ("warmup", self.warmup, 0.0, 1.0),
            ("forward_share", self.forward_share, 0.0, 0.5),
            ("annealing", self.annealing, 0.0, 1.0 - f64::EPSILON),
            ("adam_beta1", self.adam_beta1, 0.0, 1.0 - f64::EPSILON),
            ("adam_beta2", self.adam_beta2, 0.0, 1.0 - f64::EPSILON),
            ("adam_epsilon", self.adam_epsilon, 0.0, 1.0),
            ("clip", self.clip, 0.0, f64::MAX),
        ];
        for (name, value, low, high) in in_range {
            if !(low..=high).contains(&value) {
                return Err(Error::setting(name, value, format!("it must lie in {low} to {high}")));
            }
        }
        Ok(())
    }
}

/// Most spins in a pool of Monte Carlo configurations, a byte each.
const MAX_POOL_SPINS: usize = 1 << 31;
/// Spins up to which pools have their default size.
const POOL_SPINS: f64 = (1 << 28) as f64;
/// Fewest configurations that the closing check can be made with.
const FEWEST_REFERENCES: usize = 100;

/// Largest batch; bounds the memory that a typing error can ask for.
pub const MAX_BATCH: usize = 1 << 20;
/// Most samples from one seed: their index is a 32-bit counter of the random number generator.
pub const MAX_SAMPLES: usize = u32::MAX as usize;

/// Builds a configuration from a preset, a file's table and flags, later layers winning.
///
/// `source` names the file in messages. The file may name its preset with the key `preset`; `preset` given here wins.
///
/// # Errors
/// On unknown keys (with the nearest valid one), wrong types and values out of range.
pub fn resolve(preset: Option<&str>, mut file: Table, flags: Table, source: &Path) -> Result<Config> {
    let named = match file.remove("preset") {
        None => None,
        Some(Value::String(name)) => Some(name),
        Some(other) => return Err(config_error(source, format!("preset = {other} must be a name"))),
    };
    let mut config = preset_config(preset.or(named.as_deref()).unwrap_or("default"))?;
    let mut table = Table::try_from(&config).map_err(|error| config_error(source, error.to_string()))?;
    let command_line = Path::new("command line");
    for (layer, source) in [(&file, source), (&flags, command_line)] {
        if let Some(key) = layer.keys().find(|key| !table.contains_key(*key)) {
            return Err(config_error(source, unknown_key(key, table.keys().map(String::as_str))));
        }
    }
    let asked = |key: &str| flags.get(key).or(file.get(key));
    derived_defaults(&mut table, &config, asked);
    for (layer, source) in [(file, source), (flags, command_line)] {
        for (key, value) in layer {
            // TOML tells 1 from 1.0; a user should not have to.
            let value = match (&table[&key], &value) {
                (Value::Float(_), Value::Integer(integer)) => Value::Float(*integer as f64),
                _ => value,
            };
            config = with_setting(&mut table, key, value).map_err(|message| config_error(source, message))?;
        }
    }
    config.check()?;
    Ok(config)
}

/// Side from which networks lose modes when they only learn from themselves (docs/ACCURACY.md).
const MIXED_FROM: f64 = 64.0;
/// beta |J| from which they do at any side: in the ordered phase a boundary spin against the rest is rare.
const FORWARD_FROM: f64 = 0.5;

/// Defaults that depend on what was asked for; what is given later overrides them.
fn derived_defaults<'a>(table: &mut Table, config: &Config, asked: impl Fn(&str) -> Option<&'a Value>) {
    let value = |key: &str, default: f64| asked(key).and_then(number).unwrap_or(default);
    let size = value("size", config.size.into());
    let field = value("field", config.field);
    if field != 0.0 {
        table.insert("gauge".to_owned(), Value::Boolean(false));
    }
    for (key, default) in [("pool", config.pool), ("verification_samples", config.verification_samples)] {
        let count = (POOL_SPINS / (size * size)).clamp(FEWEST_REFERENCES as f64, default as f64);
        table.insert(key.to_owned(), Value::Integer(count as i64));
    }
    let bond = value("beta", config.beta) * value("coupling", config.coupling).abs();
    let is_cold = field == 0.0 && bond >= FORWARD_FROM;
    let safe = if is_cold {
        Some("forward")
    } else if size >= MIXED_FROM {
        Some("mixed")
    } else {
        None
    };
    let named = |key: &str, name: &str| asked(key).and_then(Value::as_str) == Some(name);
    let is_triangular = named("lattice", LatticeKind::Triangular.name());
    // Where no bond energy wins there is no order to fall into, but conditionals are hard: a spin may be all that its triangles
    // allow, and sectors of ground states are far from one another (docs/ACCURACY.md).
    let is_hard = is_triangular && is_cold && value("coupling", config.coupling) < 0.0;
    if let Some(safe) = safe.filter(|_| config.scale_rate) {
        let safe = if is_hard { "mixed" } else { safe };
        table.insert("objective".to_owned(), Value::String(safe.to_owned()));
        if is_hard {
            table.insert("depth".to_owned(), Value::Integer(3));
            table.insert("forward_share".to_owned(), Value::Float(0.5));
            table.insert("steps".to_owned(), Value::Integer(2 * i64::from(config.steps)));
        }
    }
    let largest = value("coupling", config.coupling).abs().max(field.abs());
    let bottom = if value("beta", config.beta) * largest > MAX_SQUARE_BETA { 2.0 } else { size };
    let bottom = match () {
        () if named("network", Network::Van.name()) => 0.0,
        () if is_triangular => 2.0,
        () => bottom.min(config.exact_bottom.into()),
    };
    table.insert("exact_bottom".to_owned(), Value::Integer(bottom as i64));
}

/// Replaces one setting; an error names it.
fn with_setting(table: &mut Table, key: String, value: Value) -> Result<Config, String> {
    let setting = format!("{key} = {value}");
    table.insert(key, value);
    table
        .clone()
        .try_into()
        .map_err(|error: toml::de::Error| format!("{setting} is not possible: {}", error.message()))
}

/// Reads a configuration file as a table.
///
/// # Errors
/// When the file cannot be read or is not TOML.
pub fn load(path: &Path) -> Result<Table> {
    read_text(path)?.parse().map_err(|error: toml::de::Error| config_error(path, error.to_string()))
}

fn preset_config(name: &str) -> Result<Config> {
    match name {
        "default" => Ok(Config::default()),
        "published" => Ok(Config::published()),
        _ => Err(Error::setting("preset", name, format!("there are: {}", PRESETS.join(", ")))),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or(value.as_integer().map(|integer| integer as f64))
}

fn config_error(path: &Path, message: String) -> Error {
    Error::Config { path: path.to_owned(), message }
}

fn unknown_key<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    format!("unknown key {key:?}; did you mean {:?}?", nearest.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(preset: Option<&str>, file: &str, flags: &str) -> Result<Config> {
        resolve(preset, file.parse().unwrap(), flags.parse().unwrap(), Path::new("test.toml"))
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_preset() {
        let config = resolved(Some("published"), "batch = 64\nsteps = 10", "steps = 20").unwrap();
        assert_eq!((config.batch, config.steps, config.learning_rate), (64, 20, 5e-4));
        assert!(!config.skip && !config.gauge);
    }

    #[test]
    fn a_resolved_configuration_reads_back_as_itself() {
        let config = resolved(None, "size = 8\nbeta = 1", "").unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(resolved(None, &text, "").unwrap(), config);
    }

    #[test]
    fn exact_squares_are_as_large_as_size_and_beta_allow() {
        let bottom = |preset, file: &str| resolved(preset, file, "").unwrap().exact_bottom;
        assert_eq!([bottom(None, ""), bottom(None, "size = 8"), bottom(None, "size = 4")], [8, 8, 4]);
        assert_eq!([bottom(None, "beta = 5"), bottom(None, "coupling = -20")], [2, 2]);
        assert_eq!(bottom(None, "size = 64\nexact_bottom = 4"), 4);
        assert_eq!(bottom(Some("published"), "size = 64"), 2);
    }

    #[test]
    fn large_lattices_start_from_monte_carlo_unless_told_otherwise() {
        let objective = |preset, file: &str| resolved(preset, file, "").unwrap().objective;
        assert_eq!(objective(None, "size = 32"), Objective::Reverse);
        assert_eq!(objective(None, "size = 64"), Objective::Mixed);
        assert_eq!(objective(None, "size = 64\nobjective = \"reverse\""), Objective::Reverse);
        assert_eq!(objective(None, "beta = 0.6"), Objective::Forward);
        assert_eq!(objective(None, "beta = 0.6\nfield = 0.1"), Objective::Reverse);
        assert_eq!(objective(Some("published"), "size = 64"), Objective::Reverse);
    }

    #[test]
    fn frustrated_lattices_get_deep_nets_and_long_runs_where_it_is_cold() {
        let recipe = |file: &str| {
            let config = resolved(None, file, "").unwrap();
            (config.objective, config.depth, config.steps, config.exact_bottom)
        };
        let frustrated = "lattice = \"triangular\"\ncoupling = -1\nbeta = 1";
        assert_eq!(recipe(frustrated), (Objective::Mixed, 3, 8000, 2));
        assert_eq!(recipe(&format!("{frustrated}\ndepth = 1\nsteps = 10")), (Objective::Mixed, 1, 10, 2));
        assert_eq!(recipe("lattice = \"triangular\"\nbeta = 0.27"), (Objective::Reverse, 1, 4000, 2));
        assert_eq!(recipe("network = \"van\"\nsize = 8"), (Objective::Reverse, 1, 4000, 0));
    }

    #[test]
    fn the_gauge_is_off_in_a_field_unless_asked_for() {
        assert!(!resolved(None, "field = 0.1", "").unwrap().gauge);
        assert!(resolved(None, "field = 0", "").unwrap().gauge);
        let refused = resolved(None, "field = 0.1\ngauge = true", "").unwrap_err();
        assert!(refused.to_string().contains("gauge"), "{refused}");
    }

    #[test]
    fn bad_values_are_named() {
        let cases = [
            ("learnig_rate = 0.1", "did you mean \"learning_rate\"?"),
            ("size = 12", "size = 12"),
            ("size = 2048", "size = 2048"),
            ("beta = -1", "beta = -1"),
            ("beta = nan", "beta = NaN"),
            ("beta = 1e9", "beta = 1000000000"),
            ("batch = 0", "batch = 0"),
            ("steps = 0", "steps = 0"),
            ("learning_rate = inf", "learning_rate = inf"),
            ("depth = 4", "depth = 4"),
            ("width = 0", "width = 0"),
            ("size = \"big\"", "size = \"big\""),
            ("batch = -3", "batch = -3"),
            ("preset = \"fast\"", "published"),
            ("coupling = inf", "coupling = inf"),
        ];
        for (text, expected) in cases {
            let error = resolved(None, text, "").unwrap_err();
            assert!(error.is_usage(), "{text}");
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }
}
