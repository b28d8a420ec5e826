//! The backend of flows on the CPU.

use super::adam::{Moments, Rule};
use super::backend::{Backend, Leaps, Lesson, Point, Space};
use super::dual::Dual;
use super::fields::Fields;
use super::flow::Flow;
use super::gradient::Batch;
use super::leapfrog;
use super::symmetry::Symmetry;
use crate::cpu::Real;
use crate::error::{Error, Result};

/// A flow that learns a field.
#[derive(Debug, Clone)]
pub struct Learner<R> {
    name: String,
    flow: Flow<R>,
    dual: Dual<R>,
    moments: Moments<R>,
}

impl<R: Real> Learner<R> {
    /// Before the first step.
    pub fn new(flow: Flow<R>, dual: Dual<R>) -> Self {
        let name = crate::cpu::device_name();
        let moments = Moments::zeros(flow.parameters().len());
        Self { name, flow, dual, moments }
    }

    /// With the means that earlier steps left.
    ///
    /// # Errors
    /// When there are more or fewer of them than parameters.
    pub fn with_moments(self, moments: Moments<R>) -> Result<Self> {
        let expected = self.flow.parameters().len();
        for found in [moments.first.len(), moments.second.len()] {
            if found != expected {
                return Err(Error::setting("moments", found, format!("the flow has {expected} parameters")));
            }
        }
        Ok(Self { moments, ..self })
    }

    /// The flow.
    pub fn flow(&self) -> &Flow<R> {
        &self.flow
    }

    /// The field.
    pub fn dual(&self) -> &Dual<R> {
        &self.dual
    }

    pub(crate) fn moments(&self) -> &Moments<R> {
        &self.moments
    }
}

impl<R: Real> Backend<R> for Learner<R> {
    fn device(&self) -> &str {
        &self.name
    }

    fn setting(&self) -> String {
        "cpu".to_owned()
    }

    fn symmetry(&self) -> Symmetry {
        self.flow.architecture().symmetry
    }

    fn learn(&mut self, lesson: &Lesson<R>, rule: Rule) -> Result<()> {
        let Lesson { own, noise, estimator, given } = lesson;
        let of_own = || Batch::new(&self.flow, &self.dual, *noise, *own, *estimator);
        let of_given = || Batch::of_fields(&self.flow, given);
        let Batch { gradient, .. } = match (own, given.rows()) {
            (0, _) => of_given(),
            (_, 0) => of_own(),
            (&own, _) => of_own().mixed(own as f64 / lesson.rows() as f64, &of_given()),
        };
        self.moments.step(self.flow.parameters_mut(), &gradient, rule);
        Ok(())
    }

    fn generate(&mut self, z: &Fields<R>) -> Result<(Fields<R>, Vec<f64>)> {
        Ok(self.flow.generate(z))
    }

    fn infer(&mut self, x: &Fields<R>) -> Result<(Fields<R>, Vec<f64>)> {
        Ok(self.flow.infer(x))
    }

    fn energies(&mut self, x: &Fields<R>) -> Result<Vec<f64>> {
        Ok(self.dual.energies(x))
    }

    fn point(&mut self, space: Space, places: Fields<R>) -> Result<Point<R>> {
        Ok(leapfrog::point(&self.flow, &self.dual, space, places))
    }

    fn leap(
        &mut self,
        space: Space,
        from: &Point<R>,
        momenta: &mut Fields<R>,
        leaps: Leaps,
    ) -> Result<Point<R>> {
        let point = |places| leapfrog::point(&self.flow, &self.dual, space, places);
        Ok(leapfrog::leap(from, momenta, leaps, point))
    }

    fn parameters(&mut self) -> Result<Vec<R>> {
        Ok(self.flow.parameters().to_vec())
    }

    fn moments(&mut self) -> Result<Moments<R>> {
        Ok(self.moments.clone())
    }
}
