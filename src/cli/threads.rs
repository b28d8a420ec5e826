//! How many cores of the CPU a command takes.

use super::heading;
use crate::error::Error;

/// Most threads; more are a typing error.
const MOST: usize = 4096;
/// The variable of the environment that says how many where the flag does not; 0 and nothing are one for every core.
const VARIABLE: &str = "RAYON_NUM_THREADS";

#[derive(Debug, clap::Args)]
pub(super) struct Threads {
    /// CPU threads [default: RAYON_NUM_THREADS, or all]
    ///
    /// Threads of the CPU; results do not depend on them [default: RAYON_NUM_THREADS, or one for every core]
    #[arg(long, value_name = "N", global = true, help_heading = heading::MACHINE)]
    threads: Option<usize>,
}

impl Threads {
    /// Holds for the whole program.
    pub(super) fn set(&self) -> crate::Result<()> {
        let Some(threads) = self.threads else { return check_variable() };
        let refused = |expected: &str| Error::setting("--threads", threads, expected);
        if !(1..=MOST).contains(&threads) {
            return Err(refused("it must lie in 1 to 4096"));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().map_err(|error| refused(&error.to_string()))
    }
}

/// Refuses a number in the environment that the pool of threads would pass over in silence.
fn check_variable() -> crate::Result<()> {
    let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) else { return Ok(()) };
    let is_number =
        text.to_str().and_then(|text| text.parse().ok()).is_some_and(|threads: usize| threads <= MOST);
    match is_number {
        true => Ok(()),
        false => {
            let expected =
                format!("it must be a whole number to {MOST}; correct it, unset it, or give --threads");
            Err(Error::setting(VARIABLE, text.display(), expected))
        }
    }
}
