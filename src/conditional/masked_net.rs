//! Masked dense nets (arXiv:1809.10606, arXiv:2203.10989) with the coupling skip of arXiv:2302.08347; of colours with an input and a logit for each (arXiv:2212.04955).

use super::LEVEL_ALIGNMENT;
use super::reach::{Patches, products};
use crate::lattice::Spins;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Sign by which a block's spins are multiplied before the net sees them, and after it draws them (Z2 symmetry at H = 0). Of Potts spins the colour that the net sees as
/// colour 0, all others moving on with it (Z_q symmetry).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gauge {
    /// Always +1, or colour 0.
    None,
    /// Sign of the border's magnetisation, on a tie the first border spin; of colours the most frequent one of the border, on a tie that which comes first.
    Border,
    /// The first own spin, which has every value with the same probability; for blocks without a border.
    FirstOwn,
    /// None, but the density is the mean of the net's at the own spins and at their mirror image, all turned, or at all q moves of their colours; for blocks without a border.
    /// A gauge by the first spin gives no weight to a configuration in order whose first spin is against the rest; this does.
    Mixture,
}

/// How spins stand for inputs and logits of a net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// An Ising spin is an input +1 or -1 and a logit.
    Sign,
    /// A Potts spin is an input and a logit for every colour, 1 for its own and 0 for all others; a softmax makes probabilities of the logits.
    OneHot {
        /// q.
        states: u8,
    },
    /// Every colour has the same net, which sees +1 where a site has the colour and -1 elsewhere, and gives the logit of that colour. Exchanges of colours leave the density as it is.
    Shared {
        /// q.
        states: u8,
    },
}

impl Encoding {
    /// Of a system's spins.
    pub fn of(spins: Spins, colours: Colours) -> Self {
        match (spins, colours) {
            (Spins::Ising, _) => Self::Sign,
            (Spins::Potts { states }, Colours::OneHot) => Self::OneHot { states },
            (Spins::Potts { states }, Colours::Shared) => Self::Shared { states },
        }
    }

    /// The name in shaders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::OneHot { .. } => "one_hot",
            Self::Shared { .. } => "shared",
        }
    }

    /// Numbers that stand for a spin, as inputs and as logits.
    pub fn numbers(self) -> usize {
        match self {
            Self::Sign | Self::Shared { .. } => 1,
            Self::OneHot { states } => states.into(),
        }
    }

    /// Passes of a net over a block that together give the probabilities of its sites, one for every colour that shares the net.
    pub fn passes(self) -> usize {
        match self {
            Self::Sign | Self::OneHot { .. } => 1,
            Self::Shared { states } => states.into(),
        }
    }

    /// States of a spin.
    pub fn states(self) -> usize {
        match self {
            Self::Sign => 2,
            Self::OneHot { states } | Self::Shared { states } => states.into(),
        }
    }
}

/// Whether colours of Potts spins share a net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colours {
    /// Inputs and logits of their own.
    #[default]
    OneHot,
    /// One net for all, where no field tells them apart.
    Shared,
}

impl Colours {
    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneHot => "one-hot",
            Self::Shared => "shared",
        }
    }
}

/// One masked matrix with what belongs to it, as stored in the flat parameter buffer.
///
/// `weight[sources][targets]` row-major, then `bias[targets]` if `has_bias`, then `slope[targets]` if `has_slope`.
/// Sources and targets come in groups, one group per input site of the block; a target sees a prefix of the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    /// `layer0`, ..., `output`, `skip`.
    pub name: String,
    /// Index of the first weight, counted from the level's first parameter.
    pub offset: usize,
    /// Rows.
    pub sources: usize,
    /// Columns.
    pub targets: usize,
    /// Sources per group.
    pub source_width: usize,
    /// Targets per group.
    pub target_width: usize,
    /// Group of target 0 (the border's groups come first).
    pub first_group: usize,
    /// Border groups of the block.
    pub border: usize,
    /// Whether an own group sees itself.
    pub inclusive: bool,
    /// Whether a bias follows the weights.
    pub has_bias: bool,
    /// Whether PReLU slopes follow the bias.
    pub has_slope: bool,
    /// The patches that it has, if not all; weights elsewhere are 0.
    pub patches: Option<Patches>,
}

impl Weights {
    /// Number of sources that the order of sites lets a target see: sources `0..visible`, those in patches that are there, are unmasked.
    pub fn visible(&self, target: usize) -> usize {
        let group = self.first_group + target / self.target_width;
        let groups = if group < self.border { self.border } else { group + usize::from(self.inclusive) };
        groups * self.source_width
    }

    /// The first target that sees a source; all later ones do as well.
    pub fn first_to_see(&self, source: usize) -> usize {
        let group = source / self.source_width;
        if group < self.border {
            return 0;
        }
        let group = if self.inclusive { group } else { group + 1 };
        ((group - self.first_group) * self.target_width).min(self.targets)
    }

    /// Whether a weight is there: unmasked, and in a patch that is there.
    pub fn sees(&self, target: usize, source: usize) -> bool {
        source < self.visible(target) && self.has_patch(source, target)
    }

    /// Whether the patch of a source and a target is there.
    pub fn has_patch(&self, source: usize, target: usize) -> bool {
        self.patches.as_ref().is_none_or(|patches| patches.has(source, target))
    }

    /// The products of some targets and sources that patches leave, as ranges of both; all in one where there are all patches.
    pub(crate) fn products(
        &self,
        targets: Range<usize>,
        sources: Range<usize>,
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        products(self.patches.as_ref(), targets, sources)
    }

    /// Index of the first bias.
    pub fn bias_offset(&self) -> usize {
        self.offset + self.sources * self.targets
    }

    /// Index of the first slope.
    pub fn slope_offset(&self) -> usize {
        self.bias_offset() + if self.has_bias { self.targets } else { 0 }
    }

    /// One past the last parameter.
    pub fn end(&self) -> usize {
        self.slope_offset() + if self.has_slope { self.targets } else { 0 }
    }

    /// Targets that belong to the border's groups.
    pub fn targets_before_own(&self) -> usize {
        (self.border - self.first_group) * self.target_width
    }

    /// Weights that are there.
    pub fn unmasked(&self) -> usize {
        let of_target = |target: usize| {
            let products = self.products(target..target + 1, 0..self.visible(target));
            products.map(|(_, sources)| sources.len()).sum::<usize>()
        };
        (0..self.targets).map(of_target).sum()
    }

    /// Leaves only the patches with weights between inputs that are near each other.
    fn within(&mut self, is_near: impl Fn(usize, usize) -> bool) {
        let groups = |range: Range<usize>, width: usize| range.start / width..(range.end - 1) / width + 1;
        let is_there = |sources: Range<usize>, targets: Range<usize>| {
            groups(targets, self.target_width).any(|target| {
                groups(sources.clone(), self.source_width)
                    .any(|source| is_near(source, self.first_group + target))
            })
        };
        self.patches = Some(Patches::new([self.sources, self.targets], is_there));
    }
}

/// Parameters that share a learning rate.
const RATE_RUN: usize = 64;
/// Inputs up to which a net learns at the full rate.
const FULL_RATE_INPUTS: f64 = 60.0;

/// A level's net: `border` conditioning sites, `own` output sites, `depth` hidden layers of `width` units per site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedNet {
    /// Conditioning sites.
    pub border: usize,
    /// Output sites.
    pub own: usize,
    /// How spins stand for inputs and logits.
    pub encoding: Encoding,
    /// Hidden units per input site and layer.
    pub width: usize,
    /// Hidden layers.
    pub depth: usize,
    /// Symmetry rule.
    pub gauge: Gauge,
    /// Hidden layers, first to last.
    pub layers: Vec<Weights>,
    /// Last hidden layer to logits.
    pub output: Weights,
    /// Inputs to logits, if the coupling skip is on.
    pub skip: Option<Weights>,
}

impl MaskedNet {
    /// Lays out a net of Ising spins.
    pub fn new(border: usize, own: usize, width: usize, depth: usize, skip: bool, gauge: Gauge) -> Self {
        Self::of(Encoding::Sign, [border, own], [width, depth], skip, gauge)
    }

    /// Lays out a net with `[border, own]` sites and `[width, depth]` hidden units.
    pub fn of(
        encoding: Encoding,
        [border, own]: [usize; 2],
        [width, depth]: [usize; 2],
        skip: bool,
        gauge: Gauge,
    ) -> Self {
        let inputs = border + own;
        let units = inputs * width;
        let per_site = encoding.numbers();
        let mut next = 0;
        let mut place = |mut weights: Weights| {
            weights.offset = next;
            next = weights.end();
            weights
        };
        let layers = (0..depth)
            .map(|layer| {
                place(Weights {
                    name: format!("layer{layer}"),
                    offset: 0,
                    sources: if layer == 0 { inputs * per_site } else { units },
                    targets: units,
                    source_width: if layer == 0 { per_site } else { width },
                    target_width: width,
                    first_group: 0,
                    border,
                    inclusive: layer > 0,
                    has_bias: true,
                    has_slope: true,
                    patches: None,
                })
            })
            .collect();
        let logits = |name: &str, sources, source_width, inclusive| Weights {
            name: name.to_owned(),
            offset: 0,
            sources,
            targets: own * per_site,
            source_width,
            target_width: per_site,
            first_group: border,
            border,
            inclusive,
            has_bias: inclusive,
            has_slope: false,
            patches: None,
        };
        let output = place(logits("output", units, width, true));
        let skip = skip.then(|| place(logits("skip", inputs * per_site, per_site, false)));
        Self { border, own, encoding, width, depth, gauge, layers, output, skip }
    }

    /// The same net without weights of hidden units between inputs that are far from each other: their matrices keep the patches in which
    /// any two inputs are near. The linear term sees everything.
    pub fn within(mut self, is_near: impl Fn(usize, usize) -> bool) -> Self {
        self.layers.iter_mut().chain([&mut self.output]).for_each(|weights| weights.within(&is_near));
        self
    }

    /// Input sites: border and own.
    pub fn inputs(&self) -> usize {
        self.border + self.own
    }

    /// Whether the spin of an own site fixes the gauge: its logits count as 0, and the net sees +1 or colour 0 there.
    pub fn fixes_gauge(&self, site: usize) -> bool {
        site == 0 && self.gauge == Gauge::FirstOwn
    }

    /// Numbers that stand for the inputs: one for every spin, or one for every colour of every site.
    pub fn input_numbers(&self) -> usize {
        self.inputs() * self.encoding.numbers()
    }

    /// Logits: one for every own spin, or one for every colour of every own site.
    pub fn logits(&self) -> usize {
        self.own * self.encoding.numbers()
    }

    /// Hidden units per layer.
    pub fn units(&self) -> usize {
        self.inputs() * self.width
    }

    /// Whether hidden matrices have only some of their patches.
    pub fn has_patches(&self) -> bool {
        self.output.patches.is_some()
    }

    /// All matrices in storage order.
    pub fn weights(&self) -> impl Iterator<Item = &Weights> {
        self.layers.iter().chain([&self.output]).chain(&self.skip)
    }

    /// By how much the net's learning rate is lowered when rates are scaled: an Adam step moves every weight by the rate,
    /// and a logit by the sum over the sources that it sees.
    pub fn rate_factor(&self) -> f64 {
        (FULL_RATE_INPUTS / self.inputs() as f64).min(1.0)
    }

    /// Parameters before the linear term as learning rates count them: in runs of 64, of which one that it begins in is not its own. All
    /// of them without that term, and the padding behind them.
    pub fn before_linear(&self) -> usize {
        let end = self.skip.as_ref().map_or(self.parameters(), |skip| skip.offset);
        let padded = self.parameters().next_multiple_of(LEVEL_ALIGNMENT);
        end.next_multiple_of(RATE_RUN).min(padded)
    }

    /// Parameters stored, masked zeros included.
    pub fn parameters(&self) -> usize {
        self.weights().last().map_or(0, Weights::end)
    }

    /// Multiply-adds of one forward pass over one block, unmasked entries only.
    pub fn multiply_adds(&self) -> usize {
        self.weights().map(Weights::unmasked).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_counts_are_the_published_ones() {
        // Boundary and squares of side L, L/2, ..., 4; 15,446 at L = 16 and so on (arXiv:2203.10989, masked entries counted).
        for (size, expected) in [(16, 15_446), (32, 67_499), (64, 282_144), (128, 1_153_749)] {
            let mut total = MaskedNet::new(0, 2 * size - 1, 1, 1, false, Gauge::None).parameters();
            let mut side = size;
            while side >= 4 {
                total += MaskedNet::new(4 * side - 4, 2 * side - 3, 1, 1, false, Gauge::None).parameters();
                side /= 2;
            }
            assert_eq!(total, expected, "L = {size}");
        }
    }

    #[test]
    fn masks_follow_the_order_of_sites() {
        let net = MaskedNet::new(3, 4, 2, 2, true, Gauge::None);
        let [first, second] = &net.layers[..] else { panic!("depth 2") };
        assert_eq!(first.visible(0), 3, "a border unit sees the border only");
        assert_eq!(first.visible(2 * 3), 3, "the first own group sees no own site");
        assert_eq!(first.visible(2 * 5 + 1), 5, "own group 2 sees own sites 0 and 1");
        assert_eq!(second.visible(5), 6, "a deeper border unit sees all border units");
        assert_eq!(second.visible(2 * 5), 12, "a deeper own group sees itself");
        assert_eq!(net.output.visible(2), 12, "an output sees its own group");
        assert_eq!(net.skip.as_ref().unwrap().visible(2), 5, "the skip sees earlier sites only");
    }

    #[test]
    fn matrices_do_not_overlap() {
        let net = MaskedNet::new(12, 5, 3, 3, true, Gauge::Border);
        let mut next = 0;
        for weights in net.weights() {
            assert_eq!(weights.offset, next);
            assert!(weights.end() > weights.bias_offset() || weights.name == "skip");
            next = weights.end();
        }
        assert_eq!(next, net.parameters());
    }
}
