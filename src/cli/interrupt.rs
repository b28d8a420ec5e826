//! Ctrl-C asks a long job to end and to report what it has; a second one ends the program at once.

use std::ops::ControlFlow;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

static PRESSED: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C was pressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interrupt(());

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            // Where no handler can be installed, Ctrl-C ends the program as it always did.
            let _ = ctrlc::set_handler(|| {
                if PRESSED.swap(true, Ordering::Relaxed) {
                    std::process::exit(INTERRUPTED);
                }
                super::tell("stopping after what is under way; once more ends at once");
            });
        });
        Self(())
    }

    pub(super) fn pressed(self) -> bool {
        PRESSED.load(Ordering::Relaxed)
    }

    /// What a job that asks should do.
    pub(super) fn flow(self) -> ControlFlow<()> {
        if self.pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
