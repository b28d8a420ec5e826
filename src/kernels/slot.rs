//! The arrays of a backend that kernels bind. Binding numbers are the same in all shaders; a test compares them with the shaders by
//! reflection.

/// A buffer by its binding number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[allow(missing_docs, reason = "documented where the shaders declare them")]
pub enum Slot {
    Level = 0,
    Step = 1,
    Geometry = 2,
    Parameters = 3,
    Spins = 4,
    Inputs = 5,
    Hidden = 6,
    Logits = 7,
    LnQ = 8,
    Reward = 9,
    Coefficients = 10,
    Advantage = 11,
    Sums = 12,
    ConfigurationSums = 13,
    Baseline = 14,
    Error = 15,
    Partials = 16,
    Jobs = 17,
    Gradient = 18,
    Norms = 19,
    Status = 20,
    FirstMoment = 21,
    SecondMoment = 22,
    Moments = 23,
    RateFactors = 24,
    Observables = 25,
    NetParameters = 26,
    NetQuads = 27,
    NetParametersUpper = 28,
    PartialsUpper = 29,
    PackedSpins = 30,
    Regressors = 31,
    ExactLogits = 32,
    Betas = 33,
    Bonds = 34,
    Corrections = 35,
    Environments = 36,
}

/// How a kernel uses a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A uniform.
    Uniform,
    /// Only read.
    Read,
    /// Written, and perhaps read.
    Write,
}
