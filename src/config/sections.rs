//! Files of settings: sections of keys, as runs write them, or keys alone, as earlier versions did.

use super::{Config, SETTINGS, Section, Setting};
use crate::error::Result;
use toml::de::DeTable;
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

/// A key or section that may not stand where it does.
#[derive(Debug)]
pub(crate) struct Misplaced {
    /// Its name.
    pub(crate) name: String,
    /// The fault, and the way out.
    pub(crate) message: String,
}

/// The line of a key, or of the section of that name, in the text of a file; the first one is line 1.
pub(super) fn line_of(text: &str, name: &str) -> Option<usize> {
    let file = DeTable::parse(text).ok()?;
    let file = file.get_ref();
    let named = |table: &DeTable<'_>| {
        table.iter().find_map(|(key, _)| (key.get_ref() == name).then(|| key.span().start))
    };
    let in_sections = || file.values().find_map(|value| named(value.get_ref().as_table()?));
    let start = named(file).or_else(in_sections)?;
    Some(1 + text[..start].matches('\n').count())
}

/// The keys of a file without its sections. Every key is known, in its own section or in none, and given once; if not, the
/// message says which, and the way out.
pub(crate) fn flat(file: Table) -> Result<Table, Misplaced> {
    let mut flat = Table::new();
    for (name, value) in file {
        let (section, settings) = match (Section::named(&name), value) {
            (Some(section), Value::Table(settings)) => (Some(section), settings),
            (_, value) => (None, Table::from_iter([(name, value)])),
        };
        for (key, value) in settings {
            let twice = || format!("{key} is given twice, in a section and before all sections; keep one");
            check_place(&key, &value, section)
                .and_then(|()| if flat.contains_key(&key) { Err(twice()) } else { Ok(()) })
                .map_err(|message| Misplaced { name: key.clone(), message })?;
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
        flat(text.parse().unwrap()).map(|table| table.to_string()).map_err(|misplaced| misplaced.message)
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
    fn lines_of_keys_and_sections_are_found() {
        let text = "preset = \"quick\"\n\n[lattice]\nsize = 8\nlattice = \"cubic\"\n[training]\nbatch = [\n1]\nsteps = 3";
        for (name, line) in
            [("preset", 1), ("lattice", 3), ("size", 4), ("training", 6), ("batch", 7), ("steps", 9)]
        {
            assert_eq!(line_of(text, name), Some(line), "{name}");
        }
        assert_eq!([line_of(text, "width"), line_of("size = [", "size")], [None, None]);
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
