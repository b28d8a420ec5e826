//! Flags of settings, made from the table of settings: one definition for all commands.

use super::{heading, words};
use crate::config::{Config, SETTINGS, Section, Setting, Values};
use crate::lattice::LatticeKind;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, ValueHint};
use std::marker::PhantomData;
use toml::{Table, Value};

/// Which flags a command has.
pub(super) trait Choice {
    /// Flags that have to be given, by the keys of their settings.
    const REQUIRED: &'static [&'static str] = &[];
    /// A flag that takes all settings but the device from elsewhere.
    const NOT_WITH: Option<&'static str> = None;

    /// Whether the command has a setting's flag, if the setting has one.
    fn has(setting: &Setting) -> bool;

    /// The help of a flag, in short and in full.
    fn help(setting: &Setting, defaults: &Defaults) -> [String; 2] {
        [defaults.short_help(setting), defaults.help(setting)]
    }
}

/// `train` has every flag; a run that goes on has its settings already.
#[derive(Debug)]
pub(super) struct ForTrain;

impl Choice for ForTrain {
    const NOT_WITH: Option<&'static str> = Some("resume");

    fn has(_: &Setting) -> bool {
        true
    }
}

/// `scan` goes through sizes, betas, couplings and fields, and starts each network from its neighbour.
#[derive(Debug)]
pub(super) struct ForScan;

impl Choice for ForScan {
    fn has(setting: &Setting) -> bool {
        !["size", "beta", "coupling", "field", "init_from"].contains(&setting.key)
    }
}

/// `plan` counts a step of a network.
#[derive(Debug)]
pub(super) struct ForPlan;

impl Choice for ForPlan {
    fn has(setting: &Setting) -> bool {
        matches!(setting.section, Section::Lattice | Section::Network)
            || ["batch", "objective"].contains(&setting.key)
    }
}

/// `bench` takes a step's time, on a device.
#[derive(Debug)]
pub(super) struct ForBench;

impl Choice for ForBench {
    fn has(setting: &Setting) -> bool {
        ForPlan::has(setting) && setting.key != "objective" || setting.key == "device"
    }
}

/// Commands without a network have a system at a temperature.
#[derive(Debug)]
pub(super) struct ForSystem;

impl Choice for ForSystem {
    const REQUIRED: &'static [&'static str] = &["size", "beta"];

    fn has(setting: &Setting) -> bool {
        setting.section == Section::Lattice
    }

    fn help(setting: &Setting, defaults: &Defaults) -> [String; 2] {
        match setting.key {
            "size" => {
                let short = "Side of the lattice, 2 and more".to_owned();
                let most = LatticeKind::ALL.map(|kind| format!("{} to {}", kind.name(), kind.max_side()));
                let side = format!("Side of the lattice, from 2 ({})", most.join(", "));
                let bonds = "bonds go right and down (triangular also down-right, cubic also to the plane behind, of a chain to the \
                             next site), so that at 2 some pairs count twice";
                [short, format!("{side}; {bonds}")]
            }
            "beta" => ["Inverse temperature", "Inverse temperature"].map(str::to_owned),
            _ => [defaults.short_help(setting), defaults.help(setting)],
        }
    }
}

/// Default values of all settings, in both presets.
pub(super) struct Defaults {
    default: Table,
    published: Table,
}

impl Defaults {
    fn new() -> Self {
        let [default, published] =
            [Config::default(), Config::published()].map(|config| config.values().unwrap_or_default());
        Self { default, published }
    }

    /// The first words of the help, the names that are possible, and the default; a star where that follows from other settings.
    fn short_help(&self, setting: &Setting) -> String {
        let star = if setting.derived.is_some() { "*" } else { "" };
        let default = self.default.get(setting.key).map(shown).filter(|default| !default.is_empty());
        let names = if let Values::Names(names) = setting.values { names } else { &[] };
        words::brief(
            &setting.brief().replace('`', ""),
            names,
            default.map(|default| default + star).as_deref(),
        )
    }

    /// The help of a flag: the sentence, the range and the default of its setting.
    fn help(&self, setting: &Setting) -> String {
        let mut text = setting.help.trim().trim_end_matches('.').to_owned();
        let named = matches!(setting.values, Values::Names(_) | Values::Text);
        if let Some(range) = setting.range_words().filter(|_| !named) {
            text += &format!(" ({range})");
        }
        let [default, published] =
            [&self.default, &self.published].map(|values| values.get(setting.key).map(shown));
        if let Some(default) = default.as_ref().filter(|default| !default.is_empty()) {
            let derived = setting.derived.map_or(String::new(), |words| format!("; {words}"));
            text += &format!(" [default: {default}{derived}");
            if let Some(published) = published.filter(|published| published != default) {
                text += &format!("; preset published: {published}");
            }
            text += "]";
        }
        if let Values::Names(names) = setting.values {
            text += &words::possible(names);
        }
        text.replace('`', "")
    }
}

/// A default in help.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(
        || value.as_float().map_or(value.to_string(), |number| number.to_string()),
        str::to_owned,
    )
}

/// The settings that a command's flags give.
#[derive(Debug)]
pub(super) struct Flags<C> {
    given: Table,
    choice: PhantomData<C>,
}

impl<C: Choice> Flags<C> {
    /// Values by key.
    pub(super) fn given(&self) -> &Table {
        &self.given
    }

    fn settings() -> impl Iterator<Item = &'static Setting> {
        SETTINGS.iter().filter(|setting| setting.flag.is_some() && C::has(setting))
    }
}

impl<C: Choice> clap::Args for Flags<C> {
    fn augment_args(command: Command) -> Command {
        let defaults = Defaults::new();
        Self::settings().fold(command, |command, setting| command.args(argument::<C>(setting, &defaults)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<C: Choice> clap::FromArgMatches for Flags<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self { given: Table::new(), choice: PhantomData };
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let given =
            Self::settings().filter_map(|setting| Some((setting.key.to_owned(), value(matches, setting)?)));
        self.given.extend(given);
        Ok(())
    }
}

/// The argument of a setting's flag.
fn argument<C: Choice>(setting: &Setting, defaults: &Defaults) -> Option<Arg> {
    let flag = setting.flag?;
    let [short, full] = C::help(setting, defaults);
    let argument = Arg::new(setting.key)
        .long(flag.name)
        .value_name(flag.value)
        .help(short)
        .long_help(full)
        .help_heading(heading::of(setting))
        .required(C::REQUIRED.contains(&setting.key));
    let argument = match C::NOT_WITH.filter(|_| setting.key != "device") {
        Some(other) => argument.conflicts_with(other),
        None => argument,
    };
    Some(match setting.values {
        Values::Names(names) => {
            argument.value_parser(PossibleValuesParser::new(names)).hide_possible_values(true)
        }
        Values::Text => argument.value_hint(match setting.key {
            "init_from" => ValueHint::DirPath,
            "couplings" => ValueHint::FilePath,
            _ => ValueHint::Unknown,
        }),
        Values::Switch => argument.value_parser(clap::value_parser!(bool)),
        Values::Integer(..) => argument.value_parser(clap::value_parser!(i64)).allow_negative_numbers(true),
        // The setting itself reads and checks it.
        Values::Integers(..) => argument.allow_negative_numbers(true),
        Values::Number(..) | Values::Below(..) => {
            argument.value_parser(clap::value_parser!(f64)).allow_negative_numbers(true)
        }
    })
}

/// The value that a setting's flag was given, of the type that [`argument`] parses.
fn value(matches: &ArgMatches, setting: &Setting) -> Option<Value> {
    let key = setting.key;
    match setting.values {
        Values::Names(_) | Values::Text => matches.get_one(key).cloned().map(Value::String),
        Values::Integers(..) => matches
            .get_one::<String>(key)
            .map(|text| text.parse().map_or_else(|_| Value::String(text.clone()), Value::Integer)),
        Values::Switch => matches.get_one(key).copied().map(Value::Boolean),
        Values::Integer(..) => matches.get_one(key).copied().map(Value::Integer),
        Values::Number(..) | Values::Below(..) => matches.get_one(key).copied().map(Value::Float),
    }
}
