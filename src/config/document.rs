//! The page of settings in docs/FORMATS.md, made from the table.
//!
//! `HAN_GPU_WRITE_DOCS=1 cargo test --lib settings_in_the_document` writes it; without the variable the test compares.

use super::{Config, SETTINGS, Section, Setting, Values};
use toml::{Table, Value};

const START: &str =
    "<!-- settings: made from src/config/table.rs by the test in src/config/document.rs -->\n";
const END: &str = "<!-- end of settings -->\n";

/// A table for every section, and settings that the other presets have of their own.
fn page() -> String {
    let [default, quick, published] =
        [Config::default(), Config::quick(), Config::published()].map(|config| config.values().unwrap());
    let accurate = [16, 32, 64, 128].map(|size| {
        let own = own_of(&default, &Config::accurate(size.into()).values().unwrap());
        format!("The preset \"accurate\" has at `size` {size} {own}.\n")
    });
    let sections = Section::ALL.map(|section| {
        let rows = SETTINGS.iter().filter(|setting| setting.section == section);
        let rows: String = rows.map(|setting| row(setting, &default)).collect();
        let head = "| key | flag | default | range | meaning |\n|---|---|---|---|---|\n";
        format!("#### [{}]\n\n{head}{rows}\n", section.name())
    });
    format!(
        "\n{}The preset \"quick\" has {}.\n{}The preset \"published\" has {}.\n\n",
        sections.concat(),
        own_of(&default, &quick),
        accurate.concat(),
        own_of(&default, &published)
    )
}

/// Settings of a preset that are not the defaults.
fn own_of(default: &Table, preset: &Table) -> String {
    let own = SETTINGS.iter().filter(|setting| default[setting.key] != preset[setting.key]);
    own.map(|setting| format!("`{}` {}", setting.key, shown(&preset[setting.key])))
        .collect::<Vec<_>>()
        .join(", ")
}

fn row(setting: &Setting, default: &Table) -> String {
    let flag = setting.flag.map_or(String::new(), |flag| format!("`--{}`", flag.name));
    let derived = setting.derived.map_or(String::new(), |words| format!("; {words}"));
    let default = shown(&default[setting.key]) + &derived;
    let range = setting.range_words().unwrap_or_default();
    let cells = [flag, default, range, setting.help.trim().to_owned()].map(|cell| cell.replace('|', "\\|"));
    format!("| `{}` | {} |\n", setting.key, cells.join(" | "))
}

/// A value as a file holds it, with small numbers in their short form.
fn shown(value: &Value) -> String {
    match value {
        Value::Float(number) => format!("{number:?}"),
        other => other.to_string(),
    }
}

#[test]
fn settings_in_the_document_are_those_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/FORMATS.md");
    let document = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let (before, rest) = document.split_once(START).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if std::env::var_os("HAN_GPU_WRITE_DOCS").is_some() {
        std::fs::write(path, [before, START, &page(), END, after].concat()).unwrap();
    } else {
        assert!(
            found == page(),
            "docs/FORMATS.md has other settings; run this test with HAN_GPU_WRITE_DOCS=1"
        );
    }
}

#[test]
fn every_setting_has_one_key_and_one_sentence_that_names_its_values() {
    for (at, setting) in SETTINGS.iter().enumerate() {
        let Setting { key, help, .. } = setting;
        assert!(!SETTINGS[..at].iter().any(|before| before.key == *key), "{key} is there twice");
        assert!(help.starts_with(' ') && help.ends_with('.') && !help.contains(". "), "{key}: {help:?}");
        assert!(setting.range_words().is_none_or(|words| !words.ends_with('.')), "{key}");
        if let Values::Names(names) = setting.values {
            // The parser's own list of names, in backticks.
            let mut table = Config::default().values().unwrap();
            table.insert((*key).to_owned(), Value::String("?".to_owned()));
            let refused = table.try_into::<Config>().unwrap_err().message().to_owned();
            let known: Vec<&str> = refused.split('`').skip(3).step_by(2).collect();
            assert_eq!(known.len(), names.len(), "{key}: {refused}");
            assert!(names.iter().all(|name| known.contains(name)), "{key}: {refused}");
        }
    }
    // A name that is both a section's and a key's stands in the section of that name.
    for section in Section::ALL {
        assert!(Setting::named(section.name()).is_none_or(|setting| setting.section == section));
    }
}
