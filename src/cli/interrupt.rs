//! Ctrl-C asks a long job to end and to report what it has; a second one ends the program at once.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Whether Ctrl-C was pressed.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
        let noted = pressed.clone();
        // Where no handler can be installed, Ctrl-C ends the program as it always did.
        let _ = ctrlc::set_handler(move || {
            if noted.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
            super::tell("stopping; once more ends at once");
        });
        Self(pressed)
    }

    pub(super) fn pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// What a job that asks should do.
    pub(super) fn flow(&self) -> ControlFlow<()> {
        if self.pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
