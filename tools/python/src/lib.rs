//! The native part of the Python package `han_gpu`: the library's functions on numpy arrays. Words, defaults and progress
//! bars are those of the package's Python files.

mod errors;
mod network;
mod outside;
mod run;
mod settings;
mod training;
mod watch;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::outside::{devices, exact, monte_carlo};
    #[pymodule_export]
    use crate::run::Run;
    #[pymodule_export]
    use crate::settings::settings;
    #[pymodule_export]
    use crate::training::train;
}
