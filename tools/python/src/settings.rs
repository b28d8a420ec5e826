//! Settings: Python values as TOML, and the table of all settings.

use crate::errors::raised;
use han_gpu::Error;
use han_gpu::config::{COMMAND_LINE, Config, SETTINGS};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde::Serialize;
use toml::{Table, Value};

/// A dictionary of settings as a layer of settings; those that are None are left out.
pub(crate) fn table(settings: &Bound<'_, PyDict>) -> PyResult<Table> {
    let mut table = Table::new();
    for (key, value) in settings.iter().filter(|(_, value)| !value.is_none()) {
        let key: String = key.extract()?;
        let value = toml_value(&key, &value)?;
        table.insert(key, value);
    }
    Ok(table)
}

fn toml_value(key: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Value::String(text.to_string()));
    }
    if let Ok(switch) = value.extract::<bool>() {
        return Ok(Value::Boolean(switch));
    }
    if value.hasattr("__fspath__")? {
        return Ok(Value::String(value.call_method0("__fspath__")?.str()?.to_string()));
    }
    // Numbers of numpy are among these.
    if value.hasattr("__index__")?
        && let Ok(integer) = value.extract::<i64>()
    {
        return Ok(Value::Integer(integer));
    }
    if let Ok(number) = value.extract::<f64>() {
        return Ok(Value::Float(number));
    }
    if let Ok(values) = value.try_iter() {
        let values = values.map(|value| toml_value(key, &value?)).collect::<PyResult<Vec<_>>>()?;
        return Ok(Value::Array(values));
    }
    let message = format!(
        "{key} = {} is not possible: a setting is a number, a text, True, False or a list of numbers",
        value.repr()?
    );
    Err(raised(value.py(), &Error::Config { path: COMMAND_LINE.into(), message }))
}

/// What a user may know of a setting.
#[derive(Serialize)]
struct Described {
    key: &'static str,
    section: &'static str,
    default: serde_json::Value,
    range: Option<String>,
    derived: Option<&'static str>,
    help: &'static str,
}

/// Every setting of `config.toml` as JSON.
#[pyfunction]
pub(crate) fn settings() -> PyResult<String> {
    let defaults = serde_json::to_value(Config::default()).map_err(|error| json_failure(&error))?;
    let described = SETTINGS.iter().map(|setting| Described {
        key: setting.key,
        section: setting.section.name(),
        default: defaults[setting.key].clone(),
        range: setting.range_words(),
        derived: setting.derived,
        help: setting.help,
    });
    json(&described.collect::<Vec<_>>())
}

/// The text that the package's Python files make objects of.
pub(crate) fn json(value: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| json_failure(&error))
}

fn json_failure(error: &serde_json::Error) -> PyErr {
    pyo3::exceptions::PyRuntimeError::new_err(error.to_string())
}
