//! A whole network: one conditional per level over one flat parameter buffer.

use super::{Conditional, Gauge, MAX_SQUARE_BETA, MaskedNet};
use crate::error::{Error, Result};
use crate::hierarchy::{Hierarchy, Level};
use crate::lattice::{Interaction, MAX_SIDE, System};
use serde::{Deserialize, Serialize};

/// Levels start at multiples of this many parameters, so that each can be bound on its own (256 bytes, of 16-bit numbers).
pub const LEVEL_ALIGNMENT: usize = 128;

/// How the nets are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetOptions {
    /// Hidden units per input site.
    pub width: usize,
    /// Hidden layers, 1 to 3.
    pub depth: usize,
    /// Whether logits get a learned linear term, initialised to the couplings.
    pub skip: bool,
    /// Whether the spin-flip symmetry is built in; only possible at H = 0.
    pub gauge: bool,
    /// Side of the squares that are summed exactly, without nets: 8, 4 or 2.
    pub exact_bottom: u32,
}

/// Smallest side of a network's lattice.
const MIN_SIDE: u32 = 4;
/// Largest `width`.
const MAX_WIDTH: usize = 64;
/// Largest `depth`.
const MAX_DEPTH: usize = 3;

impl NetOptions {
    fn check(&self, system: &System) -> Result<()> {
        let side = system.lattice.side();
        check_side(side)?;
        if !(1..=MAX_WIDTH).contains(&self.width) {
            return Err(Error::setting("width", self.width, format!("it must lie in 1 to {MAX_WIDTH}")));
        }
        if !(1..=MAX_DEPTH).contains(&self.depth) {
            return Err(Error::setting("depth", self.depth, format!("it must lie in 1 to {MAX_DEPTH}")));
        }
        if ![2, 4, 8].contains(&self.exact_bottom) {
            return Err(Error::setting("exact_bottom", self.exact_bottom, "it must be 8, 4 or 2"));
        }
        if self.exact_bottom > side {
            let expected = format!("it must not be larger than size = {side}");
            return Err(Error::setting("exact_bottom", self.exact_bottom, expected));
        }
        if self.gauge && !system.has_spin_flip() {
            return Err(Error::setting(
                "gauge",
                true,
                "the spin-flip gauge needs field = 0; set gauge = false",
            ));
        }
        Ok(())
    }
}

/// Checks the side of a network's lattice, whose squares are halved again and again.
pub(crate) fn check_side(side: u32) -> Result<()> {
    if side.is_power_of_two() && (MIN_SIDE..=MAX_SIDE).contains(&side) {
        Ok(())
    } else {
        let expected = format!("for a network it must be a power of two from {MIN_SIDE} to {MAX_SIDE}");
        Err(Error::setting("size", side, expected))
    }
}

/// A level's conditional and where its parameters lie.
#[derive(Debug, Clone)]
pub struct LevelModel {
    /// Net, heat bath or exact square.
    pub conditional: Conditional,
    /// First parameter in the flat buffer.
    pub offset: usize,
}

/// The network for one lattice: pure description, shared by both backends.
#[derive(Debug, Clone)]
pub struct Model {
    /// The system whose Boltzmann distribution it learns.
    pub system: System,
    /// How the nets are built.
    pub options: NetOptions,
    /// Index tables.
    pub hierarchy: Hierarchy,
    /// One conditional per level of the hierarchy.
    pub levels: Vec<LevelModel>,
    /// Length of the flat parameter buffer, padding between levels included.
    pub parameters: usize,
    /// How a GPU keeps hidden state, and the parameters that nets compute with.
    pub storage: Storage,
}

/// Numbers that hidden state is kept in and that nets compute with. Sums, gradients and what the optimiser updates are always f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits, where a GPU offers them: half the memory and traffic of hidden state and weights, and a network that differs by
    /// their rounding, in samples and their ln q alike. The CPU backend evaluates such a network in 32 bits.
    F16,
}

impl Model {
    /// Boundary net, one net per side from L down to twice `exact_bottom`, exact squares of that side.
    ///
    /// # Errors
    /// When an option is out of range, or the side of the lattice not a power of two from 4 on.
    pub fn new(system: System, options: NetOptions) -> Result<Self> {
        options.check(&system)?;
        let hierarchy = Hierarchy::square(system.lattice, options.exact_bottom);
        let mut parameters = 0;
        let levels = hierarchy
            .levels
            .iter()
            .map(|level| {
                let conditional = conditional(level, options);
                let offset = parameters;
                let count = conditional.net().map_or(0, MaskedNet::parameters);
                parameters += count.next_multiple_of(LEVEL_ALIGNMENT);
                LevelModel { conditional, offset }
            })
            .collect();
        Ok(Self { system, options, hierarchy, levels, parameters, storage: Storage::F32 })
    }

    /// A lattice without a network, for Monte Carlo on a backend: only kernels without a level run on it.
    pub fn without_network(system: System) -> Self {
        let options = NetOptions { width: 1, depth: 1, skip: false, gauge: false, exact_bottom: 2 };
        let hierarchy = Hierarchy { sites: system.lattice.sites(), levels: Vec::new() };
        let storage = Storage::F32;
        Self { system, options, hierarchy, levels: Vec::new(), parameters: 0, storage }
    }

    /// Checks an inverse temperature for this model.
    ///
    /// # Errors
    /// When it is out of range, or too large for exact squares.
    pub fn check_beta(&self, beta: f64) -> Result<f64> {
        let Interaction { coupling, field } = self.system.interaction;
        let beta = self.system.interaction.check_beta(beta)?;
        let side = self.options.exact_bottom;
        if side > 2 && beta * coupling.abs().max(field.abs()) > MAX_SQUARE_BETA {
            let expected =
                format!("beta J and beta H must be at most {MAX_SQUARE_BETA} in size for it; use 2");
            return Err(Error::setting("exact_bottom", side, expected));
        }
        Ok(beta)
    }

    /// Index of the last level, which has no net.
    pub fn bottom(&self) -> usize {
        self.levels.len() - 1
    }

    /// Levels with a net, with their index and geometry.
    pub fn nets(&self) -> impl Iterator<Item = (usize, &MaskedNet, &Level)> {
        self.levels
            .iter()
            .enumerate()
            .filter_map(|(k, level)| level.conditional.net().map(|net| (k, net, &self.hierarchy.levels[k])))
    }

    /// Every tensor of the network by name, in storage order: `level0.layer0.weight`, `level0.layer0.bias`, ...
    pub fn tensors(&self) -> Vec<TensorPlace> {
        let mut places = Vec::new();
        for (k, net, _) in self.nets() {
            let level = self.levels[k].offset;
            for weights in net.weights() {
                let mut place = |part: &str, offset: usize, shape: Vec<usize>| {
                    let name = format!("level{k}.{}.{part}", weights.name);
                    places.push(TensorPlace { name, offset: level + offset, shape });
                };
                place("weight", weights.offset, vec![weights.sources, weights.targets]);
                if weights.has_bias {
                    place("bias", weights.bias_offset(), vec![weights.targets]);
                }
                if weights.has_slope {
                    place("slope", weights.slope_offset(), vec![weights.targets]);
                }
            }
        }
        places
    }

    /// Parameters in use, padding left out.
    pub fn used_parameters(&self) -> usize {
        self.nets().map(|(_, net, _)| net.parameters()).sum()
    }
}

/// Where a named tensor lies in the flat buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorPlace {
    /// Name in checkpoints.
    pub name: String,
    /// First element.
    pub offset: usize,
    /// Row-major shape.
    pub shape: Vec<usize>,
}

impl TensorPlace {
    /// The elements' range in the flat buffer.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.shape.iter().product::<usize>()
    }
}

fn conditional(level: &Level, options: NetOptions) -> Conditional {
    if level.children_per_block == 0 {
        return match level.side {
            2 => Conditional::HeatBath,
            side => Conditional::ExactSquare { width: side as usize - 1 },
        };
    }
    let gauge = match (options.gauge, level.border) {
        (false, _) => Gauge::None,
        (true, 0) => Gauge::FirstOwn,
        (true, _) => Gauge::Border,
    };
    let NetOptions { width, depth, skip, .. } = options;
    Conditional::MaskedNet(Box::new(MaskedNet::new(level.border, level.own, width, depth, skip, gauge)))
}
