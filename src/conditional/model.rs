//! A whole network: one conditional per level over one flat parameter buffer.

use super::{
    Colours, Conditional, Encoding, Gauge, Head, MOST_ROW_STATES, MaskedNet, PairHead, Widths, max_box_beta,
};
use crate::error::{Error, Result};
use crate::hierarchy::{Cut, Hierarchy, Layers, Level, SiteOrder};
use crate::lattice::{Interaction, Lattice, LatticeKind, Spins, System};
use crate::mps::MOST_STATES_ON_GPU;
use serde::{Deserialize, Serialize};

/// Levels start at multiples of this many parameters, so that each can be bound on its own (256 bytes, of 16-bit numbers).
pub const LEVEL_ALIGNMENT: usize = 128;

/// How the nets are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetOptions {
    /// Hidden units per input site, level by level.
    pub width: Widths,
    /// Hidden layers, 1 to 3.
    pub depth: usize,
    /// Whether logits get a learned linear term, initialised to the couplings.
    pub skip: bool,
    /// Whether the spin-flip symmetry is built in; only possible at H = 0.
    pub gauge: bool,
    /// Whether the net of the first level is symmetric as a mixture with its mirror image (of Potts spins with its images under all moves of the colours), and not by a
    /// gauge; goes with `gauge`.
    pub mixture: bool,
    /// How boxes are split: of the square lattice, those that end in squares, either way; others in halves alone.
    pub cut: Cut,
    /// Side of the squares that are summed exactly, without nets: 8, 4 or 2; 0 where nothing is. With a bond dimension any power of two from 4 to the size.
    pub exact_bottom: u32,
    /// Their length where they are longer than wide, twice `exact_bottom`; else 0.
    pub exact_length: u32,
    /// States of the bonds of the matrix product states that draw these boxes; 0 where they are summed exactly.
    pub bond_dimension: usize,
    /// Which sites a net fixes together.
    pub network: Network,
    /// The head that turns fields into logits, where the network is one of pairs of sites.
    pub head: Head,
    /// Steps along every axis within which hidden units see sites and one another, all in patches of 32 by 32 ([`MaskedNet::within`]); 0 where they see
    /// everything.
    pub reach: u32,
    /// The order in which a net without a hierarchy fixes sites.
    pub site_order: SiteOrder,
    /// Whether colours of Potts spins share a net.
    pub colours: Colours,
}

/// Architectures of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Hierarchical: a net for every level of the hierarchy (arXiv:2203.10989).
    #[default]
    Han,
    /// Dense: one masked net over all sites, row by row (arXiv:1809.10606). It has (L^2)^2 weights where a hierarchy has about 100 L^2.
    Van,
    /// A network of pairs draws every site from the fields of those before it, where all sites are neighbours (arXiv:2302.08347).
    Arnn,
}

impl Network {
    /// Every architecture.
    pub const ALL: [Self; 3] = [Self::Han, Self::Van, Self::Arnn];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Han => "han",
            Self::Van => "van",
            Self::Arnn => "arnn",
        }
    }
}

/// Smallest side of a network's lattice.
const MIN_SIDE: u32 = 4;
/// Side of the largest squares that are summed exactly: 2^15 states of a row, for which workgroups have no room.
pub(crate) const LARGEST_EXACT: u32 = 16;
/// Most states of a bond of matrix product states.
pub(crate) const MOST_BOND_STATES: usize = 64;
/// Largest side of a dense network's lattice, in two and in three dimensions.
const MAX_DENSE_SIDE: u32 = 64;
const MAX_DENSE_CUBIC_SIDE: u32 = 16;
/// Largest side of a hierarchical network in three dimensions.
const MAX_CUBIC_SIDE: u32 = 32;
/// Most sites of a network of pairs whose fields are corrected for one another.
const MOST_CORRECTED: usize = 512;
/// Largest `depth`.
const MAX_DEPTH: usize = 3;

impl NetOptions {
    fn check(&self, system: &System) -> Result<()> {
        let side = system.lattice.side();
        check_side(system.lattice.kind(), side)?;
        if system.weights.is_some() && self.width != Widths::all(self.width.of(0)) {
            let expected = "with couplings of single bonds, blocks have nets of their own, of one width; give one number";
            return Err(Error::setting("width", self.width, expected));
        }
        self.check_network(system)?;
        if !(1..=MAX_DEPTH).contains(&self.depth) {
            return Err(Error::setting("depth", self.depth, format!("it must lie in 1 to {MAX_DEPTH}")));
        }
        match self.bond_dimension {
            0 => self.check_bottom(system.lattice)?,
            _ => self.check_tensors(system)?,
        }
        self.check_length(system)?;
        self.check_cut(system.lattice)?;
        self.check_colours(system)?;
        let largest = match system.lattice.kind() {
            LatticeKind::Square | LatticeKind::Triangular => MAX_DENSE_SIDE,
            LatticeKind::Cubic => MAX_DENSE_CUBIC_SIDE,
            kind @ (LatticeKind::Complete | LatticeKind::Chain) => kind.max_side(),
        };
        if self.network == Network::Van && side > largest {
            let expected = format!(
                "network = \"van\" has weights between all pairs of sites, and serves up to {largest}; use han"
            );
            return Err(Error::setting("size", side, expected));
        }
        if self.gauge && !system.is_symmetric() {
            let expected = match system.spins {
                Spins::Ising => "the spin-flip gauge needs field = 0; set gauge = false",
                Spins::Potts { .. } => "the gauge by a colour needs field = 0; set gauge = false",
            };
            return Err(Error::setting("gauge", true, expected));
        }
        if self.mixture && !self.gauge {
            let expected = match system.spins {
                Spins::Ising => "it is a form of the spin-flip gauge, which needs field = 0 and gauge = true",
                Spins::Potts { .. } => {
                    "it is a form of the gauge by a colour, which needs field = 0 and gauge = true"
                }
            };
            return Err(Error::setting("mixture", true, expected));
        }
        Ok(())
    }

    /// Checks that network, lattice, couplings and head fit together.
    fn check_network(&self, system: &System) -> Result<()> {
        let (network, kind) = (self.network, system.lattice.kind());
        let refuse = |expected: &str| Err(Error::setting("network", network.name(), expected));
        match (network, system.lattice.is_spatial()) {
            (Network::Han, false) => {
                return refuse("lattice = \"complete\" has no hierarchy; it must be arnn or van");
            }
            (Network::Han, true) | (Network::Van, _) | (Network::Arnn, false) => {}
            (Network::Arnn, true) => {
                let expected =
                    format!("it needs lattice = \"complete\"; on {} it must be han or van", kind.name());
                return refuse(&expected);
            }
        }
        if self.site_order == SiteOrder::Strongest && (system.lattice.is_spatial() || network == Network::Han)
        {
            let expected =
                "it orders sites that are all neighbours, lattice = \"complete\"; it must be index";
            return Err(Error::setting("site_order", self.site_order.name(), expected));
        }
        let refuse = |expected: &str| Err(Error::setting("head", self.head.name(), expected));
        match (network, self.head) {
            (Network::Arnn, Head::None) => {
                let names = Head::ALL.map(Head::name).join(", ");
                return refuse(&format!("network = \"arnn\" needs one of {names}"));
            }
            (Network::Arnn, Head::Cw | Head::CwInfinite) if system.weights.is_some() => {
                return refuse(
                    "it is of systems with one coupling for all bonds, as couplings = cw has; for others there are tap, sk0, sk1 and sk2",
                );
            }
            (Network::Arnn, Head::Tap) if system.lattice.sites() > MOST_CORRECTED => {
                return refuse(&format!(
                    "it takes N^3 operations, at most {MOST_CORRECTED} sites; for {} there is sk0",
                    system.lattice.sites()
                ));
            }
            (Network::Arnn, _) | (Network::Han | Network::Van, Head::None) => {}
            (Network::Han | Network::Van, _) => {
                return refuse("it goes with network = \"arnn\"; it must be none");
            }
        }
        if network == Network::Arnn {
            let unused = [
                ("width", self.width.to_string(), "1", self.width == Widths::all(1)),
                ("depth", self.depth.to_string(), "1", self.depth == 1),
                ("reach", self.reach.to_string(), "0", self.reach == 0),
                ("mixture", self.mixture.to_string(), "false", !self.mixture),
                ("skip", self.skip.to_string(), "true", self.skip),
            ];
            if let Some((name, value, expected, _)) = unused.iter().find(|(.., is_unused)| !is_unused) {
                let expected = format!("network = \"arnn\" has no hidden units; it must be {expected}");
                return Err(Error::setting(name, value, expected));
            }
        }
        Ok(())
    }

    /// Checks the side of what is summed exactly.
    fn check_bottom(&self, lattice: Lattice) -> Result<()> {
        let bottom = self.exact_bottom;
        let refuse = |expected: String| Err(Error::setting("exact_bottom", bottom, expected));
        match (self.network, lattice.kind()) {
            (Network::Van | Network::Arnn, _) if bottom != 0 => {
                refuse(format!("network = {:?} sums nothing exactly; it must be 0", self.network.name()))
            }
            (Network::Van | Network::Arnn, _)
            | (Network::Han, LatticeKind::Complete | LatticeKind::Chain) => Ok(()),
            (Network::Han, LatticeKind::Triangular) if bottom != 2 => refuse(
                "on the triangular lattice only single spins are summed exactly; it must be 2".to_owned(),
            ),
            (Network::Han, LatticeKind::Triangular) => Ok(()),
            (Network::Han, LatticeKind::Square) if ![2, 4, 8, LARGEST_EXACT].contains(&bottom) => {
                refuse(format!(
                    "it must be {LARGEST_EXACT} (on the CPU alone), 8, 4 or 2; larger boxes are for tensor networks (bottom = \"mps\")"
                ))
            }
            (Network::Han, LatticeKind::Square) if bottom > lattice.side() => {
                refuse(format!("it must not be larger than size = {}", lattice.side()))
            }
            (Network::Han, LatticeKind::Square) => Ok(()),
            (Network::Han, LatticeKind::Cubic) if ![2, 4].contains(&bottom) => {
                refuse("on the cubic lattice it must be 4 or 2".to_owned())
            }
            (Network::Han, LatticeKind::Cubic) => Ok(()),
        }
    }

    /// Checks boxes that matrix product states draw.
    fn check_tensors(&self, system: &System) -> Result<()> {
        let Self { exact_bottom: side, bond_dimension, .. } = *self;
        if !has_square_boxes(self.network, system) {
            let expected = "matrix product states draw boxes of Ising spins of hierarchical networks on the square lattice; it must be exact";
            return Err(Error::setting("bottom", "mps", expected));
        }
        let most = system.lattice.side();
        if !side.is_power_of_two() || !(MIN_SIDE..=most).contains(&side) {
            let expected =
                format!("with bottom = \"mps\" it must be a power of two from {MIN_SIDE} to size = {most}");
            return Err(Error::setting("exact_bottom", side, expected));
        }
        if bond_dimension > MOST_BOND_STATES {
            let expected = format!("it must lie in 1 to {MOST_BOND_STATES}");
            return Err(Error::setting("bond_dimension", bond_dimension, expected));
        }
        Ok(())
    }

    /// Checks how boxes are split.
    fn check_cut(&self, lattice: Lattice) -> Result<()> {
        let refuse = |expected: &str| Err(Error::setting("cut", self.cut.name(), expected));
        match (self.cut, self.network, lattice.kind()) {
            (Cut::Halves, ..) | (Cut::Crosses, Network::Van | Network::Arnn, _) => Ok(()),
            (Cut::Crosses, Network::Han, LatticeKind::Square) if self.exact_length == 0 => Ok(()),
            (Cut::Crosses, Network::Han, LatticeKind::Square) => {
                refuse("strips, exact_length other than 0, are halves of squares; it must be halves")
            }
            (Cut::Crosses, Network::Han, _) => {
                refuse("only lattice = \"square\" has crosses; it must be halves")
            }
        }
    }

    /// Checks the length of what is summed exactly.
    fn check_length(&self, system: &System) -> Result<()> {
        let Self { exact_bottom: side, exact_length: length, .. } = *self;
        let lattice = system.lattice;
        let expected = match side {
            _ if length == 0 => return Ok(()),
            _ if system.weights.is_some() && lattice.dimensions() == 3 => {
                "with couplings of single bonds in three dimensions it must be 0".to_owned()
            }
            0 | 2 => format!("with exact_bottom = {side} it must be 0"),
            _ if length != 2 * side => format!("with exact_bottom = {side} it must be 0 or {}", 2 * side),
            _ if length > lattice.side() => format!("it must not be larger than size = {}", lattice.side()),
            _ => return Ok(()),
        };
        Err(Error::setting("exact_length", length, expected))
    }

    /// Checks what networks of Potts spins lack.
    fn check_colours(&self, system: &System) -> Result<()> {
        let refuse = |expected: &str| Err(Error::setting("colours", self.colours.name(), expected));
        let Spins::Potts { states } = system.spins else {
            return match self.colours {
                Colours::OneHot => Ok(()),
                Colours::Shared => refuse("they are those of model = potts; it must be one-hot"),
            };
        };
        if self.colours == Colours::Shared && !system.is_symmetric() {
            return refuse(
                "a field tells colour 0 from the others, which cannot share a net then; it must be one-hot",
            );
        }
        if self.colours == Colours::Shared && (self.gauge || self.mixture) {
            return refuse("a net that colours share needs no gauge and no mixture; both must be false");
        }
        let bottom = self.exact_bottom;
        let refuse = |expected: String| Err(Error::setting("exact_bottom", bottom, expected));
        if bottom > 2 && system.lattice.dimensions() == 3 {
            return refuse("cubes of model = potts are not summed exactly; it must be 2".to_owned());
        }
        if bottom > 2 && system.weights.is_some() {
            return refuse(
                "boxes of model = potts with couplings of single bonds are not summed exactly; it must be 2"
                    .to_owned(),
            );
        }
        let row_states = u64::from(states).checked_pow(bottom.saturating_sub(1)).unwrap_or(u64::MAX);
        if bottom > 2 && row_states > MOST_ROW_STATES {
            let sites = bottom - 1;
            return refuse(format!(
                "rows of {sites} sites of {states} colours have more than {MOST_ROW_STATES} states; use a smaller one, 2 goes always"
            ));
        }
        Ok(())
    }

    /// The hierarchy of a network of a system.
    pub(crate) fn hierarchy(&self, system: &System) -> Hierarchy {
        let lattice = system.lattice;
        let bottom = self.bottom_extent(lattice);
        match (self.network, lattice.kind()) {
            (Network::Van | Network::Arnn, _) => Hierarchy::flat(system, self.site_order),
            (Network::Han, _) => match self.cut {
                Cut::Crosses => Hierarchy::square(lattice, bottom[0]),
                Cut::Halves => Hierarchy::bisection(lattice, &bottom),
            },
        }
    }

    /// Lengths of the boxes that are summed exactly.
    fn bottom_extent(&self, lattice: Lattice) -> Vec<u32> {
        let mut extent = vec![self.exact_bottom; lattice.dimensions()];
        extent[lattice.dimensions() - 1] = self.exact_length.max(self.exact_bottom);
        extent
    }

    /// The boxes that are summed exactly. Where single spins end the tree, some that could: shaders of all kernels are valid whatever
    /// the model.
    pub(crate) fn exact_box(&self, lattice: Lattice) -> Layers {
        match self.exact_bottom {
            0 | 2 => Layers::of(&[4, 4]),
            _ if self.bond_dimension > 0 => Layers::of(&[4, 4]),
            _ => Layers::of(&self.bottom_extent(lattice)),
        }
    }

    /// The boxes that matrix product states draw, or some that they could.
    pub(crate) fn tensor_box(&self, lattice: Lattice) -> Layers {
        match self.bond_dimension {
            0 => Layers::of(&[4, 4]),
            _ => Layers::of(&self.bottom_extent(lattice)),
        }
    }
}

/// Whether the levels of a network of a system are boxes of Ising spins on the square lattice.
fn has_square_boxes(network: Network, system: &System) -> bool {
    network == Network::Han && system.lattice.kind() == LatticeKind::Square && system.spins == Spins::Ising
}

/// How networks of earlier versions split boxes, by the names of their lattice and network: they do not tell.
pub(crate) fn cut_of_earlier_versions(lattice: &str, network: &str, exact_length: &str) -> Cut {
    let has_squares = lattice == LatticeKind::Square.name() && exact_length == "0";
    if has_squares && network == Network::Han.name() { Cut::Crosses } else { Cut::Halves }
}

/// Checks the lattice of a network and its side: boxes are halved again and again.
pub(crate) fn check_side(kind: LatticeKind, side: u32) -> Result<()> {
    if kind == LatticeKind::Chain {
        let expected = "a chain has no network, since it is solved: `exact --lattice chain` gives ln Z, energy and magnetisation, and `mc` \
                        configurations; networks are of square, triangular, cubic and complete lattices";
        return Err(Error::setting("lattice", kind.name(), expected));
    }
    if kind == LatticeKind::Complete {
        return Ok(());
    }
    let largest = if kind.dimensions() == 2 { kind.max_side() } else { MAX_CUBIC_SIDE };
    if side.is_power_of_two() && (MIN_SIDE..=largest).contains(&side) {
        Ok(())
    } else {
        let expected = format!("for a network it must be a power of two from {MIN_SIDE} to {largest}");
        Err(Error::setting("size", side, expected))
    }
}

/// A level's conditional and where its parameters lie.
#[derive(Debug, Clone)]
pub struct LevelModel {
    /// Net, heat bath or exact box.
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
    /// One conditional for every level of the hierarchy that the network has on the lattice.
    ///
    /// # Errors
    /// When an option is out of range, or the side of the lattice not a power of two from 4 on.
    pub fn new(system: System, options: NetOptions) -> Result<Self> {
        options.check(&system)?;
        let mut hierarchy = options.hierarchy(&system).weighted(&system);
        hierarchy.levels[0].images = if options.mixture { system.spins.states() } else { 1 };
        let bottom = hierarchy.has_bottom.then(|| hierarchy.levels.len() - 1);
        let passes = Encoding::of(system.spins, options.colours).passes();
        if passes > 1 {
            let with_nets = hierarchy.levels.len() - usize::from(hierarchy.has_bottom);
            hierarchy.levels[..with_nets].iter_mut().for_each(|level| level.images = passes);
        }
        let mut parameters = 0;
        let levels = hierarchy
            .levels
            .iter()
            .enumerate()
            .map(|(k, level)| {
                let is_bottom = bottom == Some(k);
                let conditional = conditional(level, &system, options.width.of(k), is_bottom, options);
                let offset = parameters;
                parameters += conditional.parameters().next_multiple_of(LEVEL_ALIGNMENT);
                LevelModel { conditional, offset }
            })
            .collect();
        Ok(Self { system, options, hierarchy, levels, parameters, storage: Storage::F32 })
    }

    /// A lattice without a network, for Monte Carlo on a backend: only kernels without a level run on it.
    pub fn without_network(system: System) -> Self {
        let options = NetOptions {
            width: Widths::all(1),
            depth: 1,
            skip: false,
            gauge: false,
            mixture: false,
            cut: Cut::default(),
            exact_bottom: 0,
            exact_length: 0,
            bond_dimension: 0,
            network: Network::Van,
            head: Head::None,
            reach: 0,
            site_order: SiteOrder::Index,
            colours: Colours::OneHot,
        };
        let hierarchy = Hierarchy { sites: system.lattice.sites(), levels: Vec::new(), has_bottom: false };
        let storage = Storage::F32;
        Self { system, options, hierarchy, levels: Vec::new(), parameters: 0, storage }
    }

    /// Whether its levels are boxes of Ising spins on the square lattice.
    pub(crate) fn has_square_boxes(&self) -> bool {
        has_square_boxes(self.options.network, &self.system)
    }

    /// Whether a kernel of it runs on the CPU alone.
    pub(crate) fn is_for_the_cpu(&self) -> bool {
        match self.options.bond_dimension {
            0 => self.options.exact_bottom == LARGEST_EXACT,
            states => states > MOST_STATES_ON_GPU,
        }
    }

    /// Checks an inverse temperature for this model.
    ///
    /// # Errors
    /// When it is out of range, or too large for exact squares.
    pub fn check_beta(&self, beta: f64) -> Result<f64> {
        let Interaction { coupling, field } = self.system.largest_interaction();
        let beta = self.system.largest_interaction().check_beta(beta)?;
        let side = self.options.exact_bottom;
        let largest = max_box_beta(self.options.exact_box(self.system.lattice).dimensions);
        let is_exact = side > 2 && self.options.bond_dimension == 0;
        if is_exact && beta * coupling.abs().max(field.abs()) > largest {
            let expected = format!("beta J and beta H must be at most {largest} in size for it; use 2");
            return Err(Error::setting("exact_bottom", side, expected));
        }
        Ok(beta)
    }

    /// Whether sums over boxes have one shape on a GPU: those with couplings of single bonds, and those of colours.
    pub(crate) fn boxes_by_group(&self) -> bool {
        self.system.weights.is_some() || self.system.spins != Spins::Ising
    }

    /// The boxes that are summed exactly, or some that could be.
    pub(crate) fn exact_box(&self) -> Layers {
        self.options.exact_box(self.system.lattice)
    }

    /// Index of the last level, if it has no net but is summed exactly.
    pub fn bottom(&self) -> Option<usize> {
        self.hierarchy.has_bottom.then(|| self.levels.len() - 1)
    }

    /// Levels with parameters, with their index.
    pub fn learning(&self) -> impl Iterator<Item = (usize, &LevelModel)> {
        self.levels.iter().enumerate().filter(|(_, level)| level.conditional.parameters() > 0)
    }

    /// The head over pairs of sites, if the network is one of pairs.
    pub fn pair_head(&self) -> Option<&PairHead> {
        self.levels.iter().find_map(|level| level.conditional.pair_head())
    }

    /// Levels with a net, with their index and geometry.
    pub fn nets(&self) -> impl Iterator<Item = (usize, &MaskedNet, &Level)> {
        self.levels
            .iter()
            .enumerate()
            .filter_map(|(k, level)| level.conditional.net().map(|net| (k, net, &self.hierarchy.levels[k])))
    }

    /// Every tensor of the network by name, in storage order: `level0.layer0.weight`, `level0.layer0.bias`, ... Where blocks have nets of their
    /// own, those of a level of the tree are one tensor, with blocks as its first axis.
    pub fn tensors(&self) -> Vec<TensorPlace> {
        let mut places = Vec::new();
        let nets: Vec<_> = self.nets().collect();
        for blocks in nets.chunk_by(|(.., a), (.., b)| a.tree_level == b.tree_level) {
            let (_, net, level) = blocks[0];
            let of_blocks = level.is_weighted().then_some(blocks.len());
            for weights in net.weights() {
                let mut place = |part: &str, offset: usize, shape: Vec<usize>| {
                    let name = format!("level{}.{}.{part}", level.tree_level, weights.name);
                    let offsets = blocks.iter().map(|(k, ..)| self.levels[*k].offset + offset).collect();
                    places.push(TensorPlace {
                        name,
                        offsets,
                        shape: of_blocks.into_iter().chain(shape).collect(),
                    });
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
        for (k, level) in self.learning() {
            let tensors = level.conditional.pair_head().map_or(Vec::new(), PairHead::tensors);
            places.extend(tensors.into_iter().map(|tensor| TensorPlace {
                name: format!("level{k}.{}", tensor.name),
                offsets: vec![level.offset + tensor.offset],
                shape: vec![tensor.length],
            }));
        }
        places
    }

    /// The first masked weight that is not 0, by name, place and value.
    pub fn first_masked(&self, parameters: &[f32]) -> Option<String> {
        self.nets().find_map(|(k, net, _)| {
            net.weights().find_map(|weights| {
                let own = &parameters[self.levels[k].offset + weights.offset..]
                    [..weights.sources * weights.targets];
                let is_wrong =
                    |&at: &usize| own[at] != 0.0 && !weights.sees(at % weights.targets, at / weights.targets);
                let at = (0..own.len()).find(is_wrong)?;
                let (source, target) = (at / weights.targets, at % weights.targets);
                Some(format!("level{k}.{}.weight[{source}, {target}] = {} is masked", weights.name, own[at]))
            })
        })
    }

    /// Parameters in use, padding left out.
    pub fn used_parameters(&self) -> usize {
        self.learning().map(|(_, level)| level.conditional.parameters()).sum()
    }
}

/// Where a named tensor lies in the flat buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorPlace {
    /// Name in checkpoints.
    pub name: String,
    /// First element, of every block that has its own.
    pub offsets: Vec<usize>,
    /// Row-major shape.
    pub shape: Vec<usize>,
}

impl TensorPlace {
    /// The elements' ranges in the flat buffer, block by block.
    pub fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let length = self.shape.iter().product::<usize>() / self.offsets.len();
        self.offsets.iter().map(move |&offset| offset..offset + length)
    }
}

fn conditional(
    level: &Level,
    system: &System,
    width: usize,
    is_bottom: bool,
    options: NetOptions,
) -> Conditional {
    if options.network == Network::Arnn {
        return Conditional::PairHead(PairHead::new(options.head, level.own, options.gauge));
    }
    if is_bottom {
        return match Layers::of(&level.extent) {
            _ if options.bond_dimension > 0 => Conditional::Tensor { bond_dimension: options.bond_dimension },
            layers if layers.sites() == 1 => Conditional::HeatBath,
            layers => Conditional::ExactBox(layers),
        };
    }
    let gauge = match (options.gauge, level.border) {
        (false, _) => Gauge::None,
        (true, 0) if options.mixture => Gauge::Mixture,
        (true, 0) => Gauge::FirstOwn,
        (true, _) => Gauge::Border,
    };
    let NetOptions { depth, skip, reach, .. } = options;
    let encoding = Encoding::of(system.spins, options.colours);
    let net = MaskedNet::of(encoding, [level.border, level.own], [width, depth], skip, gauge);
    let sites = level.block_sites(0);
    let is_near = |a: usize, b: usize| system.lattice.steps_between(sites[a], sites[b]) <= reach;
    Conditional::MaskedNet(Box::new(if reach == 0 { net } else { net.within(is_near) }))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::lattice::LatticeKind;

    #[test]
    fn hidden_units_see_what_is_within_reach_and_little_else() {
        let model = |reach| {
            let width = crate::conditional::Widths::all(1);
            Config {
                lattice: LatticeKind::Cubic,
                size: 16,
                exact_bottom: 4,
                width,
                reach,
                ..Config::default()
            }
            .model()
            .unwrap()
        };
        let (all, near) = (model(0), model(3));
        let lattice = near.system.lattice;
        for ((_, net, level), (_, whole, _)) in near.nets().zip(all.nets()) {
            let sites = level.block_sites(0);
            for weights in net.layers.iter().chain([&net.output]) {
                for target in 0..weights.targets {
                    let group = weights.first_group + target;
                    let seen = (0..weights.visible(target)).filter(|&source| weights.sees(target, source));
                    let within = |source: usize| lattice.steps_between(sites[group], sites[source]) <= 3;
                    let count = (0..weights.visible(target)).filter(|&source| within(source)).count();
                    assert_eq!(seen.filter(|&source| within(source)).count(), count, "{level}");
                }
            }
            assert!(net.skip == whole.skip, "linear terms see everything");
            assert!(net.multiply_adds() <= whole.multiply_adds(), "{level}");
        }
        let boundary = |model: &super::Model| model.nets().next().unwrap().1.layers[0].unmasked();
        assert!(5 * boundary(&near) < 3 * boundary(&all), "{} of {}", boundary(&near), boundary(&all));
    }
}
