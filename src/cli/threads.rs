//! How many cores of the CPU a command takes.

use super::heading;
use crate::error::Error;

/// Most threads; more are a typing error.
const MOST: usize = 4096;

#[derive(Debug, clap::Args)]
pub(super) struct Threads {
    /// Threads of the CPU; results do not depend on them [default: RAYON_NUM_THREADS, or one for every core]
    #[arg(long, value_name = "N", global = true, help_heading = heading::MACHINE)]
    threads: Option<usize>,
}

impl Threads {
    /// Holds for the whole program.
    pub(super) fn set(&self) -> crate::Result<()> {
        let Some(threads) = self.threads else { return Ok(()) };
        let refused = |expected: &str| Error::setting("--threads", threads, expected);
        if !(1..=MOST).contains(&threads) {
            return Err(refused("it must lie in 1 to 4096"));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().map_err(|error| refused(&error.to_string()))
    }
}
