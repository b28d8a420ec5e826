//! Restricted Boltzmann machines that learn configurations of spins.

mod backend;
mod bits;
mod cpu;
mod data;
mod exact;
mod flow;
mod likelihood;
mod machine;
mod mean_field;
mod on_cpu;
mod partition;
mod settings;
mod singular;
mod step;
mod sums;
#[cfg(test)]
mod tests;
mod thermodynamics;
mod track;
mod training;

pub use backend::Backend;
pub use bits::Bits;
pub use cpu::{Cpu, Draw, Probabilities, Statistics};
pub use data::{Data, Recipe, are_different, number_list, number_range, numbers_within};
pub use exact::ln_z;
pub use flow::{Flow, FlowKind};
pub(crate) use likelihood::ln_conditional;
pub use machine::{Machine, Parameters};
pub use mean_field::MeanField;
pub use partition::TEMPERATURES;
pub use settings::{RateSchedule, Settings};
pub use singular::singular_values;
pub use step::{Learner, Rule};
pub use thermodynamics::Thermodynamics;
pub use track::{Source, Start, Track};
pub use training::{Metrics, State, Training};
