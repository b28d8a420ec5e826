//! Crate docs.
pub mod backend;
pub mod conditional;
pub mod cpu;
pub mod error;
pub mod exact;
pub mod hierarchy;
pub mod lattice;
pub mod random;
pub mod schedule;
pub use error::{Error, Result};
