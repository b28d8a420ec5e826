//! The kernels, each in one file: what is said of it (`KERNEL`) and its twin on the CPU (`run`). Its shader has the same path in
//! `shaders/`. No device is known here.

mod axis;
mod box_shape;
mod description;
mod inputs;
mod jobs;
mod shape;
mod slot;
mod table;

mod sample {
    pub(crate) mod box_free_energy;
    pub(crate) mod evaluate_box;
    pub(crate) mod evaluate_heat_bath;
    pub(crate) mod evaluate_image;
    pub(crate) mod evaluate_level;
    pub(crate) mod evaluate_pairs;
    pub(crate) mod evaluate_tensor;
    pub(crate) mod heat_bath_free_energy;
    pub(crate) mod mix_images;
    pub(crate) mod sample_box;
    pub(crate) mod sample_heat_bath;
    pub(crate) mod sample_level;
    pub(crate) mod sample_pairs;
    pub(crate) mod sample_tensor;
    pub(crate) mod unpack_spins;
}

#[allow(
    clippy::module_inception,
    reason = "a phase is called after what it computes, as is the kernel that does"
)]
mod reward {
    pub(crate) mod advantage;
    pub(crate) mod baseline;
    pub(crate) mod configuration_energy;
    pub(crate) mod energy;
    pub(crate) mod likelihood;
    pub(crate) mod moments;
    pub(crate) mod regression;
    pub(crate) mod regressors;
    pub(crate) mod residual;
    pub(crate) mod reward;
    pub(crate) mod share_advantage;
}

mod backward {
    pub(crate) mod backward_hidden;
    pub(crate) mod backward_output;
    pub(crate) mod backward_pairs;
    pub(crate) mod backward_slope;
    pub(crate) mod backward_weights;
    pub(crate) mod gradient_sum;
}

mod optimise {
    pub(crate) mod adam;
    pub(crate) mod gradient_norm;
}

mod monte_carlo {
    pub(crate) mod heat_bath_sweep;
    pub(crate) mod metropolis;
    pub(crate) mod observables;
    pub(crate) mod sweep_replicas;
}

pub use box_shape::BoxShape;
pub use description::Phase;
pub use inputs::{Adam, COLUMNS, Chunk, Inputs, RewardShift};
pub use shape::{Exchange, JobSize, Loads, Shape};
pub use slot::{Access, Slot};
pub use table::Kernel;

pub use jobs::Job;

pub(crate) use axis::{Axis, Choice, LaneRows, Variant};
pub(crate) use backward::backward_hidden::UNITS as BACKWARD_UNITS;
pub(crate) use backward::gradient_sum::groups as gradient_groups;
pub(crate) use description::{
    Constants, Cost, Description, OnLevel, OnNet, Spread, Work, box_constants, groups_of, lanes_and,
};
pub(crate) use jobs::jobs;
pub(crate) use reward::moments::SLICES as MOMENT_SLICES;
pub(crate) use shape::{
    LANES, QUAD, REDUCING_LANES, SHARING_LANES, SOFTWARE_TURNS, SOURCES_PER_TURN, STAGED,
};

/// Text of the shader at a path in `shaders/`.
macro_rules! shader {
    ($($path:literal),+) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $($path,)+ ".wgsl"))
    };
}
pub(crate) use shader;
