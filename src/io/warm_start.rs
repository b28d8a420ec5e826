//! Starting parameters from another run.

use super::RunFolder;
use crate::conditional::Model;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::lattice::SpinModel;
use std::path::Path;

/// Overwrites initial parameters with those of the run that `init_from` names: the whole net of a run of the same size,
/// at any beta, or all nets of squares that fit from a run of half the size at the same beta.
///
/// # Errors
/// When there is no such run, or its lattice, couplings or nets do not fit.
pub(super) fn warm_start(config: &Config, model: &Model, parameters: &mut [f32]) -> Result<()> {
    if config.init_from.is_empty() {
        return Ok(());
    }
    let refused = |expected: String| Err(Error::setting("init_from", &config.init_from, expected));
    let (folder, from) = RunFolder::open(Path::new(&config.init_from))?;
    if from.size != config.size && 2 * from.size != config.size {
        let (size, half) = (config.size, config.size / 2);
        return refused(format!("it is a run of size {}; it must be of size {size} or {half}", from.size));
    }
    let same_couplings = (&from.couplings, from.disorder_seed) == (&config.couplings, config.disorder_seed)
        || from.system()? == model.system;
    if !same_couplings || from.size != config.size && model.system.weights.is_some() {
        return refused("couplings of single bonds must be the same, at the same size".to_owned());
    }
    let numbers = [("coupling", from.coupling, config.coupling), ("field", from.field, config.field)];
    let same_beta = (from.size != config.size).then_some(("beta", from.beta, config.beta));
    for (name, found, expected) in numbers.into_iter().chain(same_beta) {
        if found != expected {
            return refused(format!("its {name} is {found}; it must be {expected}"));
        }
    }
    let nets = |config: &Config| {
        let Config {
            lattice, network, head, site_order, cut, width, depth, skip, gauge, mixture, reach, ..
        } = *config;
        let spins = match config.model {
            SpinModel::Ising => "model = ising".to_owned(),
            SpinModel::Potts => {
                format!("model = potts, states = {}, colours = {}", config.states, config.colours.name())
            }
        };
        format!(
            "{spins}, lattice = {}, network = {}, head = {}, site_order = {}, cut = {}, width = {width}, depth = {depth}, skip = {skip}, gauge = {gauge}, mixture = {mixture}, reach = {reach}",
            lattice.name(),
            network.name(),
            head.name(),
            site_order.name(),
            cut.name()
        )
    };
    if nets(&from) != nets(config) {
        return refused(format!("its nets have {}; they must have {}", nets(&from), nets(config)));
    }
    let other = from.model()?;
    let checkpoint = folder.load_checkpoint(&from, &other)?;
    let scale = if from.beta > 0.0 { config.beta / from.beta } else { 1.0 };
    match model.take_over(parameters, &other, &checkpoint.parameters, scale as f32) {
        0 => refused(
            "it has no net that serves a block of this network: the same block, border and width must be in both; a larger size or a \
             smaller exact_bottom has more blocks, and a dense net serves its own size alone"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}
