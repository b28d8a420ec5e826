//! Another bottom for a trained network than its own.

use super::Config;
use crate::conditional::{BottomKind, LARGEST_EXACT, MOST_BOND_STATES, Model};
use crate::error::{Error, Result};
use crate::lattice::MIN_SIDE;
use std::fmt;
use std::str::FromStr;

/// How the insides of larger boxes than a network's own are drawn without nets, given what its nets draw around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherBottom {
    /// By a tensor network, a boundary matrix product state.
    Mps {
        /// States of a bond.
        bond_dimension: usize,
        /// Lengths of the boxes; by default those of the lattice, whose boundary nets then draw alone.
        lengths: Option<Lengths>,
    },
    /// By exact sums.
    Exact(Lengths),
}

/// Side of boxes, and their length where they are longer, else 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// The shorter side.
    pub side: u32,
    /// The longer one; 0: both are alike.
    pub length: u32,
}

impl FromStr for Lengths {
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

impl Lengths {
    /// The lengths of a box on the square lattice.
    fn of(extent: &[u32]) -> Option<Self> {
        match *extent {
            [side, length] if side == length => Some(Self { side, length: 0 }),
            [side, length] if side < length => Some(Self { side, length }),
            _ => None,
        }
    }
}

/// Checks that a network has boxes of the lengths that a setting gives, with sides up to a most.
fn check_boxes(setting: &'static str, asked: Lengths, most: u32, model: &Model) -> Result<()> {
    let boxes = model.boxes().into_iter().filter_map(Lengths::of);
    let boxes: Vec<Lengths> = boxes.filter(|boxes| (MIN_SIDE..=most).contains(&boxes.side)).collect();
    if boxes.contains(&asked) {
        return Ok(());
    }
    let names: Vec<String> = boxes.iter().map(Lengths::to_string).collect();
    let expected = match names.is_empty() {
        true => "this network has no boxes for it".to_owned(),
        false => format!("it must be one of the boxes of this network: {}", names.join(", ")),
    };
    Err(Error::setting(setting, asked, expected))
}

impl OtherBottom {
    /// The network with this bottom, and its settings and parameters, from those of the network with its own.
    ///
    /// # Errors
    /// When the network cannot have it, or a number is out of range.
    pub fn apply(
        self,
        config: Config,
        model: Model,
        parameters: &[f32],
    ) -> Result<(Config, Model, Vec<f32>)> {
        let whole = Lengths { side: config.size, length: 0 };
        let (setting, asked, lengths, bond_dimension) = match self {
            Self::Mps { bond_dimension, .. } if !(1..=MOST_BOND_STATES).contains(&bond_dimension) => {
                let expected = format!("it must lie in 1 to {MOST_BOND_STATES}");
                return Err(Error::setting("bond_dimension", bond_dimension, expected));
            }
            Self::Mps { bond_dimension, lengths } => {
                ("bottom", "mps".to_owned(), lengths.unwrap_or(whole), bond_dimension)
            }
            Self::Exact(lengths) => ("exact_bottom", lengths.to_string(), lengths, 0),
        };
        if !model.has_square_boxes() {
            let expected = "only boxes of Ising spins of hierarchical networks on the square lattice are drawn otherwise than the network draws them; leave it out";
            return Err(Error::setting(setting, asked, expected));
        }
        match self {
            Self::Mps { .. } => check_boxes("bottom_side", lengths, u32::MAX, &model),
            Self::Exact(_) => check_boxes("exact_bottom", lengths, LARGEST_EXACT, &model),
        }?;
        let Lengths { side, length } = lengths;
        let (model, parameters) = model.with_bottom(parameters, side, length, bond_dimension)?;
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
