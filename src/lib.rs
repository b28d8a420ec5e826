//! Crate docs.
pub mod backend;
pub mod conditional;
pub mod cpu;
pub mod device;
pub mod error;
pub mod estimate;
pub mod exact;
pub mod gpu;
pub mod hierarchy;
pub mod io;
pub mod lattice;
pub mod random;
pub mod sample;
pub mod schedule;
pub mod train;
pub use error::{Error, Result};
