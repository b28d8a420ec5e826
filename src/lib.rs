//! Hierarchical autoregressive networks for spin lattices, on any GPU or without one.
//!
//! A network `q(s)` fixes the spins of an `L x L` Ising torus level by level: a boundary, then the crosses of ever smaller
//! squares, each drawn by a masked dense net given its border (arXiv:2203.10989). It is trained to the Boltzmann
//! distribution, draws uncorrelated configurations and knows their probability, which gives ln Z with an honest error.
//!
//! ```
//! use han_gpu::{backend::{Backend, Tensor}, cpu::Cpu, estimate::importance, sample::{Draws, log_weights}, config::Config};
//! use std::{ops::ControlFlow, sync::Arc};
//!
//! let config = Config { size: 8, ..Config::default() };
//! let model = Arc::new(config.model()?);
//! let mut cpu = Cpu::<f32>::new(model.clone(), 256);
//! // Even untrained, q is a valid proposal: it starts as a heat bath that ignores what is not fixed yet.
//! cpu.write(Tensor::Parameters, &model.initial_parameters(0, 0.2))?;
//! let ln_w = log_weights(&mut cpu, Draws { seed: 1, beta: 0.2, count: 2_000 }, |_| ControlFlow::Continue(()))?.ln_w;
//! let exact = han_gpu::exact::ln_z(&model.system, 0.2).expect("known without field");
//! let estimate = importance(&ln_w).ln_z;
//! assert!(estimate.deviation(exact).abs() < 5.0);
//! # Ok::<(), han_gpu::Error>(())
//! ```
//!
//! Modules, from the physics up: [`lattice`] and [`hierarchy`] hold sites, bonds and blocks as tables; [`conditional`] the
//! nets and their parameter layout; [`schedule`] lists the kernels of a step; [`cpu`] and [`gpu`] run such lists behind
//! one [`backend`] interface; [`train::Trainer`] trains a network on one, and [`sample`], [`measure`], [`mc`], [`estimate`] and [`exact`] are the other uses; [`thermometer`] tells temperatures of configurations, with a net of [`dense`] among others, and [`renormalise`] couplings of coarser lattices; [`neuralrg`] learns the continuous field dual to spins; [`engine`] trains inside other wgpu
//! applications; [`io`] are the files.

pub mod backend;
mod cache;
#[cfg(feature = "cli")]
pub mod cli;
mod clock;
pub mod conditional;
pub mod config;
mod counted;
pub mod cpu;
pub mod dense;
pub mod device;
pub mod disorder;
pub mod engine;
pub mod error;
pub mod estimate;
pub mod exact;
pub mod gpu;
pub mod hierarchy;
pub mod io;
mod kernels;
pub mod lattice;
pub mod mc;
pub mod measure;
mod memory;
pub mod mps;
pub mod neuralrg;
mod pace;
#[cfg(feature = "cli")]
pub mod plot;
pub mod random;
pub mod ranks;
pub mod rbm;
pub mod renormalise;
pub mod sample;
pub mod schedule;
mod sixteen;
pub mod thermometer;
pub mod timing;
pub mod train;
mod trained;
mod transpose;

pub use error::{Error, Result};
pub use pace::Pace;
pub use trained::Trained;
pub use wgpu;
