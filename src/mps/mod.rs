//! Insides of boxes by a tensor network: a boundary matrix product state sums the rows below a row, truncated to a bond dimension, and spins are drawn row by row from the conditional
//! probabilities that follow, each brought to a sum of 1. So q is normalised whatever was lost, and its divergence tells how much (M. Frias-Perez, M. Marien, D. Perez-Garcia, M. C. Banuls and
//! S. Iblisdir, SciPost Phys. 14, 123, 2023).

mod by_level;
mod environment;
mod factors;
mod line;
mod product;
mod sampler;
mod scratch;
#[cfg(test)]
mod tests;

pub use by_level::{LevelDivergence, Levels, check_levels, divergence_by_level};
pub(crate) use sampler::{BoxSampler, Source};
pub(crate) use scratch::{MOST_STATES_ON_GPU, Scratch};
