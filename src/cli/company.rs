//! Runs that the first rank of a job announces to the others, which take their steps, without files and words.

use super::interrupt::Interrupt;
use super::training::{Resources, open};
use crate::config::{self, Config};
use crate::error::Error;
use crate::io::Checkpoint;
use crate::ranks::{Ranks, numbers};
use crate::train::{Event, train_on_ranks};
use std::ops::ControlFlow;
use std::path::Path;
use toml::Table;

/// Tells the other ranks of a run that begins here.
pub(super) fn announce(ranks: &Ranks, config: &Config, start: &Checkpoint) -> crate::Result<()> {
    if ranks.count() == 1 {
        return Ok(());
    }
    ranks.broadcast(config.to_toml()?.into_bytes());
    ranks.broadcast(start.step.to_le_bytes().to_vec());
    for values in [&start.parameters, &start.first_moment, &start.second_moment] {
        ranks.broadcast(bytemuck::cast_slice(values).to_vec());
    }
    Ok(())
}

/// Lets the other ranks go: there are no more runs.
pub(super) fn dismiss(ranks: &Ranks) {
    ranks.broadcast(Vec::new());
}

/// Trains what the first rank announces, until it lets this one go.
pub(super) fn follow(ranks: &Ranks, resources: &Resources) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen();
    while let Some((mut config, start)) = announced(ranks)? {
        let mut backend = open(&mut config, resources, ranks)?;
        // The first rank tells of a stop.
        train_on_ranks(ranks, &config, backend.as_mut(), None, start, &mut |event| match event {
            Event::Checkpoint(_) => ControlFlow::Continue(()),
            _ => interrupt.flow(),
        })?;
    }
    Ok(())
}

/// The next run; nothing if there are no more.
fn announced(ranks: &Ranks) -> crate::Result<Option<(Config, Checkpoint)>> {
    let text = ranks.broadcast(Vec::new());
    if text.is_empty() {
        return Ok(None);
    }
    let source = Path::new("settings of the first rank");
    let settings = String::from_utf8_lossy(&text).parse();
    let settings: Table =
        settings.map_err(|error: toml::de::Error| Error::content(source, error.to_string()))?;
    let config = config::resolve(None, settings, Table::new(), source)?;
    let step = numbers(&ranks.broadcast(Vec::new()));
    let array = || numbers(&ranks.broadcast(Vec::new()));
    let start = Checkpoint {
        step: step.first().copied().unwrap_or_default(),
        seed: config.seed,
        beta: config.beta,
        // The first rank has compared them with those of the file.
        training: config.training(),
        parameters: array(),
        first_moment: array(),
        second_moment: array(),
    };
    Ok(Some((config, start)))
}
