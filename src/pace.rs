//! Leaving a share of the device's time to others.

use crate::error::{Error, Result};
use std::time::Duration;

/// The share of time that work may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    share: f64,
}

impl Pace {
    /// All of the time: work is never waited for.
    pub const FULL: Self = Self { share: 1.0 };

    /// A share from 0.01 to 1.
    ///
    /// # Errors
    /// When it is not.
    pub fn new(share: f64) -> Result<Self> {
        if (0.01..=1.0).contains(&share) {
            return Ok(Self { share });
        }
        Err(Error::setting("--nice-gpu", share, "it must be a share of the time, 0.01 to 1"))
    }

    /// Rest after work that took `busy`; nothing at full pace.
    pub fn rest(self, busy: Duration) -> Option<Duration> {
        (self.share < 1.0).then(|| busy.mul_f64(1.0 / self.share - 1.0))
    }

    /// Rests, if there is rest to take.
    pub(crate) fn keep(self, busy: Duration) {
        if let Some(rest) = self.rest(busy) {
            std::thread::sleep(rest);
        }
    }

    /// Whether there is no rest.
    pub(crate) fn is_full(self) -> bool {
        self == Self::FULL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_rest_have_the_share() {
        let busy = Duration::from_millis(30);
        assert_eq!(Pace::new(0.25).unwrap().rest(busy), Some(Duration::from_millis(90)));
        assert_eq!(Pace::FULL.rest(busy), None);
        for share in [0.0, -0.5, 1.5, 1e-300, f64::NAN] {
            assert!(Pace::new(share).unwrap_err().to_string().contains("--nice-gpu"));
        }
    }
}
