//! Ctrl-C (SIGINT) and SIGTERM ask a long job to end and to report what it has; a second one ends the program at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::Result;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Exit codes that shells give to programs ended by these signals.
const SIGNALS: [(i32, u8); 2] = [(SIGINT, 130), (SIGTERM, 143)];

static INTERRUPT: OnceLock<Interrupt> = OnceLock::new();

/// Whether one of the signals came.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt {
    came: Arc<AtomicBool>,
    /// Of the signal that came; 0: none did.
    exit_code: Arc<AtomicUsize>,
    said: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        INTERRUPT
            .get_or_init(|| {
                let interrupt = Self::default();
                // Where no handler can be installed, the signals end the program as they always did.
                let _ = interrupt.register();
                interrupt
            })
            .clone()
    }

    fn register(&self) -> Result<()> {
        for (signal, code) in SIGNALS {
            // Handlers run in this order: the first signal finds the flag not set yet, the second one finds it.
            flag::register_conditional_shutdown(signal, code.into(), self.came.clone())?;
            flag::register_usize(signal, self.exit_code.clone(), code.into())?;
            flag::register(signal, self.came.clone())?;
        }
        Ok(())
    }

    pub(super) fn pressed(&self) -> bool {
        let pressed = self.came.load(Ordering::Relaxed);
        if pressed && !self.said.swap(true, Ordering::Relaxed) {
            super::tell("stopping after what is under way; once more ends at once");
        }
        pressed
    }

    /// From now on the next signal ends the program at once.
    pub(super) fn end_at_once(&self) {
        self.said.store(true, Ordering::Relaxed);
        self.came.store(true, Ordering::Relaxed);
    }

    /// What a job that asks should do.
    pub(super) fn flow(&self) -> ControlFlow<()> {
        if self.pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A job that a signal ended, with what to do next: no failure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Stopped(pub(super) String);

/// The exit code of a program that was interrupted, whatever it could still report.
pub(super) fn exit_code() -> Option<u8> {
    let code = INTERRUPT.get()?.exit_code.load(Ordering::Relaxed);
    u8::try_from(code).ok().filter(|&code| code != 0)
}
