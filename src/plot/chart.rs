//! Curves on axes, with the legend beside the panels.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use super::file::{Drawing, Drawn, FONT};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// Okabe and Ito's palette, without yellow: told apart by colour-blind eyes too.
const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

const PANEL: (u32, u32) = (440, 330);
const TITLE: u32 = 40;
/// Least width of the legend, where its text begins, and the width of a letter of it.
const LEGEND: u32 = 280;
const LEGEND_TEXT: i32 = 46;
const LEGEND_LETTER: u32 = 9;
const LEGEND_LINE: i32 = 24;
const TEXT: i32 = 15;
/// Values from here on are left out: axes that hold them would overflow.
const LARGEST: f64 = 1e100;

/// Paul Tol's discrete rainbow of twelve, which colour-blind eyes tell apart by hue or lightness (P. Tol, Colour Schemes, SRON/EPS/TN/09-002, 2021).
const RAINBOW: [RGBColor; 12] = [
    RGBColor(209, 187, 215),
    RGBColor(174, 118, 163),
    RGBColor(136, 46, 114),
    RGBColor(25, 101, 176),
    RGBColor(82, 137, 199),
    RGBColor(123, 175, 222),
    RGBColor(78, 178, 101),
    RGBColor(202, 224, 171),
    RGBColor(247, 240, 86),
    RGBColor(238, 128, 38),
    RGBColor(220, 5, 12),
    RGBColor(114, 25, 14),
];

/// The colour of a Potts spin of so many: of up to seven one of the palette, of up to twelve one of the rainbow, of more one of the rainbow's, lighter for every further
/// twelve.
pub(super) fn colour_of_spin(colour: usize, states: usize) -> RGBColor {
    if states <= PALETTE.len() {
        return PALETTE[colour];
    }
    let RGBColor(red, green, blue) = RAINBOW[colour % RAINBOW.len()];
    let white = [0.0, 0.5, 0.8][colour / RAINBOW.len()];
    let mixed = |part: u8| (f64::from(part) + white * (255.0 - f64::from(part))) as u8;
    RGBColor(mixed(red), mixed(green), mixed(blue))
}

/// A colour of the palette.
pub(super) fn colour(number: usize) -> RGBColor {
    PALETTE[number % PALETTE.len()]
}

impl Figure {
    /// Curves of the legend: every name and look once.
    fn legend(&self) -> Vec<&Curve> {
        let mut legend: Vec<&Curve> = Vec::new();
        for curve in self.panels.iter().flat_map(|panel| &panel.curves) {
            let known = |other: &&Curve| {
                (&other.label, other.style, other.colour) == (&curve.label, curve.style, curve.colour)
            };
            if !curve.label.is_empty() && !legend.iter().any(known) {
                legend.push(curve);
            }
        }
        legend
    }
}

impl Drawing for Figure {
    fn size(&self) -> (u32, u32) {
        let columns = self.columns.min(self.panels.len()).max(1) as u32;
        let rows = (self.panels.len() as u32).div_ceil(columns);
        let letters = self.legend().iter().map(|curve| curve.label.chars().count() as u32).max();
        let legend = letters.map_or(0, |letters| LEGEND.max(LEGEND_TEXT as u32 + LEGEND_LETTER * letters));
        let lines = self.legend().len() as u32 * LEGEND_LINE as u32 + 40;
        (columns * PANEL.0 + legend, TITLE + (rows * PANEL.1).max(lines))
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        let columns = self.columns.min(self.panels.len()).max(1);
        area.draw(&Text::new(self.title.clone(), (16, 12), (FONT, 18)))?;
        let (_, body) = area.split_vertically(TITLE);
        let (panels, legend) = body.split_horizontally(columns as u32 * PANEL.0);
        let places = panels.split_evenly((self.panels.len().div_ceil(columns), columns));
        for (panel, place) in self.panels.iter().zip(&places) {
            draw_panel(panel, place)?;
        }
        for (line, curve) in self.legend().into_iter().enumerate() {
            let y = 30 + LEGEND_LINE * line as i32;
            draw_mark(curve, &legend, y)?;
            let text = TextStyle::from((FONT, TEXT)).pos(Pos::new(HPos::Left, VPos::Center));
            legend.draw(&Text::new(curve.label.clone(), (LEGEND_TEXT, y), text))?;
        }
        Ok(())
    }
}

/// The legend's sample of a curve.
fn draw_mark<B: DrawingBackend>(curve: &Curve, legend: &DrawingArea<B, Shift>, y: i32) -> Drawn<B> {
    let colour = colour(curve.colour);
    let stroke = |from, to| PathElement::new(vec![(from, y), (to, y)], colour.stroke_width(2));
    match curve.style {
        Style::Line => legend.draw(&stroke(8, 36)),
        Style::Dashed => [8, 18, 28].into_iter().try_for_each(|from| legend.draw(&stroke(from, from + 7))),
        Style::Dots => legend.draw(&Circle::new((22, y), 4, colour.filled())),
        Style::Squares => legend.draw(&Rectangle::new([(17, y - 5), (27, y + 5)], colour.stroke_width(2))),
        Style::Crosses => legend.draw(&Cross::new((22, y), 5, colour.stroke_width(2))),
        Style::Upright => {
            legend.draw(&PathElement::new(vec![(22, y - 9), (22, y + 9)], colour.stroke_width(1)))
        }
    }
}

fn draw_panel<B: DrawingBackend>(panel: &Panel, area: &DrawingArea<B, Shift>) -> Drawn<B> {
    let points = || panel.curves.iter().flat_map(|curve| shown(panel, curve));
    let x = range(points().map(|point| point.x), false);
    let with_heights = panel.curves.iter().filter(|curve| curve.style != Style::Upright);
    let heights = with_heights.flat_map(|curve| shown(panel, curve));
    let y = range(heights.flat_map(|point| [point.y - point.error, point.y + point.error]), true);
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .x_label_area_size(48)
        .y_label_area_size(78)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let [bottom, top] = [y.start, y.end];
    let formats = [(&panel.x, x), (&panel.y, y)].map(|(axis, range)| tick_format(axis, &range));
    chart
        .configure_mesh()
        .x_desc(&panel.x.label)
        .y_desc(&panel.y.label)
        .x_labels(6)
        .y_labels(6)
        .max_light_lines(0)
        .bold_line_style(BLACK.mix(0.12))
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, 13))
        .x_label_formatter(&|value| formats[0](*value))
        .y_label_formatter(&|value| formats[1](*value))
        .draw()?;
    for curve in &panel.curves {
        let (points, colour) = (shown(panel, curve), colour(curve.colour));
        let line = || points.iter().map(|point| (point.x, point.y));
        match curve.style {
            Style::Line => {
                chart.draw_series(LineSeries::new(line(), colour.stroke_width(2)))?;
            }
            Style::Dashed => {
                chart.draw_series(DashedLineSeries::new(line(), 8, 5, colour.stroke_width(2)))?;
            }
            Style::Upright => {
                let through = |(x, _)| PathElement::new(vec![(x, bottom), (x, top)], colour.stroke_width(1));
                chart.draw_series(line().map(through))?;
            }
            Style::Dots | Style::Squares | Style::Crosses => {
                let bar =
                    |point: &Point| vec![(point.x, point.y - point.error), (point.x, point.y + point.error)];
                chart.draw_series(points.iter().map(|point| PathElement::new(bar(point), colour)))?;
                if curve.style == Style::Dots {
                    chart.draw_series(line().map(|at| Circle::new(at, 4, colour.filled())))?;
                } else if curve.style == Style::Crosses {
                    chart.draw_series(line().map(|at| Cross::new(at, 5, colour.stroke_width(2))))?;
                } else {
                    chart.draw_series(line().map(|at| {
                        EmptyElement::at(at) + Rectangle::new([(-5, -5), (5, 5)], colour.stroke_width(2))
                    }))?;
                }
            }
        }
    }
    Ok(())
}

/// A curve's points where they lie on the axes; those that do not are left out.
fn shown(panel: &Panel, curve: &Curve) -> Vec<Point> {
    let place = |point: &Point| {
        let (x, y) = (panel.x.place(point.x), panel.y.place(point.y));
        // On a logarithmic axis, the length of the bar's upper half.
        let error = if panel.y.logarithmic { panel.y.place(point.y + point.error) - y } else { point.error };
        Point { x, y, error: if error.abs() < LARGEST { error } else { 0.0 } }
    };
    let drawable = |value: f64| value.abs() < LARGEST;
    curve.points.iter().map(place).filter(|point| drawable(point.x) && drawable(point.y)).collect()
}

/// From the smallest to the largest value, with some air.
fn range(values: impl Iterator<Item = f64>, airy: bool) -> Range<f64> {
    let (least, most) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    if least > most {
        return 0.0..1.0;
    }
    let width = (most - least).max(1e-9 * least.abs()).max(1e-12);
    let air = if airy { 0.06 } else { 0.02 } * width;
    least - air..most + air
}

/// Writes a tick with the digits that tell it from its neighbours.
fn tick_format(axis: &Axis, range: &Range<f64>) -> Box<dyn Fn(f64) -> String> {
    if axis.logarithmic {
        return Box::new(|exponent| {
            let whole = (exponent - exponent.round()).abs() < 1e-6;
            let value = 10.0_f64.powf(exponent);
            if whole { format!("1e{exponent:.0}") } else { format!("{value:.1e}") }
        });
    }
    let digits = (1.0 - ((range.end - range.start) / 2.0).log10()).ceil().clamp(0.0, 9.0) as usize;
    Box::new(move |value| {
        let text = format!("{value:.digits$}");
        if text.trim_start_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text }
    })
}
