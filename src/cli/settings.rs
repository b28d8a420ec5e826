//! Settings from files and from `--set`, for all commands that train.

use crate::config::load;
use crate::error::Error;
use crate::io::RunFolder;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The settings of a file, and what they are called in messages; none without a file.
pub(super) fn settings_file(path: Option<&Path>) -> crate::Result<(Table, PathBuf)> {
    let Some(path) = path else { return Ok((Table::new(), "command line".into())) };
    if path.is_dir() {
        let shown = path.display();
        let message = match RunFolder::exists(path) {
            true => format!("this is the folder of a run; to go on with it: han-gpu train --resume {shown}"),
            false => "this is a folder; name a file of settings as TOML".to_owned(),
        };
        return Err(Error::Config { path: path.to_owned(), message });
    }
    Ok((load(path)?, path.to_owned()))
}

/// One `--set KEY=VALUE`.
pub(super) fn parse_setting(setting: &str) -> anyhow::Result<Table> {
    let parsed: Option<Table> = setting.parse().ok().or_else(|| {
        // A bare word is a string: --set rate_schedule=constant.
        let (key, value) = setting.split_once('=')?;
        Some([(key.trim().to_owned(), Value::String(value.trim().to_owned()))].into_iter().collect())
    });
    let expected = "it must be KEY=VALUE, for example skip=false";
    Ok(parsed.ok_or_else(|| Error::setting("--set", setting, expected))?)
}
