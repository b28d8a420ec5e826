//! Layers of settings (preset, file, flags) as TOML tables; later ones win.

use super::defaults::{derived_defaults, number, preset as preset_config};
use super::sections::{Misplaced, flat, line_of};
use super::{Config, SETTINGS, Section, Setting, is_couplings_file};
use crate::conditional::{BottomKind, cut_of_earlier_versions};
use crate::error::{Error, Result};
use crate::io::{RunFolder, read_text};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The layer of flags, and what there is without a file, where a message names a file.
pub const COMMAND_LINE: &str = "command line";
/// The key of couplings of single bonds.
const COUPLINGS: &str = "couplings";

impl Config {
    /// Reads the `config.toml` of a run: every key must be there. A file of couplings is looked for beside it.
    ///
    /// # Errors
    /// When the file cannot be read, a key is missing, unknown or in another section than its own, or a value is out of range.
    pub fn of_run(path: &Path) -> Result<Self> {
        let mut config = Self::unchecked(&read_text(path)?, path)?;
        if let Some(file) = config.couplings_file() {
            let beside = path.parent().unwrap_or(Path::new("")).join(file);
            config.couplings = beside.to_string_lossy().into_owned();
        }
        config.check().map_err(|error| config_error(path, error.to_string()))?;
        Ok(config)
    }

    /// As [`Config::of_run`], from the text of the file alone, which messages call `path`.
    ///
    /// # Errors
    /// As [`Config::of_run`], and where couplings are in a file: none is read.
    pub fn of_run_text(text: &str, path: &Path) -> Result<Self> {
        let config = Self::unchecked(text, path)?;
        if let Some(file) = config.couplings_file() {
            let message = format!(
                "couplings = {} is a file beside it, which only runs in folders have",
                file.display()
            );
            return Err(config_error(path, message));
        }
        config.check().map_err(|error| config_error(path, error.to_string()))?;
        Ok(config)
    }

    /// The settings of a run as they stand in a text, with those that earlier versions lack.
    fn unchecked(text: &str, path: &Path) -> Result<Self> {
        let mut table = flat(parsed(text, path)?).map_err(|found| misplaced(path, found))?;
        let defaults = Self::default().values()?;
        // Runs of earlier versions lack these. They split squares by crosses.
        if !table.contains_key("cut") {
            let value =
                |key: &str| table.get(key).or(defaults.get(key)).map(ToString::to_string).unwrap_or_default();
            let [lattice, network, length] = ["lattice", "network", "exact_length"].map(value);
            let cut = cut_of_earlier_versions(lattice.trim_matches('"'), network.trim_matches('"'), &length);
            table.insert("cut".to_owned(), cut.name().into());
        }
        for setting in SETTINGS.iter().filter(|setting| setting.is_later) {
            if let (Some(default), false) = (defaults.get(setting.key), table.contains_key(setting.key)) {
                table.insert(setting.key.to_owned(), default.clone());
            }
        }
        table.try_into().map_err(|error: toml::de::Error| config_error(path, error.message().to_owned()))
    }
}

/// Builds a configuration from a preset, a file's table and flags, later layers winning.
///
/// `source` names the file in messages. The file may name its preset with the key `preset`; `preset` given here wins.
///
/// # Errors
/// On unknown keys (with the nearest valid one), keys in the wrong section, wrong types and values out of range.
pub fn resolve(preset: Option<&str>, mut file: Table, flags: Table, source: &Path) -> Result<Config> {
    let named = match file.remove("preset") {
        None => None,
        Some(Value::String(name)) => Some(name),
        Some(other) => return Err(config_error(source, format!("preset = {other} must be a name"))),
    };
    let command_line = Path::new(COMMAND_LINE);
    let file = flat(file).map_err(|found| misplaced(source, found))?;
    let flags = flat(flags).map_err(|found| misplaced(command_line, found))?;
    let asked = |key: &str| flags.get(key).or(file.get(key));
    let size = asked("size").and_then(number).unwrap_or(Config::default().size.into());
    let start = preset_config(preset.or(named.as_deref()).unwrap_or("default"), size)?;
    let mut table = start.values()?;
    derived_defaults(&mut table, &start, asked);
    let is_tensor_network = asked("bottom").and_then(Value::as_str) == Some(BottomKind::Mps.name());
    if let (Some(states), false) = (flags.get("bond_dimension"), is_tensor_network) {
        let message = format!(
            "bond_dimension = {states} is that of tensor networks: give bottom = \"mps\" (--bottom mps) too"
        );
        return Err(config_error(command_line, message));
    }
    let of_file: Vec<String> = file.keys().filter(|key| !flags.contains_key(*key)).cloned().collect();
    overlay(&mut table, file, source)?;
    overlay(&mut table, flags, command_line)?;
    let config = of_table(&table).map_err(|message| config_error(source, message))?;
    config.check().map_err(|error| match error {
        Error::Setting { name, .. } if of_file.iter().any(|key| key == name) => {
            config_error(source, at_line(source, name, error.to_string()))
        }
        error => error,
    })?;
    Ok(config)
}

/// The default settings with those of `[lattice]` over them, for a system without a network: types are checked, ranges are not.
///
/// # Errors
/// On unknown keys (with the nearest valid one), keys of other sections and wrong types.
pub fn of_system(settings: Table) -> Result<Config> {
    let command_line = Path::new(COMMAND_LINE);
    let settings = flat(settings).map_err(|found| misplaced(command_line, found))?;
    let is_other = |key: &&String| Setting::named(key).is_some_and(|named| named.section != Section::Lattice);
    if let Some(other) = settings.keys().find(is_other) {
        let message = format!("{other} says nothing of a system without a network; leave it out");
        return Err(config_error(command_line, message));
    }
    let mut table = Config::default().values()?;
    overlay(&mut table, settings, command_line)?;
    of_table(&table).map_err(|message| config_error(command_line, message))
}

/// Replaces settings one by one; an error names the one whose type is wrong.
fn overlay(table: &mut Table, layer: Table, source: &Path) -> Result<()> {
    for (key, value) in layer {
        // TOML tells 1 from 1.0; a user should not have to.
        let value = match (table.get(&key), &value) {
            (Some(Value::Float(_)), Value::Integer(integer)) => Value::Float(*integer as f64),
            // As in steps = 1e4.
            (Some(Value::Integer(_)), Value::Float(number))
                if number.fract() == 0.0 && number.abs() < 1e15 =>
            {
                Value::Integer(*number as i64)
            }
            _ => value,
        };
        let setting = format!("{key} = {value}");
        let expected = Setting::named(&key).map(Setting::expected);
        table.insert(key.clone(), value);
        of_table(table).map_err(|message| match expected {
            Some(expected) => {
                let message = format!("{setting} is not possible: it must be {expected}");
                config_error(source, at_line(source, &key, message))
            }
            // The key is unknown, and the message tells the nearest one.
            None => config_error(source, message),
        })?;
    }
    Ok(())
}

fn of_table(table: &Table) -> Result<Config, String> {
    table.clone().try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

/// Reads a configuration file as a table.
///
/// # Errors
/// When the file cannot be read or is not TOML.
pub fn load(path: &Path) -> Result<Table> {
    parsed(&read_text(path)?, path)
}

/// The table of a text, which messages call `path`.
fn parsed(text: &str, path: &Path) -> Result<Table> {
    text.parse().map_err(|error: toml::de::Error| {
        let hint = match error.message().contains("duplicate key") {
            true => "lattice and network are sections as well as keys: in a file with sections these keys stand inside\n",
            false => "",
        };
        config_error(path, format!("{error}{hint}"))
    })
}

/// The settings of a file, and what they are called in messages; none without a file. A file of couplings that it names is looked for beside it.
///
/// # Errors
/// When it cannot be read, is not TOML, or is a folder.
pub fn settings_file(path: Option<&Path>) -> Result<(Table, PathBuf)> {
    let Some(path) = path else { return Ok((Table::new(), COMMAND_LINE.into())) };
    if path.is_dir() {
        let shown = path.display();
        let message = match RunFolder::exists(path) {
            true => format!(
                "this is the folder of a run; its settings are {shown}/config.toml, and han-gpu train --resume {shown} goes on with it"
            ),
            false => "this is a folder; name a file of settings as TOML".to_owned(),
        };
        return Err(config_error(path, message));
    }
    let mut table = load(path)?;
    let own =
        table.get_mut("lattice").and_then(Value::as_table_mut).and_then(|lattice| lattice.get_mut(COUPLINGS));
    if let Some(couplings) = own {
        *couplings = beside(path, couplings);
    }
    if let Some(couplings) = table.get_mut(COUPLINGS) {
        *couplings = beside(path, couplings);
    }
    Ok((table, path.to_owned()))
}

/// Couplings that a file of settings names: a file of them is looked for beside it.
fn beside(settings: &Path, couplings: &Value) -> Value {
    match couplings.as_str() {
        Some(named) if is_couplings_file(named) => {
            settings.parent().unwrap_or(Path::new("")).join(named).to_string_lossy().into_owned().into()
        }
        _ => couplings.clone(),
    }
}

fn misplaced(path: &Path, Misplaced { name, message }: Misplaced) -> Error {
    config_error(path, at_line(path, &name, message))
}

/// A message about a key or section of a file, with its line. The file is read again, since tables know no lines; what is no file has none.
fn at_line(path: &Path, name: &str, message: String) -> String {
    let line = read_text(path).ok().and_then(|text| line_of(&text, name));
    line.map_or(message.clone(), |line| format!("line {line}: {message}"))
}

fn config_error(path: &Path, message: String) -> Error {
    Error::Config { path: path.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::{Head, Network};
    use crate::config::{Objective, Values};
    use crate::hierarchy::{Cut, SiteOrder};
    use crate::lattice::LatticeKind;

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
    fn a_system_has_the_settings_of_its_lattice_alone() {
        let of = |text: &str| of_system(text.parse().unwrap());
        let config = of("size = 6\nbeta = 1\nlattice = \"chain\"").unwrap();
        assert_eq!((config.size, config.beta, config.lattice), (6, 1.0, LatticeKind::Chain));
        for (text, expected) in [
            ("sise = 8", "did you mean \"size\"?"),
            ("steps = 8", "steps says nothing of a system"),
            ("size = \"big\"", "size = \"big\" is not possible"),
        ] {
            let refused = of(text).unwrap_err();
            assert!(refused.is_usage() && refused.to_string().contains(expected), "{text}: {refused}");
        }
    }

    #[test]
    fn a_resolved_configuration_reads_back_as_itself() {
        let config = resolved(None, "size = 8\nbeta = 1", "").unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(resolved(None, &text, "").unwrap(), config);
    }

    #[test]
    fn a_run_with_sections_is_that_of_an_earlier_version_without() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/config");
        let [flat, sectioned] =
            ["config.toml", "sectioned.toml"].map(|name| Config::of_run(&seeds.join(name)).unwrap());
        assert_eq!(flat, sectioned);
        let written = sectioned.to_toml().unwrap();
        let settings: Vec<_> = written.lines().collect();
        for line in std::fs::read_to_string(seeds.join("sectioned.toml")).unwrap().lines() {
            assert!(settings.contains(&line), "{line} is not in {written}");
        }
    }

    #[test]
    fn bounds_of_the_table_are_those_of_the_checks() {
        let mut bounded = 0;
        for setting in SETTINGS {
            let (outside, inside) = match setting.values {
                Values::Integer(least, most) => {
                    ([least - 1, most + 1].map(Value::from), [least, most].map(Value::from))
                }
                Values::Number(least, most) => {
                    ([least - 1.0, most * 2.0].map(Value::from), [least, most].map(Value::from))
                }
                Values::Below(least, limit) => {
                    ([least - 1.0, limit].map(Value::from), [least, limit - 1e-9].map(Value::from))
                }
                Values::Names(_) | Values::Text | Values::Switch | Values::Integers(..) => continue,
            };
            bounded += 1;
            let with = |value: &Value| {
                let mut file = Table::from_iter([(setting.key.to_owned(), value.clone())]);
                file.entry("beta").or_insert(Value::Float(0.01));
                resolve(None, file, Table::new(), Path::new("test.toml"))
            };
            for value in &outside {
                let refused = with(value).unwrap_err();
                assert!(
                    refused.is_usage() && refused.to_string().contains(setting.key),
                    "{value}: {refused}"
                );
            }
            // The words of the others speak of other settings.
            if setting.range.is_none() || ["size", "beta"].contains(&setting.key) {
                inside.iter().for_each(|value| drop(with(value).unwrap()));
            }
        }
        assert!(bounded > 20);
    }

    #[test]
    fn every_kind_of_lattice_network_head_and_order_has_its_name_in_the_table() {
        let names = |key| match Setting::named(key).unwrap().values {
            Values::Names(names) => names.to_vec(),
            _ => panic!("{key} has no names"),
        };
        assert_eq!(names("lattice"), LatticeKind::ALL.map(LatticeKind::name));
        assert_eq!(names("network"), Network::ALL.map(Network::name));
        assert_eq!(names("head")[1..], Head::ALL.map(Head::name));
        assert_eq!(names("site_order"), SiteOrder::ALL.map(SiteOrder::name));
        assert_eq!(names("cut"), Cut::ALL.map(Cut::name));
    }

    #[test]
    fn networks_of_pairs_have_the_head_and_the_steps_that_fit_their_system() {
        let of = |couplings: &str, more: &str| {
            let file = format!("lattice = \"complete\"\ncouplings = \"{couplings}\"\n{more}");
            let config = resolved(None, &file, "").unwrap();
            (config.head, config.steps)
        };
        assert_eq!(of("cw", "size = 100"), (Head::Cw, 4000));
        assert_eq!(of("sk", "size = 100"), (Head::Tap, 4000));
        assert_eq!(of("sk", "size = 256"), (Head::Tap, 4000));
        assert_eq!(of("sk", "size = 200\nhead = \"sk0\""), (Head::Sk0, 12_000));
        assert_eq!(of("sk", "size = 257").0, Head::Sk0);
        assert_eq!(of("sk", "size = 50\nobjective = \"reverse\"").0, Head::Sk0);
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
        assert_eq!(objective(None, "beta = 0.6"), Objective::Mixed);
        assert_eq!(objective(None, "beta = 0.6\nmixture = false"), Objective::Forward);
        assert_eq!(objective(None, "beta = 0.6\nnetwork = \"van\""), Objective::Forward);
        assert_eq!(objective(None, "beta = 0.6\nfield = 0.1"), Objective::Reverse);
        assert_eq!(objective(Some("published"), "size = 64"), Objective::Reverse);
    }

    #[test]
    fn the_cubic_lattice_has_boxes_and_courses_of_its_own() {
        let of = |file: &str| {
            let config = resolved(None, &format!("lattice = \"cubic\"\n{file}"), "").unwrap();
            (config.exact_bottom, config.exact_length, config.width.of(0), config.steps, config.objective)
        };
        assert_eq!(of("size = 4\nbeta = 0.2"), (4, 0, 4, 4000, Objective::Reverse));
        assert_eq!(of("size = 8\nbeta = 0.3"), (4, 8, 4, 4000, Objective::Mixed));
        assert_eq!(of("size = 8\nbeta = 2"), (2, 0, 4, 4000, Objective::Mixed));
        assert_eq!(of("size = 8\nbeta = 0.2\nexact_bottom = 2"), (2, 0, 4, 4000, Objective::Reverse));
        assert_eq!(of("size = 16\nbeta = 0.2"), (4, 8, 1, 8000, Objective::Mixed));
        let rate =
            |file: &str| resolved(None, &format!("lattice = \"cubic\"\n{file}"), "").unwrap().learning_rate;
        assert_eq!([rate("size = 8\nbeta = 0.1"), rate("size = 16\nbeta = 0.3")], [0.01; 2]);
        assert!((rate("size = 16\nbeta = 0.1") - 0.00125).abs() < 1e-12);
        assert_eq!(
            [rate("size = 16\nbeta = 0.1\nlearning_rate = 0.02"), rate("size = 16\nbeta = 0")],
            [0.02, 1e-4]
        );
        let quick = resolved(Some("quick"), "lattice = \"cubic\"\nsize = 16\nbeta = 0.2", "").unwrap();
        assert_eq!((quick.steps, quick.batch, quick.width.of(0)), (2000, 256, 1));
    }

    #[test]
    fn couplings_of_single_bonds_are_cooled_to() {
        let glass = |size: u32, file: &str| {
            resolved(None, &format!("couplings = \"pm1\"\nsize = {size}\n{file}"), "").unwrap()
        };
        let Config { objective, annealing, exact_bottom, gauge, .. } = glass(8, "beta = 2");
        assert_eq!((objective, exact_bottom, gauge), (Objective::Reverse, 8, true));
        assert!((annealing.powi(4000) - (-5.0_f64).exp()).abs() < 1e-9);
        assert_eq!([glass(8, "beta = 2").steps, glass(16, "beta = 2").steps], [4000, 8000]);
        assert_eq!(glass(8, "beta = 2\nannealing = 0").annealing, 0.0);
        assert_eq!(glass(8, "beta = 5").exact_bottom, 2, "too cold for boxes");
        let refused = resolved(None, "couplings = \"pm1\"\ncoupling = 2", "").unwrap_err().to_string();
        assert!(refused.contains("coupling = 2") && refused.contains("pm1"), "{refused}");
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
        let mixture = |file: &str| resolved(None, file, "").unwrap().mixture;
        assert!(
            mixture("")
                && !mixture("network = \"van\"")
                && !mixture("field = 0.1")
                && !mixture("gauge = false")
        );
        let refused = resolved(None, "field = 0.1\ngauge = true", "").unwrap_err();
        assert!(refused.to_string().contains("gauge"), "{refused}");
    }

    #[test]
    fn runs_that_do_not_say_how_they_split_boxes_have_crosses_where_those_were_the_only_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        for (file, cut) in [
            ("size = 16\nexact_length = 0", Cut::Crosses),
            ("size = 16\nexact_length = 16", Cut::Halves),
            ("size = 8\nlattice = \"cubic\"", Cut::Halves),
            ("size = 8\nnetwork = \"van\"", Cut::Halves),
        ] {
            let mut table = resolved(None, file, "").unwrap().values().unwrap();
            table.remove("cut");
            std::fs::write(&path, table.to_string()).unwrap();
            assert_eq!(Config::of_run(&path).unwrap().cut, cut, "{file}");
        }
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
