//! Figures of thermodynamics by reconstruction.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use crate::estimate::{Estimate, PowerLaw};
use crate::rbm::Thermodynamics;

/// Black.
const REFERENCE: usize = 6;
/// Points of a fitted curve.
const FINE: usize = 50;

/// Thermodynamics of reconstructed configurations and of Monte Carlo at one temperature and field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reconstructed {
    /// Temperature in units of J.
    pub temperature: f64,
    /// H.
    pub field: f64,
    /// Of the machine's reconstructions.
    pub machine: Thermodynamics,
    /// Of the Monte Carlo configurations that they are reconstructions of.
    pub monte_carlo: Thermodynamics,
}

/// U, C, order and susceptibility against temperature, for every field.
pub fn reconstruction(title: &str, points: &[Reconstructed]) -> Figure {
    let mut fields: Vec<f64> = points.iter().map(|point| point.field).collect();
    fields.sort_by(f64::total_cmp);
    fields.dedup();
    let labels = ["U / N   [J]", "C / N   [k_B]", "order", "chi / N   [1 / J]"];
    let panel = |(which, label): (usize, &str)| {
        let curves = fields.iter().enumerate().flat_map(|(number, &field)| {
            let of_field = || points.iter().filter(move |point| point.field == field);
            let point = move |temperature: f64, found: Estimate| Point {
                x: temperature,
                y: found.value,
                error: found.error,
            };
            let named =
                |what: &str| if fields.len() == 1 { what.to_owned() } else { format!("{what}, H = {field}") };
            let machine = of_field().map(|at| point(at.temperature, at.machine.named()[which].1));
            let monte_carlo = of_field().map(|at| point(at.temperature, at.monte_carlo.named()[which].1));
            [
                Curve {
                    label: named("Monte Carlo"),
                    colour: number,
                    style: Style::Squares,
                    points: monte_carlo.collect(),
                },
                Curve {
                    label: named("machine"),
                    colour: number,
                    style: Style::Dots,
                    points: machine.collect(),
                },
            ]
        });
        Panel { x: Axis::linear("T   [J / k_B]"), y: Axis::linear(label), curves: curves.collect() }
    };
    Figure {
        title: title.to_owned(),
        panels: labels.into_iter().enumerate().map(panel).collect(),
        columns: 2,
    }
}

/// Points and the power law that was fitted to them.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// Whose they are.
    pub name: &'static str,
    /// Distance from the critical temperature, `|T - T_c| / T_c`, and order.
    pub points: Vec<(f64, Estimate)>,
    /// The fit.
    pub law: Option<PowerLaw>,
}

/// The order against the distance from the critical temperature on logarithmic axes, with fits and, where it is known, that of the infinite lattice.
pub fn exponents(title: &str, fitted: &[Fitted], exact: impl Fn(f64) -> Option<f64>) -> Figure {
    let places = || fitted.iter().flat_map(|of| of.points.iter().map(|(x, _)| *x));
    let (least, most) = (places().fold(f64::INFINITY, f64::min), places().fold(0.0, f64::max));
    let along =
        || (0..FINE).map(move |number| least * (most / least).powf(number as f64 / (FINE - 1) as f64));
    let infinite = along().filter_map(|x| Some((x, exact(x)?)));
    let mut curves = vec![Curve::new("infinite lattice", REFERENCE, Style::Dashed, infinite)];
    for (number, of) in fitted.iter().enumerate() {
        let point = |&(x, y): &(f64, Estimate)| Point { x, y: y.value, error: y.error };
        curves.push(Curve {
            label: of.name.to_owned(),
            colour: number,
            style: if number == 0 { Style::Dots } else { Style::Squares },
            points: of.points.iter().map(point).collect(),
        });
        if let Some(law) = of.law {
            let line = along().map(|x| (x, law.amplitude.value * x.powf(law.exponent.value)));
            let label = format!("{}: exponent {:.3}", of.name, law.exponent.value);
            curves.push(Curve::new(label, number, Style::Line, line));
        }
    }
    curves.retain(|curve| !curve.points.is_empty());
    let panel = Panel { x: Axis::logarithmic("t = (T_c - T) / T_c"), y: Axis::logarithmic("order"), curves };
    Figure { title: title.to_owned(), panels: vec![panel], columns: 1 }
}
