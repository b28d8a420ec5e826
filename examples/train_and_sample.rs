//! The library in one screen: train a small network, check its free energy, draw configurations.
//!
//! `cargo run --release --example train_and_sample`

#![allow(clippy::print_stdout, reason = "an example prints its results")]

use han_gpu::config::Config;
use han_gpu::estimate::importance;
use han_gpu::sample::{Draws, draw, log_weights};
use han_gpu::train::Trainer;
use han_gpu::{device, exact};
use std::ops::ControlFlow;
use std::sync::Arc;

fn main() -> han_gpu::Result<()> {
    // SAFETY: no other thread runs yet that could read the environment. Mesa's layer for choosing devices complains where there is no desktop.
    unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    let config = Config { size: 8, steps: 200, batch: 128, metrics_every: 50, ..Config::default() };
    let model = Arc::new(config.model()?);
    let exact = exact::ln_z(&model.system, config.beta).expect("known without field");
    let mut backend = device::open("auto", model, config.batch)?;
    println!("on {}", backend.device());

    let mut trainer = Trainer::new(&config, backend.as_mut())?;
    while trainer.steps_done() < config.steps {
        trainer.step()?;
        while let Some(row) = trainer.next_row()? {
            println!("step {:>3}: beta F/N <= {:.5}, ESS {:.3}", row.step, row.beta_f_per_site, row.ess);
        }
    }

    let draws = Draws { seed: 1, beta: config.beta, count: 20_000 };
    let samples = log_weights(backend.as_mut(), draws, |_| ControlFlow::Continue(()))?;
    let weights = importance(&samples.ln_w);
    println!(
        "ln Z = {:.5} +- {:.5}, exact {exact:.5}, ESS {:.3}",
        weights.ln_z.value, weights.ln_z.error, weights.ess.value
    );

    draw(backend.as_mut(), Draws { seed: 2, count: 1, ..draws }, |samples| {
        for row in samples.spins.chunks(config.size as usize) {
            println!("{}", row.iter().map(|&spin| if spin == 1 { '#' } else { '.' }).collect::<String>());
        }
        Ok(())
    })
}
