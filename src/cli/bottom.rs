//! Flags of another bottom than a network's own.

use crate::conditional::{BottomKind, LARGEST_EXACT, MOST_BOND_STATES, Model};
use crate::config::Config;
use crate::error::Error;
use crate::lattice::MIN_SIDE;
use std::fmt;

/// States of a bond where none are asked for.
const BOND_DIMENSION: i64 = 8;

/// Draws the insides of larger boxes than the network's own without nets, given what its nets draw around them.
#[derive(Debug, Clone, clap::Args)]
#[command(group = clap::ArgGroup::new("tensor").multiple(true))]
pub(super) struct BottomFlags {
    /// Draw the insides of boxes by a tensor network, a boundary matrix product state, where the network has nets and exact sums; on the CPU
    #[arg(long, value_enum, group = "tensor")]
    bottom: Option<BottomName>,
    /// States of a bond of the tensor network, 1 to 64: time grows with their third power
    #[arg(long, value_name = "STATES", requires = "tensor", default_value_t = BOND_DIMENSION)]
    bond_dimension: i64,
    /// Side of the boxes, or their lengths as 16x32 [default: the side of the lattice, whose boundary nets then draw alone]
    #[arg(long, value_name = "SIDE", requires = "bottom")]
    bottom_side: Option<Lengths>,
    /// Draw the insides of boxes of this side, 16, or of these lengths, 16x32, by exact sums; on the CPU
    #[arg(long, value_name = "SIDE", conflicts_with = "bottom")]
    exact_bottom: Option<Lengths>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum BottomName {
    Mps,
}

/// Side of boxes, and their length where they are longer, else 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lengths {
    side: u32,
    length: u32,
}

impl std::str::FromStr for Lengths {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<u32>();
        let found = match text.split_once(['x', 'X']) {
            None => number(text).map(|side| Self { side, length: 0 }),
            Some((side, length)) => number(side)
                .and_then(|side| Ok((side, number(length)?)))
                .map(|(side, length)| Self { side, length: if length == side { 0 } else { length } }),
        };
        found.map_err(|_| "it must be a side such as 16, or lengths such as 16x32".to_owned())
    }
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { side, length: 0 } => write!(f, "{side}"),
            Self { side, length } => write!(f, "{side}x{length}"),
        }
    }
}

/// Checks that a network on the square lattice has boxes of the lengths that a flag gives.
fn check_boxes(flag: &'static str, asked: Lengths, model: &Model) -> crate::Result<()> {
    let (least, most) = match flag {
        "exact-bottom" => (MIN_SIDE, LARGEST_EXACT),
        _ => (MIN_SIDE, u32::MAX),
    };
    let lengths = |extent: &[u32]| match *extent {
        [side, length] if side == length => Some(Lengths { side, length: 0 }),
        [side, length] if side < length => Some(Lengths { side, length }),
        _ => None,
    };
    let boxes = model.boxes().into_iter().filter_map(lengths);
    let boxes: Vec<Lengths> = boxes.filter(|boxes| (least..=most).contains(&boxes.side)).collect();
    if boxes.contains(&asked) {
        return Ok(());
    }
    let names: Vec<String> = boxes.iter().map(Lengths::to_string).collect();
    let expected = match names.is_empty() {
        true => "this network has no boxes for it".to_owned(),
        false => format!("it must be one of the boxes of this network: {}", names.join(", ")),
    };
    Err(Error::setting(flag, asked, expected))
}

impl BottomFlags {
    /// States of a bond, checked.
    pub(super) fn bond_dimension(&self) -> crate::Result<usize> {
        usize::try_from(self.bond_dimension)
            .ok()
            .filter(|states| (1..=MOST_BOND_STATES).contains(states))
            .ok_or_else(|| {
                let expected = format!("it must lie in 1 to {MOST_BOND_STATES}");
                Error::setting("bond-dimension", self.bond_dimension, expected)
            })
    }

    /// Whether another bottom than the network's own is asked for.
    pub(super) fn is_given(&self) -> bool {
        self.bottom.is_some() || self.exact_bottom.is_some()
    }

    /// The network with the bottom that is asked for, and its settings and parameters.
    pub(super) fn apply(
        &self,
        config: Config,
        model: Model,
        parameters: Vec<f32>,
    ) -> crate::Result<(Config, Model, Vec<f32>)> {
        let whole = Lengths { side: config.size, length: 0 };
        let states = self.bond_dimension()?;
        let (flag, lengths, bond_dimension) = match (self.bottom, self.exact_bottom) {
            (Some(BottomName::Mps), _) => ("bottom-side", self.bottom_side.unwrap_or(whole), states),
            (None, Some(lengths)) => ("exact-bottom", lengths, 0),
            (None, None) => return Ok((config, model, parameters)),
        };
        if !model.has_square_boxes() {
            let expected = "only boxes of Ising spins of hierarchical networks on the square lattice are drawn otherwise than the network draws them; leave the flag out";
            let flag = if bond_dimension > 0 { "bottom" } else { flag };
            let asked = if bond_dimension > 0 { "mps".to_owned() } else { lengths.to_string() };
            return Err(Error::setting(flag, asked, expected));
        }
        check_boxes(flag, lengths, &model)?;
        let Lengths { side, length } = lengths;
        let (model, parameters) = model.with_bottom(&parameters, side, length, bond_dimension)?;
        let config = Config {
            exact_bottom: side,
            exact_length: length,
            bottom: if bond_dimension > 0 { BottomKind::Mps } else { BottomKind::Exact },
            bond_dimension: if bond_dimension > 0 { bond_dimension } else { config.bond_dimension },
            ..config
        };
        Ok((config, model, parameters))
    }
}
