//! The kernels of flows: their shaders, what they bind and how many workgroups they need. Their twins stand in `src/neuralrg/`.

use super::super::grid::fold;
use super::super::pipelines;
use super::super::registry::Specialisation;
use super::sizes::{CARD, FlowTask, Form, SOFTWARE, Shape};
use crate::kernels::{Access, Constants, LANES, shader};
use crate::neuralrg::Symmetry;
use wgpu::BindGroupLayoutEntry;

/// Quads of parameters of a workgroup of Adam.
const ADAM_QUADS: usize = 8;

/// A kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    Normal,
    Generate,
    /// The same with the score of ln q.
    GenerateScored,
    Infer,
    Energy,
    Backward,
    Adam,
    PullBack,
    Leap,
    Mirror,
    Mix,
}

/// A buffer, by the number of its binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "what they hold is said where the shaders declare them")]
pub enum FlowSlot {
    Parameters = 1,
    Blocks = 2,
    Patches = 3,
    X = 4,
    Score = 5,
    LnQ = 6,
    Slopes = 7,
    Turned = 8,
    Waves = 9,
    Inverse = 10,
    Energies = 11,
    Partials = 12,
    Means = 13,
    Squares = 14,
    Momenta = 15,
    Places = 16,
    Shares = 17,
}

impl Kernel {
    pub(super) const ALL: [Self; 11] = [
        Self::Normal,
        Self::Generate,
        Self::GenerateScored,
        Self::Infer,
        Self::Energy,
        Self::Backward,
        Self::Adam,
        Self::PullBack,
        Self::Leap,
        Self::Mirror,
        Self::Mix,
    ];

    /// Its name and the text of its shader.
    fn shader(self) -> (&'static str, &'static str) {
        match self {
            Self::Normal => ("flow_normal", shader!("flow/normal")),
            Self::Generate | Self::GenerateScored => ("flow_generate", shader!("flow/generate")),
            Self::Infer => ("flow_infer", shader!("flow/infer")),
            Self::Energy => ("flow_energy", shader!("flow/energy")),
            Self::Backward => ("flow_backward", shader!("flow/backward")),
            Self::Adam => ("flow_adam", shader!("flow/adam")),
            Self::PullBack => ("flow_pull_back", shader!("flow/pull_back")),
            Self::Leap => ("flow_leap", shader!("flow/leap")),
            Self::Mirror => ("flow_mirror", shader!("flow/mirror")),
            Self::Mix => ("flow_mix", shader!("flow/mix")),
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.shader().0
    }

    /// The buffers that it reads and writes beside its task.
    pub(super) fn bindings(self) -> Vec<(FlowSlot, Access)> {
        use FlowSlot::*;
        let (reads, writes): (&[FlowSlot], &[FlowSlot]) = match self {
            Self::Normal => (&[], &[X]),
            Self::Generate | Self::GenerateScored => (&[Parameters, Blocks, Patches], &[X, Score, LnQ]),
            Self::Infer => (&[Parameters, Blocks, Patches], &[X, LnQ]),
            Self::Energy => (&[X, Score, Waves, Inverse], &[Slopes, Turned, Energies]),
            Self::Backward => (&[Parameters, Blocks, Patches, Shares], &[X, Slopes, Partials]),
            Self::Adam => (&[Partials], &[Parameters, Means, Squares]),
            Self::PullBack => (&[Parameters, Blocks, Patches], &[X, Slopes]),
            Self::Leap => (&[Slopes], &[X, Momenta, Places]),
            Self::Mirror => (&[], &[X]),
            Self::Mix => (&[LnQ], &[Score, Shares]),
        };
        let read = reads.iter().map(|&slot| (slot, Access::Read));
        read.chain(writes.iter().map(|&slot| (slot, Access::Write))).collect()
    }

    /// Entries of the layout of its bind group.
    pub(super) fn layout(self) -> Vec<BindGroupLayoutEntry> {
        let task = pipelines::part_of_uniform(0, size_of::<FlowTask>());
        let storage = |(slot, access)| pipelines::storage(slot as u32, matches!(access, Access::Read));
        [task].into_iter().chain(self.bindings().into_iter().map(storage)).collect()
    }

    /// Its shader for nets of a form, in workgroups of a shape where these go through blocks.
    pub(super) fn specialisation(self, form: Form, shape: Shape) -> Specialisation {
        let (name, file) = self.shader();
        let Form { hidden, depth, layers, symmetry } = form;
        let Shape { lanes, keeps, .. } = shape;
        let kept = ("KEPT", usize::from(keeps));
        let odd = ("ODD", usize::from(symmetry == Symmetry::Odd));
        let nets =
            || vec![("LANES", lanes), ("HIDDEN", hidden), ("DEPTH", depth), ("LAYERS", layers), odd, kept];
        let constants: Constants = match self {
            Self::Normal | Self::Adam | Self::Leap | Self::Mirror | Self::Mix => vec![("LANES", LANES)],
            Self::Energy => vec![("LANES", lanes)],
            Self::Generate => [nets(), vec![("SCORE", 0)]].concat(),
            Self::GenerateScored => [nets(), vec![("SCORE", 1)]].concat(),
            Self::Infer | Self::Backward | Self::PullBack => nets(),
        };
        Specialisation::plain(name, file, constants)
    }

    /// Workgroups of a dispatch.
    pub(super) fn groups(self, task: &FlowTask) -> [u32; 3] {
        let size = |number: u32| number as usize;
        fold(match self {
            Self::Normal | Self::Leap | Self::Mirror => {
                (size(task.rows) * size(task.sites) / 4).div_ceil(LANES)
            }
            Self::Generate
            | Self::GenerateScored
            | Self::Infer
            | Self::Energy
            | Self::Backward
            | Self::PullBack => size(task.rows).div_ceil(size(task.each)),
            Self::Mix => size(task.rows),
            Self::Adam => size(task.quads).div_ceil(ADAM_QUADS),
        })
    }
}

/// Specialisations of small, deep and wide nets: for tests that validate them all.
pub(in crate::gpu) fn specialisations() -> impl Iterator<Item = Specialisation> {
    let forms = [(8, 1, 6), (10, 3, 10), (1, 1, 1), (3, 2, 4), (200, 1, 2)];
    let forms = forms.into_iter().flat_map(|(hidden, depth, layers)| {
        Symmetry::ALL.map(|symmetry| Form { hidden, depth, layers, symmetry })
    });
    let shapes = [CARD, SOFTWARE];
    let of_form =
        move |form| shapes.map(|shape| Kernel::ALL.map(|kernel| kernel.specialisation(form, shape)));
    forms.flat_map(of_form).flatten()
}
