//! A long job that Python watches: its progress, and its end on Ctrl-C.

use crate::errors::raised;
use han_gpu::Error;
use han_gpu::mc::Stage;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Time between two looks at signals and two calls of the observer.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a job tells: to a Python function of stage, work done, all work and a few words, and to the handlers of signals. An
/// exception there ends the job.
pub(crate) struct Watch {
    observer: Option<Py<PyAny>>,
    stage: &'static str,
    last: Option<Instant>,
    failure: Option<PyErr>,
}

impl Watch {
    /// Tells an observer, if there is one.
    pub(crate) fn new(observer: Option<Py<PyAny>>) -> Self {
        Self { observer, stage: "", last: None, failure: None }
    }

    /// Tells how far the job is, and says whether to go on. Does nothing most of the times that it is called.
    pub(crate) fn see(
        &mut self,
        stage: &'static str,
        done: usize,
        total: Option<usize>,
        words: impl FnOnce() -> String,
    ) -> ControlFlow<()> {
        let is_due = self.last.is_none_or(|last| last.elapsed() >= LOOK_EVERY);
        if self.failure.is_none() && (is_due || self.stage != stage || Some(done) == total) {
            let told = Python::attach(|py| {
                py.check_signals()?;
                self.observer
                    .as_ref()
                    .map_or(Ok(()), |observer| observer.call1(py, (stage, done, total, words())).map(drop))
            });
            self.failure = told.err();
            (self.stage, self.last) = (stage, Some(Instant::now()));
        }
        if self.failure.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// The same of a Monte Carlo.
    pub(crate) fn see_stage(&mut self, stage: Stage) -> ControlFlow<()> {
        match stage {
            Stage::Equilibrating { sweeps } => {
                self.see("Monte Carlo comes into equilibrium", sweeps, None, String::new)
            }
            Stage::Drawing { done, of } => self.see("configuration", done, Some(of), String::new),
        }
    }

    /// The same for jobs that end by an error.
    pub(crate) fn go_on(
        &mut self,
        stage: &'static str,
        done: usize,
        total: Option<usize>,
    ) -> han_gpu::Result<()> {
        let _ = self.see(stage, done, total, String::new);
        self.check()
    }

    /// Fails where an exception has come.
    pub(crate) fn check(&self) -> han_gpu::Result<()> {
        if self.failure.is_none() { Ok(()) } else { Err(Error::Stopped) }
    }

    /// The result of the job: the exception that ended it comes first.
    pub(crate) fn end<T>(self, py: Python<'_>, result: han_gpu::Result<T>) -> PyResult<T> {
        match (self.failure, result) {
            (Some(failure), _) => Err(failure),
            (None, result) => result.map_err(|error| raised(py, &error)),
        }
    }

    /// As [`Watch::end`], with words for Ctrl-C.
    pub(crate) fn end_with<T>(
        self,
        py: Python<'_>,
        result: han_gpu::Result<T>,
        words: impl FnOnce() -> String,
    ) -> PyResult<T> {
        self.end(py, result).map_err(|failure| match failure.is_instance_of::<PyKeyboardInterrupt>(py) {
            true => PyKeyboardInterrupt::new_err(words()),
            false => failure,
        })
    }
}
