//! Runs of multiscale flows.

use super::family_folder::{Family, FamilyFolder, Tensor};
use crate::error::Result;
use crate::neuralrg::{Flow, Metrics, Moments, Settings, State, Symmetry};
use safetensors::tensor::Dtype;

/// Flows that learn.
#[derive(Debug, Clone, Copy)]
pub struct Flows;

/// The folder of a flow.
pub type FlowFolder = FamilyFolder<Flows>;

impl Family for Flows {
    type Settings = Settings;
    type State = State<f32>;
    type Metrics = Metrics;
    const NAME: &'static str = "flow";
    const TRAIN: &'static str = "neuralrg train";

    fn tensors(settings: &Settings) -> Result<Vec<Tensor>> {
        let shape = Flow::<f32>::shape(&settings.architecture)?;
        let names = ["parameters", "first_moment", "second_moment"];
        Ok(names.map(|name| (name, Dtype::F32, shape.to_vec())).to_vec())
    }

    fn steps(settings: &Settings) -> u32 {
        settings.steps
    }

    fn identity(settings: &Settings) -> Vec<(&'static str, String)> {
        let form = &settings.architecture;
        let mut identity = vec![
            ("size", form.size.to_string()),
            ("parts", form.parts.name().to_owned()),
            ("scales", form.scales.map_or("all".to_owned(), |scales| scales.to_string())),
            ("repeat", form.repeat.to_string()),
            ("layers", form.layers.to_string()),
            ("hidden", form.hidden.to_string()),
            ("depth", form.depth.to_string()),
            ("coupling", settings.coupling.to_string()),
            ("temperature", settings.temperature.to_string()),
            ("seed", settings.seed.to_string()),
        ];
        if form.symmetry != Symmetry::default() {
            identity.push(("symmetry", form.symmetry.name().to_owned()));
        }
        identity
    }

    fn parts(state: &State<f32>) -> (u32, Vec<&[u8]>) {
        let Moments { first, second } = &state.moments;
        (
            state.step,
            vec![state.parameters.as_slice(), first, second].into_iter().map(bytemuck::cast_slice).collect(),
        )
    }

    fn state(_: &Settings, step: u32, parts: &[Vec<u8>]) -> std::result::Result<State<f32>, String> {
        let numbers = |part: usize| bytemuck::pod_collect_to_vec::<u8, f32>(&parts[part]);
        let [parameters, first, second] = [0, 1, 2].map(numbers);
        let is_finite = [&parameters, &first, &second].into_iter().flatten().all(|number| number.is_finite());
        match is_finite {
            true => Ok(State { step, parameters, moments: Moments { first, second } }),
            false => Err("it holds NaN or infinity".to_owned()),
        }
    }
}
