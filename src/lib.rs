//! Crate docs.
pub mod conditional;
pub mod error;
pub mod hierarchy;
pub mod lattice;
pub mod random;
pub use error::{Error, Result};
