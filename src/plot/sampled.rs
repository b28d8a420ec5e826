//! What samples of a network look like: their weights, and the Markov chain they make.

use super::figure::{Axis, Curve, Figure, Panel, Style};
use crate::estimate::Autocorrelation;

/// Bins of the histogram.
const BINS: usize = 60;

/// Histogram of `ln w - ln Z`: a delta at 0 for a perfect network.
///
/// # Panics
/// When there are no weights.
pub fn weights(title: &str, ln_w: &[f64], ln_z: f64) -> Figure {
    assert!(!ln_w.is_empty(), "no weights");
    let (least, most) = ln_w.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), ln_w| {
        (least.min(ln_w - ln_z), most.max(ln_w - ln_z))
    });
    let width = ((most - least) / BINS as f64).max(1e-12);
    let mut counts = [0_usize; BINS];
    for ln_w in ln_w {
        counts[(((ln_w - ln_z - least) / width) as usize).min(BINS - 1)] += 1;
    }
    let density = |count: usize| count as f64 / (ln_w.len() as f64 * width);
    // A staircase: two points per bin.
    let points = counts
        .iter()
        .enumerate()
        .flat_map(|(bin, &count)| [bin, bin + 1].map(|edge| (least + edge as f64 * width, density(count))));
    let panel = Panel {
        x: Axis::linear("ln w - ln Z"),
        y: Axis::logarithmic("probability density"),
        curves: vec![Curve::new("", 0, Style::Line, points)],
    };
    Figure { title: title.to_owned(), panels: vec![panel], columns: 1 }
}

/// Autocorrelation functions of Markov chains of samples.
pub fn autocorrelation(title: &str, functions: &[(&str, &Autocorrelation)]) -> Figure {
    let curve = |(number, (name, found)): (usize, &(&str, &Autocorrelation))| {
        let label = format!("{name}: tau_int {:.2}", found.tau_int.value);
        let points = found.rho.iter().enumerate().map(|(lag, rho)| ((lag * found.step) as f64, *rho));
        Curve::new(label, number, Style::Line, points)
    };
    let panel = Panel {
        x: Axis::linear("lag   [samples]"),
        y: Axis::linear("autocorrelation"),
        curves: functions.iter().enumerate().map(curve).collect(),
    };
    Figure { title: title.to_owned(), panels: vec![panel], columns: 1 }
}
