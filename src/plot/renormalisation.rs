//! Couplings in the course of renormalisation.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use crate::estimate::Estimate;
use crate::renormalise::blocks::Level;
use crate::renormalise::chain::{Chain, Decimated};
use crate::renormalise::decimation::{FixedPoint, renormalised};
use std::ops::RangeInclusive;

/// Temperatures beyond these are left out: flows soon leave all scales.
const SHOWN: RangeInclusive<f64> = 0.0..=5.0;
/// Intervals of a smooth curve.
const FINE: usize = 200;
/// Colours of flows to order and to disorder, of the fixed point, and of what is exact.
const ORDER: usize = 0;
const DISORDER: usize = 1;
const FIXED: usize = 2;
const EXACT: usize = 6;

/// The approximate decimation of the square lattice: temperatures by iteration, `flows` of couplings from their starts on, and the map itself with its fixed point.
pub fn decimation(flows: &[Vec<f64>], exact_coupling: f64) -> Figure {
    let fixed = FixedPoint::find();
    let iterations = flows.iter().map(|flow| flow.len() - 1).max().unwrap_or(0) as f64;
    let level = |label: String, colour, temperature: f64| {
        Curve::new(label, colour, Style::Dashed, [(0.0, temperature), (iterations, temperature)])
    };
    let mut curves = vec![
        level(format!("T* = {:.5}", fixed.temperature), FIXED, fixed.temperature),
        level(format!("exact T_c = {:.5}", 1.0 / exact_coupling), EXACT, 1.0 / exact_coupling),
    ];
    for flow in flows {
        let (label, colour) = match flow[0].abs() > fixed.coupling {
            true => ("starts below T*", ORDER),
            false => ("starts above T*", DISORDER),
        };
        let points = flow.iter().map(|coupling| 1.0 / coupling).enumerate();
        let points = points.filter(|(_, temperature)| SHOWN.contains(temperature));
        curves.extend(line_with_dots(
            label,
            colour,
            points.map(|(at, y)| Point { x: at as f64, y, error: 0.0 }),
        ));
    }
    let by_iteration =
        Panel { x: Axis::linear("iteration"), y: Axis::linear("T = 1 / K, units of J"), curves };
    let largest = 1.0;
    let mut curves = map("K' = (3/8) ln cosh 4K", largest, renormalised);
    let star = (fixed.coupling, fixed.coupling);
    curves.push(Curve::new(format!("K* = {:.6}", fixed.coupling), FIXED, Style::Dots, [star]));
    curves.push(Curve::new(
        format!("exact K_c = {exact_coupling:.6}"),
        EXACT,
        Style::Upright,
        [(exact_coupling, 0.0)],
    ));
    let of_map = Panel { x: Axis::linear("K"), y: Axis::linear("K'"), curves };
    Figure {
        title: "Decimation of the square lattice".to_owned(),
        panels: vec![by_iteration, of_map],
        columns: 2,
    }
}

/// The exact decimation of chains: couplings by iteration, and the map K' of K, or the field by iteration where there is one.
pub fn chains(flows: &[Vec<Decimated>], field: f64) -> Figure {
    let by_iteration = |label: &str, of: fn(&Chain) -> f64| {
        let curves = flows.iter().enumerate().flat_map(|(number, flow)| {
            let label = format!("K = {}", flow[0].chain.coupling);
            let points = flow.iter().enumerate();
            line_with_dots(
                &label,
                number,
                points.map(|(x, at)| Point { x: x as f64, y: of(&at.chain), error: 0.0 }),
            )
        });
        Panel { x: Axis::linear("iteration"), y: Axis::linear(label), curves: curves.collect() }
    };
    let second = match field {
        0.0 => {
            let largest = flows.iter().map(|flow| flow[0].chain.coupling.abs()).fold(1.0, f64::max);
            let step = |coupling: f64| Chain { coupling, field }.decimated().0.coupling;
            let curves = map("tanh K' = tanh^2 K", largest, step);
            Panel { x: Axis::linear("K"), y: Axis::linear("K'"), curves }
        }
        _ => by_iteration("h", |chain| chain.field),
    };
    Figure {
        title: format!("Decimation of the chain, h = {field}"),
        panels: vec![by_iteration("K", |chain| chain.coupling), second],
        columns: 2,
    }
}

/// A map of couplings from 0 to the largest, with the diagonal.
fn map(label: &str, largest: f64, step: impl Fn(f64) -> f64) -> Vec<Curve> {
    let couplings = (0..=FINE).map(|at| largest * at as f64 / FINE as f64);
    vec![
        Curve::new("K' = K", EXACT, Style::Dashed, [(0.0, 0.0), (largest, largest)]),
        Curve::new(label, ORDER, Style::Line, couplings.map(|coupling| (coupling, step(coupling)))),
    ]
}

/// What blocks of configurations show, level by level, named by where they come from: coupling, energy of a bond and magnetisation, with the exact K_c.
pub fn block_levels(sources: &[(String, &[Level])], exact_coupling: f64) -> Figure {
    let last = sources.iter().map(|(_, levels)| levels.len() - 1).max().unwrap_or(0) as f64;
    let panel = |label: &str, of: fn(&Level) -> Estimate| {
        let curves = sources.iter().enumerate().flat_map(|(colour, (name, levels))| {
            let points = levels.iter().enumerate().filter_map(|(at, level)| {
                let Estimate { value, error } = of(level);
                let error = if error.is_finite() { error } else { 0.0 };
                value.is_finite().then_some(Point { x: at as f64, y: value, error })
            });
            line_with_dots(name, colour, points)
        });
        Panel {
            x: Axis::linear("level: L is halved each time"),
            y: Axis::linear(label),
            curves: curves.collect(),
        }
    };
    let mut couplings = panel("K that fits the blocks", |level| level.coupling);
    let exact = [(0.0, exact_coupling), (last, exact_coupling)];
    couplings.curves.push(Curve::new(
        format!("exact K_c = {exact_coupling:.6}"),
        EXACT,
        Style::Dashed,
        exact,
    ));
    Figure {
        title: "Blocks of 2 x 2 spins by the majority rule, level by level".to_owned(),
        panels: vec![
            couplings,
            panel("energy per bond, units of J", |level| level.energy_per_bond),
            panel("|m|", |level| level.abs_magnetisation),
        ],
        columns: 3,
    }
}

/// A line through points with error bars; the legend shows the points.
fn line_with_dots(label: &str, colour: usize, points: impl Iterator<Item = Point>) -> [Curve; 2] {
    let points: Vec<Point> = points.collect();
    let line = Curve::new("", colour, Style::Line, points.iter().map(|point| (point.x, point.y)));
    [line, Curve { label: label.to_owned(), colour, style: Style::Dots, points }]
}
