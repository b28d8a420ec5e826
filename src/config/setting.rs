//! What the table of settings says of each: its place in a file, its values, its flag, and words for people.

use crate::error::{Error, Result};
use toml::Value;

/// A part of `config.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The system whose Boltzmann distribution is learned.
    Lattice,
    /// The nets.
    Network,
    /// How they learn.
    Training,
    /// Where a run works, and what it writes.
    Run,
}

impl Section {
    /// Every section, in the order of a file.
    pub const ALL: [Self; 4] = [Self::Lattice, Self::Network, Self::Training, Self::Run];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lattice => "lattice",
            Self::Network => "network",
            Self::Training => "training",
            Self::Run => "run",
        }
    }

    /// The section of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

/// Values that a setting may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values {
    /// One of these names.
    Names(&'static [&'static str]),
    /// Any text.
    Text,
    /// `true` or `false`.
    Switch,
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// A whole number from the first to the second, or several.
    Integers(i64, i64),
    /// A number from the first to the second.
    Number(f64, f64),
    /// A number from the first to below the second.
    Below(f64, f64),
}

/// The flag of commands that sets a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// The name, without dashes.
    pub name: &'static str,
    /// The word for its value in help.
    pub value: &'static str,
}

/// One setting: a row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Where it stands in a file.
    pub section: Section,
    /// The key in files and of `--set`, which no other section has.
    pub key: &'static str,
    /// What it is, in one sentence.
    pub help: &'static str,
    /// The words of a line of short help, where the first words of the sentence do not fit.
    pub short: Option<&'static str>,
    /// What it may be, whatever the other settings are.
    pub values: Values,
    /// Words for what it may be, where [`Setting::values`] alone do not tell.
    pub range: Option<&'static str>,
    /// Words for its default where that follows from other settings.
    pub derived: Option<&'static str>,
    /// The flag that sets it, if it has one; `--set` serves for all.
    pub flag: Option<Flag>,
    /// Whether run folders of earlier versions lack it, and are read with its default.
    pub is_later: bool,
    /// Whether it may change when a run goes on, although it stands in `[training]`.
    pub is_free: bool,
}

/// One of these names.
pub(super) const fn names(names: &'static [&'static str]) -> Setting {
    setting(Values::Names(names))
}

/// Any text.
pub(super) const fn text() -> Setting {
    setting(Values::Text)
}

/// `true` or `false`.
pub(super) const fn switch() -> Setting {
    setting(Values::Switch)
}

/// A whole number from `least` to `most`.
pub(super) const fn integer(least: i64, most: i64) -> Setting {
    setting(Values::Integer(least, most))
}

/// A whole number from `least` to `most`, or several.
pub(super) const fn integers(least: i64, most: i64) -> Setting {
    setting(Values::Integers(least, most))
}

/// A number from `least` to `most`.
pub(super) const fn number(least: f64, most: f64) -> Setting {
    setting(Values::Number(least, most))
}

/// A number from `least` to below `limit`.
pub(super) const fn below(least: f64, limit: f64) -> Setting {
    setting(Values::Below(least, limit))
}

/// A setting without a place, which the table gives it.
const fn setting(values: Values) -> Setting {
    let (section, key, help) = (Section::Run, "", "");
    Setting {
        section,
        key,
        help,
        short: None,
        values,
        range: None,
        derived: None,
        flag: None,
        is_later: false,
        is_free: false,
    }
}

impl Setting {
    /// The setting of a key.
    pub fn named(key: &str) -> Option<&'static Self> {
        super::SETTINGS.iter().find(|setting| setting.key == key)
    }

    pub(super) const fn at(self, section: Section, key: &'static str, help: &'static str) -> Self {
        Self { section, key, help, ..self }
    }

    pub(super) const fn range(self, words: &'static str) -> Self {
        Self { range: Some(words), ..self }
    }

    pub(super) const fn derived(self, words: &'static str) -> Self {
        Self { derived: Some(words), ..self }
    }

    pub(super) const fn flag(self, name: &'static str, value: &'static str) -> Self {
        Self { flag: Some(Flag { name, value }), ..self }
    }

    pub(super) const fn short(self, words: &'static str) -> Self {
        Self { short: Some(words), ..self }
    }

    pub(super) const fn later(self) -> Self {
        Self { is_later: true, ..self }
    }

    pub(super) const fn free(self) -> Self {
        Self { is_free: true, ..self }
    }

    /// Its words in short help: words of its own, or the first of its help, up to a colon or a semicolon that stands in no brackets.
    #[cfg(feature = "cli")]
    pub(crate) fn brief(&self) -> &'static str {
        if let Some(words) = self.short {
            return words;
        }
        let help = self.help.trim().trim_end_matches('.');
        let mut depth = 0;
        let end = help.find(|letter: char| {
            depth += i32::from(letter == '(') - i32::from(letter == ')');
            depth == 0 && matches!(letter, ':' | ';')
        });
        end.map_or(help, |end| &help[..end])
    }

    /// Words for what it may be; none where anything goes.
    pub fn range_words(&self) -> Option<String> {
        self.range.map(str::to_owned).or_else(|| match self.values {
            Values::Names(names) => Some(format!("\"{}\"", names.join("\", \""))),
            Values::Text | Values::Switch => None,
            Values::Integer(least, most) => Some(format!("{least} to {}", power(most))),
            Values::Integers(least, most) => {
                Some(format!("{least} to {}, or up to 16 such numbers for the first levels", power(most)))
            }
            Values::Number(least, f64::MAX) => Some(format!("{least} and more")),
            Values::Number(least, most) => Some(format!("{least} to {most}")),
            Values::Below(least, limit) => Some(format!("{least} to below {limit}")),
        })
    }

    /// The values that are possible, in words for messages.
    pub(super) fn expected(&self) -> String {
        let range = self.range_words();
        match self.values {
            Values::Names(names) => format!("one of {}", names.join(", ")),
            Values::Text => "text".to_owned(),
            Values::Switch => "true or false".to_owned(),
            Values::Integer(..) => format!("a whole number, {}", range.unwrap_or_default()),
            Values::Integers(..) => {
                format!("a whole number, {}, as in 8,4 (in files [8, 4])", range.unwrap_or_default())
            }
            Values::Number(..) | Values::Below(..) => format!("a number, {}", range.unwrap_or_default()),
        }
    }

    /// Checks a value alone; its type is right.
    pub(super) fn check(&self, value: &Value) -> Result<()> {
        let is_inside = match (self.values, value) {
            (Values::Integer(least, most), Value::Integer(value)) => (least..=most).contains(value),
            (Values::Number(least, most), Value::Float(value)) => (least..=most).contains(value),
            (Values::Below(least, limit), Value::Float(value)) => (least..limit).contains(value),
            _ => true,
        };
        match is_inside {
            true => Ok(()),
            false => Err(Error::setting(self.key, plain(value), format!("it must be {}", self.expected()))),
        }
    }
}

/// A value as a message shows it and as a checkpoint records it: text without quotes, 1.0 as 1.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}

/// Large bounds as powers of two, as they are meant.
fn power(number: i64) -> String {
    let exponent = |number: i64| number.trailing_zeros();
    match number {
        ..65536 => number.to_string(),
        _ if number.count_ones() == 1 => format!("2^{}", exponent(number)),
        _ if (number + 1).count_ones() == 1 => format!("2^{} - 1", exponent(number + 1)),
        _ => number.to_string(),
    }
}
