//! A network by its shape alone, for commands that need no trained one.

use crate::Result;
use crate::config::{Config, resolve};
use std::path::Path;
use toml::{Table, Value};

#[derive(Debug, clap::Args)]
pub(super) struct NetworkShape {
    /// Which sites are neighbours: square or triangular [default: square]
    #[arg(long)]
    lattice: Option<String>,
    /// han: a net for every level of a hierarchy; van: one dense net over all sites [default: han]
    #[arg(long)]
    network: Option<String>,
    /// Side of the lattice, a power of two from 4 to 1024
    #[arg(long, default_value_t = Config::default().size)]
    size: u32,
    /// Configurations per step
    #[arg(long, default_value_t = Config::default().batch)]
    batch: usize,
    /// Hidden units per site [default: 4, published preset: 1]
    #[arg(long)]
    width: Option<usize>,
    /// Hidden layers, 1 to 3 [default: 1]
    #[arg(long)]
    depth: Option<usize>,
    /// Side of the squares that are summed exactly: 8, 4 or 2 [default: 8, published preset: 2]
    #[arg(long, value_name = "SIDE")]
    exact_bottom: Option<u32>,
    /// Precision that nets compute with: f32, or f16 on a GPU that offers it [default: f32]
    #[arg(long)]
    storage: Option<String>,
    /// Starting point of all settings: default or published
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
}

impl NetworkShape {
    pub(super) fn config(&self) -> Result<Config> {
        let settings = [
            ("size", Some(i64::from(self.size))),
            ("batch", i64::try_from(self.batch).ok()),
            ("width", self.width.map(|width| width as i64)),
            ("depth", self.depth.map(|depth| depth as i64)),
            ("exact_bottom", self.exact_bottom.map(i64::from)),
        ];
        let given =
            settings.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::Integer(value?))));
        let mut given: Table = given.collect();
        let names = [("lattice", &self.lattice), ("network", &self.network), ("storage", &self.storage)];
        given.extend(
            names.into_iter().filter_map(|(key, name)| Some((key.to_owned(), Value::String(name.clone()?)))),
        );
        resolve(self.preset.as_deref(), Table::new(), given, Path::new("command line"))
    }
}
