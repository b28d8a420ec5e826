//! The whole test suite as one binary: one link, one set of helpers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::print_stdout, reason = "a test says what it leaves out and what it heard")]

mod allocations;
mod architecture;
mod baselines;
mod boxes;
mod chain;
mod cli;
mod cli_comfort;
mod cli_measure;
mod compilers;
mod contract;
mod couplings;
mod dense_kernels;
mod embed;
mod everyday;
mod exact;
mod faults;
mod flow_kernels;
mod gradients;
mod harness;
mod hostile;
mod kernels;
mod measure;
mod memory;
mod monte_carlo;
mod neuralrg;
mod normalisation;
mod pairs;
mod physics;
mod potts;
mod rbm;
mod rbm_flow;
mod rbm_kernels;
mod readers;
mod reference;
mod reference_pairs;
mod renormalise;
mod shaders;
mod single_kernels;
mod table;
mod tensor;
mod tensor_kernels;
mod training;
mod trust;
mod tuning;
mod windows;
