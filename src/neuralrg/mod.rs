//! NeuralRG: a multiscale flow of bijectors that learns the continuous field dual to the Ising model (S.-H. Li and L. Wang, Phys. Rev. Lett. 121, 260601, 2018).

mod adam;
mod backend;
mod block;
mod coupling;
mod dual;
mod fields;
mod flow;
mod gradient;
mod hmc;
mod leapfrog;
mod net;
mod noise;
mod on_cpu;
mod renormalised;
mod settings;
mod stack;
mod symmetry;
#[cfg(test)]
mod tests;
mod training;
mod waves;

pub use crate::sixteen::LANES;
pub use adam::{Moments, Rule};
pub use backend::{Backend, Leaps, Lesson, Point, Space};
pub use dual::Dual;
pub use fields::Fields;
pub(crate) use flow::ln_normal_constant;
pub use flow::{Architecture, Flow};
pub use gradient::{Batch, Estimator};
pub use hmc::Hmc;
pub use noise::Noise;
pub use on_cpu::Learner;
pub use renormalised::{
    Couplings, Information, Latents, Response, couplings, information, latents, responses,
};
pub use settings::{CRITICAL_TEMPERATURE, Settings};
pub use stack::{Parts, Stack};
pub use symmetry::Symmetry;
pub use training::{Metrics, State, Training};
