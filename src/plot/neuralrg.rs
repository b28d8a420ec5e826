//! Figures of multiscale flows.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use crate::estimate::Estimate;
use crate::neuralrg::Information;

/// Mutual information of neighbours by scale, of the field and of latent numbers: of one scale, and of one scale and the next.
pub fn information(title: &str, found: &[Information]) -> Figure {
    let panel = |label: &str, is_wanted: &dyn Fn(&Information) -> bool| {
        let curve = |name: &str, colour, of: &dyn Fn(&Information) -> Estimate| {
            let point = |found: &Information| Point {
                x: found.scale as f64,
                y: of(found).value,
                error: of(found).error,
            };
            let points = found.iter().filter(|found| is_wanted(found)).map(point).collect();
            Curve { label: name.to_owned(), colour, style: Style::Dots, points }
        };
        let curves =
            vec![curve("field", 0, &|found| found.before), curve("latent numbers", 1, &|found| found.after)];
        Panel { x: Axis::linear("scale"), y: Axis::linear(label), curves }
    };
    let panels = [
        panel("information of neighbours of a scale   [nats]", &|found| found.scale == found.other),
        panel("information across scales   [nats]", &|found| found.scale != found.other),
    ];
    let panels = panels.into_iter().filter(|panel| panel.curves.iter().any(|curve| !curve.points.is_empty()));
    Figure { title: title.to_owned(), panels: panels.collect(), columns: 2 }
}

/// A flow of a scan: its number of parameters, and its divergence.
#[derive(Debug, Clone, PartialEq)]
pub struct Expressiveness {
    /// The setting that flows of one curve share, and its value.
    pub group: String,
    /// The number that changes along a curve.
    pub parameters: usize,
    /// Divergence in nats; the loss where ln Z is not known.
    pub loss: Estimate,
}

/// Divergence of flows against their number of parameters.
pub fn expressiveness(title: &str, label: &str, flows: &[Expressiveness]) -> Figure {
    let mut groups: Vec<&str> = flows.iter().map(|flow| flow.group.as_str()).collect();
    groups.dedup();
    let curve = |(number, group): (usize, &&str)| Curve {
        label: (*group).to_owned(),
        colour: number,
        style: Style::Dots,
        points: flows
            .iter()
            .filter(|flow| flow.group == **group)
            .map(|flow| Point { x: flow.parameters as f64, y: flow.loss.value, error: flow.loss.error })
            .collect(),
    };
    let panel = Panel {
        x: Axis::logarithmic("parameters"),
        y: Axis::linear(label),
        curves: groups.iter().enumerate().map(curve).collect(),
    };
    Figure { title: title.to_owned(), panels: vec![panel], columns: 1 }
}
