//! The numbers of Adam (D. P. Kingma and J. Ba, arXiv:1412.6980), which both backends step by.

/// Decay of the means of gradients and of their squares.
pub(crate) const DECAY: [f64; 2] = [0.9, 0.999];
/// Added to the root of the mean square: it keeps steps finite.
pub(crate) const FLOOR: f64 = 1e-8;

/// Factors that take the start at 0 out of both means after so many steps.
pub(crate) fn corrections(steps: i32) -> [f64; 2] {
    DECAY.map(|decay| 1.0 / (1.0 - decay.powi(steps)))
}
