//! The whole test suite as one binary: one link, one set of helpers.

mod cli;
mod gradients;
mod harness;
mod kernels;
mod normalisation;
mod physics;
mod shaders;
mod training;
