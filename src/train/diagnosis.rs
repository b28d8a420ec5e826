//! Where NaN or infinity came from.

use crate::backend::{Backend, Tensor};
use crate::conditional::LevelModel;
use crate::error::{Error, Result};

/// Names the level that is not finite, reading the device's state. The parameters are still those of the bad step: Adam
/// has skipped all since.
pub(super) fn diagnose(backend: &mut dyn Backend, step: u32, checkpoint_step: u32) -> Error {
    match find_not_finite(backend) {
        Ok((level, what)) => {
            let geometry = &backend.model().hierarchy.levels[level];
            Error::NotFinite {
                step: step.into(),
                level,
                level_name: geometry.to_string(),
                what,
                checkpoint_step: checkpoint_step.into(),
            }
        }
        // A browser cannot be waited for.
        Err(_) if cfg!(target_family = "wasm") => Error::NotFinite {
            step: step.into(),
            level: 0,
            level_name: "or another one".to_owned(),
            what: "a number",
            checkpoint_step: checkpoint_step.into(),
        },
        Err(error) => error,
    }
}

fn find_not_finite(backend: &mut dyn Backend) -> Result<(usize, &'static str)> {
    let batch = backend.batch();
    let parameters = backend.read(Tensor::Parameters)?;
    let ln_q = backend.read(Tensor::LnQ)?;
    let gradient = backend.read(Tensor::Gradient)?;
    let model = backend.model();
    let bad = |values: &[f64]| values.iter().any(|value| !value.is_finite());
    let level_of = |values: &[f64]| {
        let is_bad = |level: &LevelModel| bad(&values[level.offset..][..level.conditional.parameters()]);
        model.learning().find(|(_, level)| is_bad(level)).map(|(k, _)| k)
    };
    let rows =
        |k: usize| model.hierarchy.blocks_before(k) * batch..model.hierarchy.blocks_before(k + 1) * batch;
    let by_ln_q = || model.learning().find(|(k, _)| bad(&ln_q[rows(*k)])).map(|(k, _)| (k, "ln q"));
    Ok(level_of(&parameters)
        .map(|k| (k, "a parameter"))
        .or_else(by_ln_q)
        .or_else(|| level_of(&gradient).map(|k| (k, "the gradient")))
        .unwrap_or((0, "the gradient")))
}
