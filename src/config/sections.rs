//! Files of settings: sections of keys, as runs write them, or keys alone, as earlier versions did.

use super::{Config, SETTINGS, Section, Setting};
use crate::error::Result;
use toml::{Table, Value};

/// Jaro-Winkler likeness from which a word is taken for a mistyped name: 1 is the name itself.
const LEAST_LIKENESS: f64 = 0.8;

impl Config {
    /// The text of a `config.toml`: every key, in sections.
    ///
    /// # Errors
    /// When a number is larger than TOML's.
    pub fn to_toml(&self) -> Result<String> {
        let values = self.values()?;
        let sections = Section::ALL.map(|section| {
            let here = SETTINGS.iter().filter(|setting| setting.section == section);
            let lines =
                here.filter_map(|Setting { key, .. }| Some(format!("{key} = {}\n", values.get(*key)?)));
            format!("[{}]\n{}", section.name(), lines.collect::<String>())
        });
        Ok(sections.join("\n"))
    }
}

/// The keys of a file without its sections. Every key is known, in its own section or in none, and given once; if not, the
/// message says which, and the way out.
pub(crate) fn flat(file: Table) -> Result<Table, String> {
    let mut flat = Table::new();
    for (name, value) in file {
        let (section, settings) = match (Section::named(&name), value) {
            (Some(section), Value::Table(settings)) => (Some(section), settings),
            (_, value) => (None, Table::from_iter([(name, value)])),
        };
        for (key, value) in settings {
            check_place(&key, &value, section)?;
            if flat.contains_key(&key) {
                return Err(format!("{key} is given twice, in a section and before all sections; keep one"));
            }
            flat.insert(key, value);
        }
    }
    Ok(flat)
}

/// Checks that a key stands where it may.
fn check_place(key: &str, value: &Value, section: Option<Section>) -> Result<(), String> {
    let Some(setting) = Setting::named(key) else { return Err(unknown(key, value, section)) };
    match section {
        Some(section) if section != setting.section => {
            let (here, there) = (section.name(), setting.section.name());
            Err(format!("{key} = {value} does not belong in [{here}]; move it to [{there}]"))
        }
        _ => Ok(()),
    }
}

/// The message about a word that is no key, with the nearest one.
fn unknown(key: &str, value: &Value, section: Option<Section>) -> String {
    match (section, value) {
        (_, Value::String(_)) if key == "preset" => {
            format!(
                "preset = {value} belongs to the first line of a file given to train, before all sections, or to --preset"
            )
        }
        (None, Value::Table(_)) => {
            let sections = Section::ALL.map(Section::name);
            match nearest(key, sections.into_iter()) {
                Some(named) => format!("unknown section [{key}]; did you mean [{named}]?"),
                None => format!("unknown section [{key}]; there are [{}]", sections.join("], [")),
            }
        }
        (None, _) if Section::named(key).is_some() => {
            format!("{key} is a section: write [{key}] on a line of its own, and its keys below it")
        }
        _ => {
            let Some(named) = nearest(key, SETTINGS.iter().map(|setting| setting.key)) else {
                return format!("unknown key {key:?}; docs/FORMATS.md has all keys");
            };
            let there = Setting::named(named).map(|setting| setting.section);
            let place = match (section, there) {
                (Some(here), Some(there)) if here != there => {
                    format!(", which belongs in [{}]", there.name())
                }
                _ => String::new(),
            };
            format!("unknown key {key:?}; did you mean {named:?}{place}?")
        }
    }
}

/// The known name that a word was probably meant to be, whatever its case; none where all are far from it.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let likeness = |known: &str| strsim::jaro_winkler(&word, known);
    let nearest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(nearest) >= LEAST_LIKENESS).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flattened(text: &str) -> Result<String, String> {
        flat(text.parse().unwrap()).map(|table| table.to_string())
    }

    #[test]
    fn a_file_may_have_sections_or_none_or_some() {
        let none = "batch = 64\nlattice = \"triangular\"\nsize = 8\n";
        for text in [
            none,
            "[lattice]\nlattice = \"triangular\"\nsize = 8\n[training]\nbatch = 64",
            "batch = 64\n[lattice]\nlattice = \"triangular\"\nsize = 8",
            "lattice = \"triangular\"\nsize = 8\ntraining.batch = 64",
        ] {
            assert_eq!(flattened(text).as_deref(), Ok(none), "{text}");
        }
        assert_eq!(flattened("network = \"van\""), flattened("[network]\nnetwork = \"van\""));
    }

    #[test]
    fn a_key_out_of_place_is_told_where_it_belongs() {
        for (text, expected) in [
            ("[network]\nbatch = 64", "batch = 64 does not belong in [network]; move it to [training]"),
            ("[trainig]\nbatch = 64", "unknown section [trainig]; did you mean [training]?"),
            ("[training]\nbach = 64", "unknown key \"bach\"; did you mean \"batch\"?"),
            (
                "[run]\nbach = 64",
                "unknown key \"bach\"; did you mean \"batch\", which belongs in [training]?",
            ),
            ("bach = 64", "unknown key \"bach\"; did you mean \"batch\"?"),
            ("SKIP = true", "did you mean \"skip\"?"),
            ("foo = 1", "unknown key \"foo\"; docs/FORMATS.md has all keys"),
            (
                "[machine]\nx = 1",
                "unknown section [machine]; there are [lattice], [network], [training], [run]",
            ),
            ("batch = 64\n[training]\nbatch = 32", "batch is given twice"),
            ("training = 3", "training is a section: write [training] on a line of its own"),
            ("[[run]]\nseed = 3", "run is a section"),
            ("[run]\npreset = \"published\"", "before all sections"),
            ("[run.seed]\nseed = 3\n[run.again]", "unknown key \"again\""),
        ] {
            let refused = flattened(text).unwrap_err();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }

    #[test]
    fn the_text_of_a_run_has_every_key_in_its_section_and_reads_back() {
        let odd = Config { device: "a \"quoted\" name\n#2".to_owned(), beta: 1.0, ..Config::default() };
        for config in [Config::default(), odd] {
            let text = config.to_toml().unwrap();
            let file: Table = text.parse().unwrap();
            assert_eq!(file.len(), Section::ALL.len(), "{text}");
            assert_eq!(flat(file).unwrap(), config.values().unwrap());
        }
    }
}
