//! From a device's name to a backend.

use crate::backend::Backend;
use crate::conditional::Model;
use crate::cpu::Cpu;
use crate::error::Result;
use crate::gpu::{Gpu, select};
use std::sync::Arc;

/// Opens the device that `wanted` names: `auto` (a discrete GPU, else an integrated one, else the CPU backend), `cpu`, or
/// the index or a part of the name of an adapter.
///
/// # Errors
/// When there is no such device, or the model does not fit it.
pub fn open(wanted: &str, model: Arc<Model>, batch: usize) -> Result<Box<dyn Backend>> {
    if wanted == "cpu" {
        return Ok(Box::new(Cpu::<f32>::open(model, batch)?));
    }
    Ok(match select(wanted)? {
        Some(adapter) => Box::new(Gpu::open(&adapter, model, batch)?),
        None => Box::new(Cpu::<f32>::open(model, batch)?),
    })
}
