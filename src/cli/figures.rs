//! Figures and tables that a command writes into a folder.

use crate::error::Error;
use crate::io::write_rows;
use crate::plot::{Drawing, Format, write};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Kinds of files that figures are written as.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum FormatName {
    Svg,
    Png,
    Both,
}

impl FormatName {
    fn formats(self) -> &'static [Format] {
        match self {
            Self::Svg => &[Format::Svg],
            Self::Png => &[Format::Png],
            Self::Both => &[Format::Svg, Format::Png],
        }
    }
}

/// Where they go.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    formats: &'static [Format],
    /// Whether every file is told on standard output.
    tells: bool,
}

impl Place {
    /// A folder, which is made if it is not there.
    pub(super) fn new(folder: PathBuf, format: FormatName, tells: bool) -> crate::Result<Self> {
        if !folder.as_os_str().is_empty() {
            std::fs::create_dir_all(&folder).map_err(|source| Error::file("create", &folder, source))?;
        }
        Ok(Self { folder, formats: format.formats(), tells })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a figure under a name, as every kind of file.
    pub(super) fn write(&self, name: &str, drawing: &impl Drawing) -> anyhow::Result<()> {
        self.formats
            .iter()
            .try_for_each(|&format| self.told(&write(drawing, &self.folder.join(name), format)?))
    }

    /// Writes a CSV file under a name, with the names of fields in its first line.
    pub(super) fn write_table(&self, name: &str, rows: &[impl Serialize]) -> anyhow::Result<()> {
        let path = self.folder.join(name).with_extension("csv");
        write_rows(&path, rows)?;
        self.told(&path)
    }

    fn told(&self, path: &Path) -> anyhow::Result<()> {
        if self.tells { super::print(&path.display().to_string()) } else { Ok(()) }
    }
}
