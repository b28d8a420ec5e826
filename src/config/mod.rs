//! Every setting of a run: one table (`table.rs`) that files, flags, checks of ranges and docs/FORMATS.md are made from.
//!
//! Layers (defaults, preset, file, flags) are TOML tables, later ones win.

mod defaults;
#[cfg(test)]
mod document;
mod layers;
mod other_bottom;
mod sections;
mod setting;
mod table;

use crate::conditional::{BottomKind, Model, NetOptions, Network, Storage, check_side};
use crate::disorder::Disorder;
use crate::error::{Error, Result};
use crate::io::read_couplings;
use crate::lattice::{Interaction, Lattice, Spins, System};
use crate::schedule::Adam;
pub use defaults::PRESETS;
pub use layers::{COMMAND_LINE, load, of_system, resolve, settings_file};
pub use other_bottom::{Lengths, OtherBottom};
#[cfg(feature = "cli")]
pub(crate) use sections::flat;
use serde::{Deserialize, Serialize};
use setting::plain;
pub use setting::{Flag, Section, Setting, Values};
use std::collections::BTreeMap;
use std::path::Path;
pub use table::{Config, SETTINGS};
use toml::Table;

/// How the learning rate changes over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateSchedule {
    /// Always `learning_rate`.
    Constant,
    /// From `learning_rate` along half a cosine to `learning_rate * final_rate` at the last step.
    Cosine,
}

/// The divergence that training minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// KL(q | p), on the network's own samples.
    Reverse,
    /// KL(p | q), on configurations by Monte Carlo.
    Forward,
    /// First forward, then ever more reverse steps, in the end only those.
    Mixed,
}

/// Largest batch; bounds the memory that a typing error can ask for.
pub const MAX_BATCH: usize = 1 << 20;
/// Most samples from one seed: their index is a 32-bit counter of the random number generator.
pub const MAX_SAMPLES: usize = u32::MAX as usize;
/// Most spins in a pool of Monte Carlo configurations, a byte each.
const MAX_POOL_SPINS: usize = 1 << 31;
/// Fewest configurations that the closing check can be made with.
const FEWEST_REFERENCES: usize = 100;

/// The name of the couplings of Curie and Weiss, `coupling` over the number of sites, between all sites.
const CURIE_WEISS: &str = "cw";

/// Whether the setting of couplings names a file, and not a kind of them.
pub(crate) fn is_couplings_file(named: &str) -> bool {
    !named.is_empty() && named != CURIE_WEISS && matches!(Disorder::named(named), Ok(None))
}

impl Config {
    /// The model it describes.
    ///
    /// # Errors
    /// When a setting of the lattice or the nets is out of range.
    pub fn model(&self) -> Result<Model> {
        check_side(self.lattice, self.size)?;
        let options = NetOptions {
            network: self.network,
            head: self.head,
            width: self.width,
            depth: self.depth,
            skip: self.skip,
            gauge: self.gauge,
            mixture: self.mixture,
            cut: self.cut,
            exact_bottom: self.exact_bottom,
            exact_length: self.exact_length,
            bond_dimension: if self.bottom == BottomKind::Mps { self.bond_dimension } else { 0 },
            reach: self.reach,
            site_order: self.site_order,
            colours: self.colours,
        };
        let storage = self.storage;
        if self.network == Network::Arnn && storage == Storage::F16 {
            return Err(Error::setting(
                "storage",
                "f16",
                "network = \"arnn\" keeps no hidden state; it must be f32",
            ));
        }
        Ok(Model { storage, ..Model::new(self.system()?, options)? })
    }

    /// The system that it describes.
    ///
    /// # Errors
    /// When a setting of the lattice is out of range, or the file of couplings cannot be read.
    pub fn system(&self) -> Result<System> {
        let spins = Spins::new(self.model, self.states)?;
        let of_ising = self.of_ising_spins()?;
        match spins {
            Spins::Ising => Ok(of_ising),
            Spins::Potts { .. } => of_ising.of_colours(self.states),
        }
    }

    /// Its lattice and couplings, with Ising spins.
    fn of_ising_spins(&self) -> Result<System> {
        let lattice = Lattice::new(self.lattice, self.size)?;
        let disorder = Disorder::named(&self.couplings)?;
        if self.disorder_seed != 0 && disorder.is_none() {
            let expected =
                "there is nothing to draw: it goes with couplings = pm1, gaussian, sk or hopfield:P";
            return Err(Error::setting("disorder_seed", self.disorder_seed, expected));
        }
        if self.couplings.is_empty() {
            return Ok(System::uniform(lattice, Interaction::new(self.coupling, self.field)?));
        }
        if self.couplings == CURIE_WEISS {
            if lattice.is_spatial() {
                let expected = "couplings = cw joins all sites; it needs lattice = complete";
                return Err(Error::setting("lattice", lattice.kind().name(), expected));
            }
            let coupling = self.coupling / lattice.sites() as f64;
            return Ok(System::uniform(lattice, Interaction::new(coupling, self.field)?));
        }
        for (name, value, neutral) in [("coupling", self.coupling, 1.0), ("field", self.field, 0.0)] {
            if value != neutral {
                let expected =
                    format!("couplings = {} gives every bond its own; leave {name} out", self.couplings);
                return Err(Error::setting(name, value, expected));
            }
        }
        if self.index_base > 1 {
            return Err(Error::setting("index_base", self.index_base, "it must be 0 or 1"));
        }
        match disorder {
            Some(disorder) => disorder.system(lattice, self.disorder_seed),
            None => read_couplings(Path::new(&self.couplings), lattice, self.index_base),
        }
    }

    /// J, H and couplings of single bonds in words for titles, where they are not 1, 0 and none.
    #[cfg(feature = "cli")]
    pub(crate) fn interaction_words(&self) -> String {
        let number = |letter: &str, value: f64, usual: f64| match value == usual {
            true => String::new(),
            false => format!(", {letter} = {value}"),
        };
        let kind = if is_couplings_file(&self.couplings) { "couplings of a file" } else { &self.couplings };
        let couplings = if kind.is_empty() { String::new() } else { format!(", {kind}") };
        number("J", self.coupling, 1.0) + &number("H", self.field, 0.0) + &couplings
    }

    /// The file of couplings, if they are in one.
    pub(crate) fn couplings_file(&self) -> Option<&Path> {
        is_couplings_file(&self.couplings).then(|| Path::new(&self.couplings))
    }

    /// Optimiser constants.
    pub fn adam(&self) -> Adam {
        Adam {
            beta1: self.adam_beta1,
            beta2: self.adam_beta2,
            epsilon: self.adam_epsilon,
            clip: self.clip,
            scale_rate: self.scale_rate,
            skip_rate: self.skip_rate,
        }
    }

    /// Every setting by its key.
    ///
    /// # Errors
    /// When a number is larger than TOML's.
    pub(crate) fn values(&self) -> Result<Table> {
        Table::try_from(self)
            .map_err(|error| Error::Config { path: "settings".into(), message: error.to_string() })
    }

    /// Settings that say how a network learns, by key, in the order of the keys: what a run has to go on with. Lattice, nets,
    /// beta and seed are not among them, nor where and in what parts it is trained and what is written of it.
    pub(crate) fn training(&self) -> BTreeMap<&'static str, String> {
        // Numbers beyond TOML's are refused by `check`.
        let values = self.values().unwrap_or_default();
        let learning =
            SETTINGS.iter().filter(|setting| setting.section == Section::Training && !setting.is_free);
        learning.filter_map(|setting| Some((setting.key, plain(values.get(setting.key)?)))).collect()
    }

    /// Checks every setting.
    pub(crate) fn check(&self) -> Result<()> {
        self.model()?.check_beta(self.beta)?;
        let values = self.values()?;
        for setting in SETTINGS {
            values.get(setting.key).map_or(Ok(()), |value| setting.check(value))?;
        }
        self.check_together()
    }

    /// Checks settings whose range depends on others.
    fn check_together(&self) -> Result<()> {
        if self.chunk == 1 || self.chunk != 0 && !self.batch.is_multiple_of(self.chunk) {
            let expected = format!("it must be 0, or divide batch = {} into parts of at least 2", self.batch);
            return Err(Error::setting("chunk", self.chunk, expected));
        }
        if (1..FEWEST_REFERENCES).contains(&self.verification_samples) {
            let expected = format!("it must be 0 or at least {FEWEST_REFERENCES}: fewer see no missing mode");
            return Err(Error::setting("verification_samples", self.verification_samples, expected));
        }
        let most = MAX_POOL_SPINS / Lattice::new(self.lattice, self.size)?.sites();
        for (name, value) in [("pool", self.pool), ("verification_samples", self.verification_samples)] {
            if value > most {
                return Err(Error::setting(name, value, format!("at this size it must be at most {most}")));
            }
        }
        Ok(())
    }
}
