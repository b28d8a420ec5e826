//! The training curve of a run.

use super::figure::{Axis, Curve, Figure, Panel, Style};
use crate::config::Config;
use crate::io::Metrics;

/// F above its exact value, effective sample size and learning rate against steps; where no exact value is known, beta F
/// above its last value.
pub fn training(config: &Config, metrics: &[Metrics]) -> Figure {
    let sites = f64::from(config.size).powi(2);
    let curve = |label: &str, colour, of: &dyn Fn(&Metrics) -> f64| {
        Curve::new(label, colour, Style::Line, metrics.iter().map(|row| (f64::from(row.step), of(row))))
    };
    let step = || Axis::linear("step");
    let exact = metrics.iter().any(|row| row.kl.is_some());
    let gap = if exact {
        Panel {
            x: step(),
            y: Axis::logarithmic("(F - F exact) / N   [J]"),
            curves: vec![curve("", 0, &|row| row.kl.unwrap_or(f64::NAN) / sites / row.beta)],
        }
    } else {
        Panel {
            x: step(),
            y: Axis::linear("beta F / N"),
            curves: vec![curve("", 0, &|row| row.beta_f_per_site)],
        }
    };
    let panels = vec![
        gap,
        Panel {
            x: step(),
            y: Axis::linear("effective sample size"),
            curves: vec![curve("", 2, &|row| row.ess)],
        },
        Panel {
            x: step(),
            y: Axis::logarithmic("learning rate"),
            curves: vec![curve("", 1, &|row| row.learning_rate)],
        },
    ];
    let title = format!("Training, {0} x {0}, beta = {1}", config.size, config.beta);
    Figure { title, panels, columns: 3 }
}
