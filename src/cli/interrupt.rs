//! Ctrl-C (SIGINT), SIGTERM and, where the terminal is closed, SIGHUP ask a long job to end and to report what it has; a second Ctrl-C or SIGTERM, once the
//! first one was answered, ends the program at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::Result;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Exit codes that shells give to programs ended by these signals, of which a second one ends the program at once.
const SIGNALS: [(i32, u8); 2] = [(SIGINT, 130), (SIGTERM, 143)];

/// The same of SIGHUP.
#[cfg(unix)]
const HANGUP: u8 = 129;

/// Time after which a signal is answered, at the most.
const LOOK_EVERY: Duration = Duration::from_millis(50);

static INTERRUPT: OnceLock<Interrupt> = OnceLock::new();

/// Whether one of the signals came.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt {
    came: Arc<AtomicBool>,
    /// Of the signal that came; 0: none did.
    exit_code: Arc<AtomicUsize>,
    said: Arc<AtomicBool>,
    /// Whether the next signal ends the program at once: programs such as timeout(1) send one signal twice, to the process and to its group, which is no second wish.
    ends: Arc<AtomicBool>,
    /// How to go on with the job, where that is known.
    go_on: Arc<Mutex<String>>,
}

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        INTERRUPT
            .get_or_init(|| {
                let interrupt = Self::default();
                // Where no handler can be installed, the signals end the program as they always did.
                let _ = interrupt.register();
                interrupt.answer();
                interrupt
            })
            .clone()
    }

    /// Says that a signal came as soon as it comes: the job may take a while to look.
    fn answer(&self) {
        let interrupt = self.clone();
        std::thread::spawn(move || {
            while !interrupt.pressed() {
                std::thread::sleep(LOOK_EVERY);
            }
        });
    }

    fn register(&self) -> Result<()> {
        for (signal, code) in SIGNALS {
            flag::register_conditional_shutdown(signal, code.into(), self.ends.clone())?;
            flag::register_usize(signal, self.exit_code.clone(), code.into())?;
            flag::register(signal, self.came.clone())?;
        }
        self.register_hangup()
    }

    /// A terminal that is closed may say so twice, from the shell and from the system, and a job still has to write its checkpoint: every such signal is the first.
    /// Where nohup has them ignored, they stay so.
    #[cfg(unix)]
    fn register_hangup(&self) -> Result<()> {
        use signal_hook::consts::SIGHUP;
        if is_ignored(SIGHUP) {
            return Ok(());
        }
        flag::register_usize(SIGHUP, self.exit_code.clone(), HANGUP.into())?;
        flag::register(SIGHUP, self.came.clone()).map(drop)
    }

    #[cfg(not(unix))]
    fn register_hangup(&self) -> Result<()> {
        Ok(())
    }

    pub(super) fn pressed(&self) -> bool {
        let pressed = self.came.load(Ordering::Relaxed);
        if pressed && !self.said.swap(true, Ordering::Relaxed) {
            self.ends.store(true, Ordering::Relaxed);
            let go_on = self.go_on.lock().unwrap_or_else(PoisonError::into_inner);
            let go_on = if go_on.is_empty() { String::new() } else { format!("; in either case {go_on}") };
            super::tell(&format!("stopping after what is under way; once more ends at once{go_on}"));
        }
        pressed
    }

    /// Words for how to go on after a stop: a second signal leaves no time to say them.
    pub(super) fn goes_on(&self, how: &str) {
        how.clone_into(&mut self.go_on.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// From now on the next signal ends the program at once.
    pub(super) fn end_at_once(&self) {
        self.said.store(true, Ordering::Relaxed);
        self.ends.store(true, Ordering::Relaxed);
        self.came.store(true, Ordering::Relaxed);
    }

    /// What a job that asks should do.
    pub(super) fn flow(&self) -> ControlFlow<()> {
        if self.pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Whether the program was started with a signal ignored.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: an action of zeros is a valid place to write to, and without a new action the call only reads the current one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
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
