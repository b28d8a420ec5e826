//! Tables that heads over pairs of sites have beside their parameters.

use super::Real;
use super::mean_field::MeanField;
use crate::conditional::{Head, Model, PairHead, exact_logits};

/// Numbers of a system that its head needs.
#[derive(Debug)]
pub(crate) struct PairTables<R> {
    /// Logits of the head `cw`, as `exact_logits` in `src/conditional/pair_head.rs` gives them; empty until they are prepared.
    pub(crate) exact_logits: Vec<R>,
    /// Their inverse temperature; NaN before there are any.
    exact_beta: f64,
    /// Couplings for the head `tap`.
    pub(crate) mean_field: Option<MeanField<R>>,
}

impl<R: Real> PairTables<R> {
    pub(crate) fn new(model: &Model) -> Self {
        let has_corrections = model.pair_head().is_some_and(PairHead::has_corrections);
        let unit = model.system.interaction.coupling;
        let mean_field = has_corrections.then(|| MeanField::new(&model.hierarchy.levels[0], unit));
        Self { exact_logits: Vec::new(), exact_beta: f64::NAN, mean_field }
    }

    /// Computes exact logits where those of another temperature are there.
    pub(crate) fn prepare(&mut self, model: &Model, beta: f64) {
        let is_exact = model.pair_head().is_some_and(|pairs| pairs.head == Head::Cw);
        if is_exact && self.exact_beta != beta {
            self.exact_logits = exact_logits(&model.system, beta).into_iter().map(R::of).collect();
            self.exact_beta = beta;
        }
    }
}
