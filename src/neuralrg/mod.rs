//! NeuralRG: a multiscale flow of bijectors that learns the continuous field dual to the Ising model (S.-H. Li and L. Wang, Phys. Rev. Lett. 121, 260601, 2018).

mod dual;
mod fields;
mod lanes;
mod noise;
mod stack;
mod waves;

pub use dual::Dual;
pub use fields::Fields;
pub use lanes::LANES;
pub use noise::Noise;
pub use stack::{Parts, Stack};
