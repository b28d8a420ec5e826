//! The training curve of a run.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use crate::config::Config;
use crate::io::Metrics;
use crate::neuralrg;
use crate::rbm;

/// Points of a curve: rows are averaged over windows, as single batches hide the curve in their noise.
const POINTS: usize = 200;

/// F above its exact value, effective sample size and learning rate against steps; where no exact value is known, beta F.
pub fn training(config: &Config, metrics: &[Metrics]) -> Figure {
    let sites = f64::from(config.size).powi(config.lattice.dimensions() as i32);
    let curve = |colour, of: &dyn Fn(&Metrics) -> f64, error_of: &dyn Fn(&Metrics) -> f64| {
        let windows = metrics.chunks(metrics.len().div_ceil(POINTS).max(1));
        let mean = |window: &[Metrics], of: &dyn Fn(&Metrics) -> f64| {
            window.iter().map(of).sum::<f64>() / window.len() as f64
        };
        let points = windows.map(|window| Point {
            x: mean(window, &|row| f64::from(row.step)),
            y: mean(window, of),
            error: (mean(window, &|row| error_of(row).powi(2)) / window.len() as f64).sqrt(),
        });
        Curve { label: String::new(), colour, style: Style::Line, points: points.collect() }
    };
    let without_error = |_: &Metrics| 0.0;
    let step = || Axis::linear("step");
    let exact = metrics.iter().any(|row| row.kl.is_some());
    let gap = if exact {
        Panel {
            x: step(),
            y: Axis::logarithmic("(F - F exact) / N   [J]"),
            curves: vec![curve(0, &|row| row.kl.unwrap_or(f64::NAN) / sites / row.beta, &|row| {
                row.beta_f_per_site_error / row.beta
            })],
        }
    } else {
        let curve = curve(0, &|row| row.beta_f_per_site, &|row| row.beta_f_per_site_error);
        Panel { x: step(), y: Axis::linear("beta F / N"), curves: vec![curve] }
    };
    let panels = vec![
        gap,
        Panel {
            x: step(),
            y: Axis::linear("effective sample size"),
            curves: vec![curve(2, &|row| row.ess, &without_error)],
        },
        Panel {
            x: step(),
            y: Axis::logarithmic("learning rate"),
            curves: vec![curve(1, &|row| row.learning_rate, &without_error)],
        },
    ];
    let sides = vec![config.size.to_string(); config.lattice.dimensions()].join(" x ");
    let title = format!("Training, {sides}, beta = {}{}", config.beta, config.interaction_words());
    Figure { title, panels, columns: 3 }
}

/// Pseudo-likelihood, reconstruction error, free energy gap and, where it is known, ln likelihood of a machine against steps.
pub fn machine_training(settings: &rbm::Settings, metrics: &[rbm::Metrics]) -> Figure {
    let panel = |label: &str, colour, value: &dyn Fn(&rbm::Metrics) -> Option<f64>| {
        let points = metrics.iter().filter_map(|row| Some((f64::from(row.step), value(row)?)));
        let curve = Curve::new("", colour, Style::Line, points);
        let panel = Panel { x: Axis::linear("step"), y: Axis::linear(label), curves: vec![curve] };
        (!panel.curves[0].points.is_empty()).then_some(panel)
    };
    let panels = [
        panel("pseudo-likelihood per site", 0, &|row| Some(row.pseudo_likelihood)),
        panel("share of spins that a sweep changes", 1, &|row| Some(row.reconstruction_error)),
        panel("free energy gap, held out less learned", 2, &|row| row.free_energy_gap),
        panel("ln likelihood per configuration", 3, &|row| row.ln_likelihood),
    ];
    let sides = vec![settings.size.to_string(); settings.lattice.dimensions()].join(" x ");
    let title = format!("Training of a Boltzmann machine, {sides}, {} hidden units", settings.hidden);
    Figure { title, panels: panels.into_iter().flatten().collect(), columns: 2 }
}

/// KL (where no exact value is known the loss), effective sample size and learning rate of a flow against steps.
pub fn flow_training(settings: &neuralrg::Settings, metrics: &[neuralrg::Metrics]) -> Figure {
    let panel = |y: Axis, colour, value: &dyn Fn(&neuralrg::Metrics) -> f64| {
        let points = metrics.iter().map(|row| (f64::from(row.step), value(row)));
        Panel { x: Axis::linear("step"), y, curves: vec![Curve::new("", colour, Style::Line, points)] }
    };
    let is_exact = metrics.iter().any(|row| row.kl.is_some());
    let gap = match is_exact {
        true => panel(Axis::logarithmic("KL   [nats]"), 0, &|row| row.kl.unwrap_or(f64::NAN)),
        false => panel(Axis::linear("loss   [nats]"), 0, &|row| row.loss),
    };
    let panels = vec![
        gap,
        panel(Axis::linear("effective sample size"), 2, &|row| row.ess),
        panel(Axis::logarithmic("learning rate"), 1, &|row| row.learning_rate),
    ];
    let size = settings.architecture.size;
    let title = format!("Training of a flow, {size} x {size}, T = {}", settings.temperature);
    Figure { title, panels, columns: 3 }
}
