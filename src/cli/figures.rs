//! Where figures go, and as what files.

use crate::error::Error;
use crate::plot::{self, Drawing, Format};
use std::path::{Path, PathBuf};

/// Kinds of files on the command line.
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

/// A folder for figures.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    formats: &'static [Format],
}

impl Place {
    /// Makes the folder; an empty path is where the user is.
    pub(super) fn create(folder: PathBuf, format: FormatName) -> crate::Result<Self> {
        if !folder.as_os_str().is_empty() {
            std::fs::create_dir_all(&folder).map_err(|source| Error::file("create", &folder, source))?;
        }
        Ok(Self { folder, formats: format.formats() })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a figure and gives the paths of its files.
    pub(super) fn write(&self, name: &str, drawing: &impl Drawing) -> crate::Result<Vec<PathBuf>> {
        self.formats.iter().map(|&format| plot::write(drawing, &self.folder.join(name), format)).collect()
    }
}
