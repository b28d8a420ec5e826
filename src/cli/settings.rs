//! Settings of a command: a file, a preset, flags and `--set`, which all commands that need a network to be trained share.

use super::flags::{Choice, Flags};
use super::heading;
use crate::config::{COMMAND_LINE, Config, PRESETS, Setting, flat, resolve, settings_file};
use crate::error::Error;
use clap::builder::PossibleValuesParser;
use std::path::PathBuf;
use toml::{Table, Value};

/// Where settings come from; flags and `--set` win over the file, and the file over the preset.
#[derive(Debug, clap::Args)]
pub(super) struct SettingArguments<C: Choice> {
    /// Settings as TOML; the keys are those of a run's config.toml
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags<C>,
    /// Starting point
    #[arg(
        long,
        value_name = "NAME",
        long_help = help_of_presets(),
        value_parser = PossibleValuesParser::new(PRESETS),
        help_heading = heading::SETTINGS
    )]
    preset: Option<String>,
    /// Any key of config.toml, as skip=false (docs/FORMATS.md)
    ///
    /// Any setting of config.toml, as --set skip=false; docs/FORMATS.md lists them
    #[arg(long, value_name = "KEY=VALUE", help_heading = heading::SETTINGS)]
    set: Vec<String>,
}

/// Sides in words, and the largest of each.
const SIDES: [(&str, f64); 4] =
    [("to size 16", 16.0), ("to size 32", 32.0), ("to size 64", 64.0), ("above size 64", 128.0)];

/// The settings in which presets differ from the defaults.
fn help_of_presets() -> String {
    let default = Config::default().values().unwrap_or_default();
    let own = |preset: &Config| {
        let values = preset.values().unwrap_or_default();
        let own = values.iter().filter(|(key, value)| default.get(*key) != Some(value));
        own.map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
    };
    let accurate =
        SIDES.map(|(words, side)| format!("accurate, {words}: {}\n", own(&Config::accurate(side))));
    format!(
        "Starting point of all settings\n\nquick: {}\n{}published: {}",
        own(&Config::quick()),
        accurate.concat(),
        own(&Config::published())
    )
}

impl<C: Choice> SettingArguments<C> {
    /// All settings, with more that the command itself sets, and that win over all others. Where it has no flag for one of them, `--set` may not
    /// give it either.
    pub(super) fn resolve(
        &self,
        more: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> anyhow::Result<Config> {
        let (file, source) = settings_file(self.config.as_deref())?;
        let mut given = self.flags.given().clone();
        for setting in &self.set {
            for (key, value) in parse_setting(setting)? {
                if let Some(other) = given.get(&key) {
                    let message = format!("{key} = {other} and {key} = {value} are both given; keep one");
                    return Err(on_the_command_line(message).into());
                }
                given.insert(key, value);
            }
        }
        for (key, value) in more {
            let has_flag = Setting::named(key).is_some_and(C::has);
            if let Some(other) = given.get(key).filter(|_| !has_flag) {
                let message = format!("{key} = {other} has no place here: this command sets {key} itself");
                return Err(on_the_command_line(message).into());
            }
            given.insert(key.to_owned(), value);
        }
        Ok(resolve(self.preset.as_deref(), file, given, &source)?)
    }

    /// The value of a flag.
    pub(super) fn flag(&self, key: &str) -> Option<&Value> {
        self.flags.given().get(key)
    }

    /// The value of a flag or of `--set`.
    pub(super) fn given(&self, key: &str) -> crate::Result<Option<Value>> {
        let mut found = self.flag(key).cloned();
        for setting in &self.set {
            found = found.or(parse_setting(setting)?.get(key).cloned());
        }
        Ok(found)
    }
}

/// One `--set KEY=VALUE`; the key may name its section, as in training.batch.
fn parse_setting(setting: &str) -> crate::Result<Table> {
    let parsed: Option<Table> = setting.parse().ok().or_else(|| {
        // A bare word is a string: --set rate_schedule=constant.
        let (key, value) = setting.split_once('=')?;
        format!("{key} = {}", Value::from(value.trim())).parse().ok()
    });
    let expected = "it must be KEY=VALUE, for example skip=false";
    let parsed = parsed.ok_or_else(|| Error::setting("--set", setting, expected))?;
    flat(parsed).map_err(|misplaced| on_the_command_line(misplaced.message))
}

fn on_the_command_line(message: String) -> Error {
    Error::Config { path: COMMAND_LINE.into(), message }
}
