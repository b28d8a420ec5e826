//! Exceptions of Python from errors of the library, with its messages.

use han_gpu::Error;
use han_gpu::config::COMMAND_LINE;
use pyo3::prelude::*;
use std::path::Path;

/// The Python module of the exceptions.
const MODULE: &str = "han_gpu._errors";

/// The exception of an error.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error {
        Error::File { .. } | Error::Content { .. } | Error::RunExists { .. } | Error::FolderInUse { .. } => {
            "FileError"
        }
        Error::DeviceLimit { .. } | Error::Device { .. } | Error::Shader { .. } => "DeviceError",
        error if error.is_usage() => "SettingError",
        _ => "Error",
    };
    let message = match error {
        // There is none here.
        Error::Config { path, message } if path == Path::new(COMMAND_LINE) => message.clone(),
        error => error.to_string(),
    };
    match py.import(MODULE).and_then(|module| module.getattr(class)?.call1((message,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

/// Results of the library as those of a Python function.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception of the error.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for han_gpu::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raised(py, &error))
    }
}
