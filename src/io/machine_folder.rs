//! Runs of Boltzmann machines.

use super::family_folder::{Family, FamilyFolder, Tensor};
use crate::error::Result;
use crate::rbm::{Metrics, Parameters, Settings, State};
use safetensors::tensor::Dtype;

/// Boltzmann machines that learn.
#[derive(Debug, Clone, Copy)]
pub struct Machines;

/// The folder of a machine.
pub type MachineFolder = FamilyFolder<Machines>;

impl Family for Machines {
    type Settings = Settings;
    type State = State;
    type Metrics = Metrics;
    const NAME: &'static str = "machine";
    const TRAIN: &'static str = "rbm train";

    fn tensors(settings: &Settings) -> Result<Vec<Tensor>> {
        let machine = settings.machine()?;
        let chains = [vec![settings.batch], machine.lattice.shape()].concat();
        Ok(vec![
            ("weights", Dtype::F32, vec![machine.visible(), machine.hidden]),
            ("visible_bias", Dtype::F32, vec![machine.visible()]),
            ("hidden_bias", Dtype::F32, vec![machine.hidden]),
            ("chains", Dtype::I8, chains),
        ])
    }

    fn steps(settings: &Settings) -> u32 {
        settings.steps
    }

    fn identity(settings: &Settings) -> Vec<(&'static str, String)> {
        vec![
            ("lattice", settings.lattice.name().to_owned()),
            ("size", settings.size.to_string()),
            ("model", settings.model.name().to_owned()),
            ("states", settings.states.to_string()),
            ("hidden", settings.hidden.to_string()),
            ("seed", settings.seed.to_string()),
        ]
    }

    fn parts(state: &State) -> (u32, Vec<&[u8]>) {
        let Parameters { weights, visible, hidden } = &state.parameters;
        let numbers = [weights, visible, hidden].map(|numbers| bytemuck::cast_slice(numbers));
        (state.step, [&numbers[..], &[bytemuck::cast_slice(&state.chains)]].concat())
    }

    fn state(settings: &Settings, step: u32, parts: &[Vec<u8>]) -> std::result::Result<State, String> {
        let numbers = |part: usize| bytemuck::pod_collect_to_vec::<u8, f32>(&parts[part]);
        let parameters = Parameters { weights: numbers(0), visible: numbers(1), hidden: numbers(2) };
        if !parameters.are_finite() {
            return Err("it holds NaN or infinity".to_owned());
        }
        let chains: Vec<i8> = parts[3].iter().map(|&byte| byte as i8).collect();
        let spins = settings.machine().map_err(|error| error.to_string())?.spins;
        match chains.iter().find(|&&spin| !spins.has(spin)) {
            Some(other) => Err(format!("its chains hold {other}, which is no spin")),
            None => Ok(State { step, parameters, chains }),
        }
    }
}
