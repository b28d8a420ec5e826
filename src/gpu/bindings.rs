//! Which buffers every kernel binds, and how. Binding numbers are the same in all shaders; a test compares them with the
//! shaders by reflection.

use super::registry::sees_parameters_of_nets;
use crate::conditional::Storage;
use crate::schedule::Kernel;

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

/// The buffers that a kernel binds; `split` where one binding does not hold the parameters of its level.
pub fn bindings(kernel: Kernel, storage: Storage, split: bool) -> Vec<(Slot, Access)> {
    use Slot::*;
    let (reads, writes): (&[Slot], &[Slot]) = match kernel {
        Kernel::SampleLevel { .. } | Kernel::EvaluateLevel { .. } => {
            (&[Level, Step, Geometry, NetParameters, NetQuads], &[Spins, Inputs, Hidden, Logits, LnQ])
        }
        Kernel::SampleHeatBath { .. } => (&[Level, Step, Geometry], &[Spins, LnQ]),
        Kernel::EvaluateHeatBath { .. } => (&[Level, Step, Geometry, Spins], &[LnQ]),
        Kernel::HeatBathFreeEnergy { .. } => (&[Level, Step, Geometry, Spins], &[Reward]),
        Kernel::SampleSquare { .. } => (&[Level, Step, Geometry], &[Spins, LnQ]),
        Kernel::EvaluateSquare { .. } => (&[Level, Step, Geometry, Spins], &[LnQ]),
        Kernel::SquareFreeEnergy { .. } => (&[Level, Step, Geometry, Spins], &[Reward]),
        Kernel::Energy { .. } => (&[Level, Geometry, Spins], &[Sums]),
        Kernel::ConfigurationEnergy => (&[Step, Sums], &[ConfigurationSums]),
        Kernel::Reward { .. } => (&[Level, Step, Geometry, Spins, LnQ], &[Reward]),
        Kernel::Baseline => (&[Step, Reward], &[Baseline]),
        Kernel::Advantage => (&[Step, Reward, Baseline], &[Advantage]),
        Kernel::Likelihood => (&[Step], &[Advantage]),
        Kernel::Moments { .. } => (&[Level, Geometry, Spins, Inputs, Reward], &[Moments]),
        Kernel::Regression { .. } => (&[Level, Moments], &[Coefficients]),
        Kernel::Residual { .. } => (&[Level, Geometry, Spins, Inputs, Reward, Coefficients], &[Advantage]),
        Kernel::BackwardOutput { .. } => (&[Level, Inputs, Advantage], &[Logits]),
        Kernel::BackwardHidden { .. } => (&[Level, NetParameters, Hidden, Logits], &[Error]),
        Kernel::BackwardWeights { .. } => {
            (&[Level, NetParameters, Inputs, Hidden, Logits, Error, Jobs], &[Partials])
        }
        Kernel::BackwardSlope { .. } => (&[Level, NetParameters, Hidden], &[Error, Partials]),
        Kernel::GradientSum { .. } => (&[Level, Step, Parameters, Partials], &[Gradient, Norms]),
        Kernel::GradientNorm => (&[Step, Norms], &[Status]),
        Kernel::Observables => (&[Step, Spins], &[Observables]),
        Kernel::Metropolis { .. } => (&[Step], &[Spins]),
        Kernel::UnpackSpins => (&[PackedSpins], &[Spins]),
        Kernel::Adam => {
            let reads = &[Step, Gradient, Status, RateFactors];
            match storage {
                Storage::F32 => (reads, &[Parameters, FirstMoment, SecondMoment]),
                Storage::F16 => (reads, &[Parameters, FirstMoment, SecondMoment, NetParameters]),
            }
        }
    };
    let read = |&slot: &Slot| match slot {
        Level | Step => (slot, Access::Uniform),
        _ => (slot, Access::Read),
    };
    let whole = reads.iter().map(read).chain(writes.iter().map(|&slot| (slot, Access::Write)));
    if split { whole.flat_map(|bound| in_two(kernel, bound)).collect() } else { whole.collect() }
}

/// The same with a second binding for what nets compute with and for their gradient; weights are not read in quads then.
fn in_two(kernel: Kernel, (slot, access): (Slot, Access)) -> Vec<(Slot, Access)> {
    match slot {
        Slot::NetParameters if sees_parameters_of_nets(kernel) => {
            vec![(slot, access), (Slot::NetParametersUpper, access)]
        }
        Slot::Partials if sees_parameters_of_nets(kernel) => {
            vec![(slot, access), (Slot::PartialsUpper, access)]
        }
        Slot::NetQuads => Vec::new(),
        _ => vec![(slot, access)],
    }
}
