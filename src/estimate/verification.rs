//! Whether a network's figures can be trusted: its own estimates against independent references.

use super::{Forward, Importance};
use serde::{Deserialize, Serialize};

/// Standard errors by which ln Z may be off.
const LARGEST_DEVIATION: f64 = 4.0;
/// Effective samples below which errors cannot be trusted.
const FEWEST_EFFECTIVE: f64 = 100.0;
/// Share of the effective sample size that configurations from p must confirm.
const CONFIRMED: f64 = 0.5;

/// Whether the figures of a run can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// An independent reference agrees.
    Verified,
    /// A reference disagrees, or there is none.
    Suspect,
}

/// Outcome of the check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// Outcome.
    pub status: Status,
    /// What agrees, or everything that does not.
    pub reasons: Vec<String>,
}

/// Compares a network's own figures with the references.
pub fn verify(own: &Importance, exact: Option<f64>, reference: Option<&Forward>) -> Verification {
    let (mut agree, mut disagree) = (Vec::new(), Vec::new());
    if let Some(exact) = exact {
        let deviation = own.ln_z.deviation(exact);
        let text = format!("ln Z by importance sampling is {deviation:+.1} sigma from the exact value");
        if deviation.abs() <= LARGEST_DEVIATION { agree.push(text) } else { disagree.push(text) }
    }
    if let Some(reference) = reference {
        let (count, own_ess, ess) = (reference.count, own.ess.value, reference.ess.value);
        let text = format!(
            "the effective sample size is {own_ess:.3} by the network's own samples and {ess:.3} by {count} \
             configurations of cluster Monte Carlo"
        );
        if ess >= CONFIRMED * own_ess {
            agree.push(text);
        } else {
            disagree.push(format!("{text}: the network misses a part of the distribution"));
        }
    }
    let effective = own.ess.value * own.count as f64;
    if effective < FEWEST_EFFECTIVE {
        disagree.push(format!("only {effective:.0} effective samples: errors are not reliable"));
    }
    if agree.is_empty() && disagree.is_empty() {
        disagree.push("there is no reference; set verification_samples above 0".to_owned());
    }
    match disagree.is_empty() {
        true => Verification { status: Status::Verified, reasons: agree },
        false => Verification { status: Status::Suspect, reasons: disagree },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Estimate;

    fn own(ln_z: f64, ess: f64) -> Importance {
        let estimate = Estimate { value: ln_z, error: 0.01 };
        Importance {
            ln_z: estimate,
            beta_f: estimate,
            gap: estimate,
            ess: Estimate { value: ess, error: 0.0 },
            largest_weight_share: 0.0,
            count: 1000,
        }
    }

    fn seen(ess: f64) -> Forward {
        Forward {
            ess: Estimate { value: ess, error: 0.0 },
            kl: Estimate { value: 0.1, error: 0.01 },
            count: 500,
        }
    }

    #[test]
    fn agreement_is_verified_and_every_kind_of_disagreement_is_suspect() {
        let status = |own: &Importance, exact, reference: Option<Forward>| {
            let verification = verify(own, exact, reference.as_ref());
            assert!(!verification.reasons.is_empty());
            verification.status
        };
        let good = own(10.0, 0.9);
        assert_eq!(status(&good, Some(10.02), Some(seen(0.85))), Status::Verified);
        assert_eq!(status(&good, None, Some(seen(0.85))), Status::Verified);
        assert_eq!(status(&good, Some(10.2), Some(seen(0.85))), Status::Suspect, "ln Z is off");
        assert_eq!(status(&good, Some(10.0), Some(seen(0.01))), Status::Suspect, "a missing mode");
        assert_eq!(status(&good, None, None), Status::Suspect, "no reference");
        assert_eq!(status(&own(10.0, 0.05), Some(10.0), None), Status::Suspect, "too few samples");
    }
}
