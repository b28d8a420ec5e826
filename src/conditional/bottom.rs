//! How the smallest boxes of a network are drawn, which have no nets.

use super::{Model, NetOptions};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Ways to draw the insides of the smallest boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BottomKind {
    /// By sums over all of their configurations.
    #[default]
    Exact,
    /// By boundary matrix product states ([`mps`](crate::mps)).
    Mps,
}

impl BottomKind {
    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Mps => "mps",
        }
    }
}

impl Model {
    /// The network with larger boxes at the bottom, and its parameters: nets fix the borders of these as before, and what they would draw inside is drawn by exact sums, or by matrix
    /// product states of a bond dimension other than 0. `length` is that of boxes that are longer than wide, twice their side; else 0.
    ///
    /// # Errors
    /// When the network has no such boxes, or a number is out of range.
    pub fn with_bottom(
        &self,
        parameters: &[f32],
        side: u32,
        length: u32,
        bond_dimension: usize,
    ) -> Result<(Self, Vec<f32>)> {
        let options = NetOptions { exact_bottom: side, exact_length: length, bond_dimension, ..self.options };
        let other = Self { storage: self.storage, ..Self::new(self.system.clone(), options)? };
        let mut own = vec![0.0; other.parameters];
        if other.take_over(&mut own, self, parameters, 1.0) < other.nets().count() {
            let named = |lengths: &[u32]| lengths.iter().map(u32::to_string).collect::<Vec<_>>().join(" x ");
            let boxes: Vec<String> = self.boxes().into_iter().map(named).collect();
            let expected = format!("the boxes of this network are {}", boxes.join(", "));
            return Err(Error::setting("bottom", named(&[side, side.max(length)]), expected));
        }
        Ok((other, own))
    }

    /// Lengths of the boxes that the network cuts, and of those that it draws without a net; the largest first.
    pub(crate) fn boxes(&self) -> Vec<&[u32]> {
        let mut boxes: Vec<&[u32]> =
            self.hierarchy.levels.iter().skip(1).map(|level| &level.extent[..]).collect();
        boxes.dedup();
        boxes
    }
}
