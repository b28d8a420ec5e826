//! Figures and tables that a command writes into a folder.

use super::heading;
use crate::error::Error;
use crate::io::write_rows;
use crate::plot::{Drawing, Format, SCREEN, write};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Most pixels to an inch: a figure of many panels then has 200 million of them.
const MOST_DPI: u32 = 1200;

/// How figures are written.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct FigureArguments {
    /// Figures
    ///
    /// Kind of the figures' files; both: svg and png, all: pdf too
    #[arg(long, value_enum, default_value = "both", help_heading = heading::RUN_FOLDER)]
    format: FormatName,
    /// Pixels of PNG files to an inch
    #[arg(long, default_value_t = SCREEN, help_heading = heading::RUN_FOLDER)]
    dpi: u32,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FormatName {
    Svg,
    Png,
    Pdf,
    Both,
    All,
}

impl FigureArguments {
    fn formats(self) -> crate::Result<Vec<Format>> {
        let dpi = self.dpi;
        if !(SCREEN / 4..=MOST_DPI).contains(&dpi) {
            let expected = format!("it must lie in {} to {MOST_DPI}", SCREEN / 4);
            return Err(Error::setting("--dpi", dpi, expected));
        }
        let png = Format::Png { dpi };
        Ok(match self.format {
            FormatName::Svg => vec![Format::Svg],
            FormatName::Png => vec![png],
            FormatName::Pdf => vec![Format::Pdf],
            FormatName::Both => vec![Format::Svg, png],
            FormatName::All => vec![Format::Svg, png, Format::Pdf],
        })
    }
}

/// Where they go.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    formats: Vec<Format>,
    /// Whether every file is told on standard output.
    tells: bool,
}

impl Place {
    /// A folder, which is made if it is not there.
    pub(super) fn new(folder: PathBuf, figures: FigureArguments, tells: bool) -> crate::Result<Self> {
        let formats = figures.formats()?;
        if !folder.as_os_str().is_empty() {
            std::fs::create_dir_all(&folder).map_err(|source| Error::file("create", &folder, source))?;
        }
        Ok(Self { folder, formats, tells })
    }

    /// The same in a folder that is there, or will be.
    pub(super) fn in_folder(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
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
