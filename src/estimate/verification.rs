//! Whether a network's figures can be trusted: its own estimates against independent references.

use super::{Estimate, Forward, Importance, Overlap};
use serde::{Deserialize, Serialize};

/// Standard errors by which ln Z may be off, and by which KL(p | q) may be negative.
const LARGEST_DEVIATION: f64 = 4.0;
/// Effective samples below which errors cannot be trusted.
const FEWEST_EFFECTIVE: f64 = 100.0;
/// Share of the effective sample size that configurations from p must confirm.
const CONFIRMED: f64 = 0.5;
/// Effective sample size from which a network is well trained where it samples: if p disagrees, it is elsewhere.
const WELL_TRAINED: f64 = 0.3;
/// Share of its own effective sample size below which even a poor network misses more than training makes good.
const FAR_BELOW: f64 = 0.01;

/// Cure of a network that has lost a mode.
const LEARN_FROM_P: &str = "let it learn from Monte Carlo (--objective forward or mixed), or, where a smaller lattice has such nets, grow it (--grow)";
/// Cure of a network that is not there yet.
const TRAIN_LONGER: &str =
    "train longer (--steps), wider (--width), or, where a smaller lattice has such nets, grow it (--grow)";

/// Cures of a flow.
const FLOW_LEARNS_FROM_P: &str = "let it learn from configurations (--data), or for longer (--steps)";
const FLOW_LEARNS_LONGER: &str = "train longer (--steps) or a larger flow (--repeat, --hidden)";

/// Cure of a network that few samples are from.
const DRAW_MORE: &str = "draw more samples (evaluation_samples, --count)";

/// Whether the figures of a run can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// An independent reference agrees.
    Verified,
    /// A reference disagrees, or there is none.
    Suspect,
}

impl Status {
    /// The word in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Suspect => "suspect",
        }
    }

    /// The status of a word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Verified, Self::Suspect].into_iter().find(|status| status.name() == word)
    }
}

/// Outcome of the check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// Outcome.
    pub status: Status,
    /// What agrees, or everything that does not.
    pub reasons: Vec<String>,
}

impl Verification {
    /// Reasons why the check leaves a network suspect; none if it is verified.
    pub fn doubts(&self) -> &[String] {
        match self.status {
            Status::Verified => &[],
            Status::Suspect => &self.reasons,
        }
    }
}

/// References that a network's own figures are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct References<'a> {
    /// The exact ln Z.
    pub ln_z: Option<f64>,
    /// Figures from configurations that were drawn from p.
    pub forward: Option<&'a Forward>,
    /// The reason why there are no such configurations, although they were asked for.
    pub fault: Option<&'a str>,
}

/// Compares a network's own figures with the references.
pub fn verify(own: &Importance, references: References<'_>) -> Verification {
    let mut findings = Findings::default();
    if let Some(exact) = references.ln_z {
        findings.compare_ln_z(own.ln_z, exact);
    }
    if let Some(forward) = references.forward {
        findings.compare_ess(own.ess.value, forward);
        findings.check_kl(forward.kl);
    }
    if let Some(reason) = references.fault {
        findings.disagree.push(format!("the Monte Carlo of the check is not in equilibrium: {reason}"));
    }
    let effective = own.ess.value * own.count as f64;
    if effective < FEWEST_EFFECTIVE {
        let text = format!("only {effective:.1} effective samples, so that errors are not reliable");
        let cure = if own.ess.value >= WELL_TRAINED { DRAW_MORE } else { TRAIN_LONGER };
        findings.disagree.push(format!("{text}: {cure}"));
    }
    findings.verdict()
}

/// Compares a flow's own figures with the exact ln Z, where it is known, and with the overlap that Monte Carlo finds, or the reason why there is none. Weights of a density of real
/// numbers have no bound, so that the effective sample size of either side tells little.
pub fn verify_flow(own: &Importance, ln_z: Option<f64>, overlap: Result<&Overlap, &str>) -> Verification {
    let mut findings = Findings::default();
    if let Some(exact) = ln_z {
        findings.compare_ln_z(own.ln_z, exact);
    }
    match overlap {
        Ok(overlap) => findings.compare_overlap(overlap),
        Err(reason) => {
            findings.disagree.push(format!("the Monte Carlo of the check is not in equilibrium: {reason}"));
        }
    }
    let effective = own.ess.value * own.count as f64;
    if effective < FEWEST_EFFECTIVE {
        let text = format!("only {effective:.1} effective samples, so that errors are not reliable");
        let cure =
            if own.ess.value >= WELL_TRAINED { "draw more samples (--count)" } else { FLOW_LEARNS_LONGER };
        findings.disagree.push(format!("{text}: {cure}"));
    }
    findings.verdict()
}

/// Figures that agree, and figures that do not.
#[derive(Default)]
struct Findings {
    agree: Vec<String>,
    disagree: Vec<String>,
}

impl Findings {
    fn compare_ln_z(&mut self, own: Estimate, exact: f64) {
        if !own.error.is_finite() {
            self.disagree.push("ln Z by importance sampling has no error: draw more samples".to_owned());
            return;
        }
        let deviation = own.deviation(exact);
        let text = format!("ln Z by importance sampling is {deviation:+.1} sigma from the exact value");
        let agrees = deviation.abs() <= LARGEST_DEVIATION;
        if agrees { &mut self.agree } else { &mut self.disagree }.push(text);
    }

    fn compare_ess(&mut self, own: f64, forward: &Forward) {
        let (count, seen) = (forward.count, forward.ess.value);
        let text = format!(
            "the effective sample size is {own:.3} by the network's own samples and {seen:.3} by {count} \
             configurations of Monte Carlo"
        );
        if seen >= CONFIRMED * own {
            self.agree.push(text);
        } else if own >= WELL_TRAINED || seen < FAR_BELOW * own {
            self.disagree
                .push(format!("{text}: the network misses a part of the distribution; {LEARN_FROM_P}"));
        } else {
            self.disagree.push(format!("{text}: the network is far from trained; {TRAIN_LONGER}"));
        }
    }

    fn compare_overlap(&mut self, overlap: &Overlap) {
        let text = format!(
            "flow and field have {:.3} in common by samples of the flow and {:.3} by {} configurations of Monte Carlo",
            overlap.own.value, overlap.seen.value, overlap.count
        );
        match overlap.deviation() <= LARGEST_DEVIATION {
            true => self.agree.push(text),
            false => {
                self.disagree.push(format!(
                    "{text}: the flow misses a part of the distribution; {FLOW_LEARNS_FROM_P}"
                ));
            }
        }
    }

    /// KL(p | q) cannot be negative, unless ln Z is wrong or the configurations are not from p.
    fn check_kl(&mut self, kl: Estimate) {
        if kl.value < -LARGEST_DEVIATION * kl.error {
            let Estimate { value, error } = kl;
            self.disagree.push(format!(
                "KL(p | q) comes out negative, {value:.4} +- {error:.4}: ln Z or the Monte Carlo is off"
            ));
        }
    }

    fn verdict(mut self) -> Verification {
        if self.agree.is_empty() && self.disagree.is_empty() {
            self.disagree.push("there is no reference; set verification_samples above 0".to_owned());
        }
        match self.disagree.is_empty() {
            true => Verification { status: Status::Verified, reasons: self.agree },
            false => Verification { status: Status::Suspect, reasons: self.disagree },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let found = |own: &Importance, ln_z, forward: Option<Forward>| {
            let verification = verify(own, References { ln_z, forward: forward.as_ref(), fault: None });
            (verification.status, verification.reasons.join("; "))
        };
        let good = own(10.0, 0.9);
        assert_eq!(found(&good, Some(10.02), Some(seen(0.85))).0, Status::Verified);
        assert_eq!(found(&good, None, Some(seen(0.85))).0, Status::Verified);
        for (own, ln_z, forward, reason) in [
            (&good, Some(10.2), Some(seen(0.85)), "-20.0 sigma"),
            (&good, Some(10.0), Some(seen(0.01)), "misses a part"),
            (&own(10.0, 0.2), Some(10.0), Some(seen(0.05)), "far from trained"),
            (&own(10.0, 0.2), Some(10.0), Some(seen(1e-5)), "misses a part"),
            (&good, None, None, "no reference"),
            (&own(10.0, 0.05), Some(10.0), None, "effective samples"),
            (&own(f64::NAN, 0.9), Some(10.0), None, "sigma"),
            (
                &good,
                None,
                Some(Forward { kl: Estimate { value: -0.1, error: 0.02 }, ..seen(0.9) }),
                "negative",
            ),
        ] {
            let (status, reasons) = found(own, ln_z, forward);
            assert_eq!(status, Status::Suspect, "{reasons}");
            assert!(reasons.contains(reason), "{reasons}");
        }
        let references = References { fault: Some("chains differ"), ln_z: Some(10.0), forward: None };
        assert_eq!(verify(&good, references).status, Status::Suspect);
    }
}
