//! Temperatures of configurations: at which a given system would show them.

mod pseudo_likelihood;

pub use pseudo_likelihood::pseudo_likelihood;
