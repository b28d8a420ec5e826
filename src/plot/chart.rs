//! Curves on axes, with the legend beside the panels.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use super::file::{Drawing, Drawn, FONT};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{BoldPoints, Ranged};
use plotters::coord::types::RangedCoordf64;
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
/// Ticks of an axis, about.
const TICKS: usize = 6;
/// Air around points, which marks would need, and around lines, as shares of the axis.
const AIR: f64 = 0.06;
const LITTLE_AIR: f64 = 0.02;
/// Opacity of bands of errors.
const BAND: f64 = 0.25;
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
    /// Curves of the legend: every name and look once, colour by colour, and what others are compared with last.
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
        let is_reference = |curve: &Curve| curve.style == Style::Upright || curve.colour == PALETTE.len() - 1;
        legend.sort_by_key(|curve| (is_reference(curve), curve.colour, rank(curve.style)));
        legend
    }
}

/// The place of a style among those of one colour.
fn rank(style: Style) -> usize {
    let order = [Style::Dashed, Style::Line, Style::Squares, Style::Dots, Style::Crosses, Style::Upright];
    order.iter().position(|other| *other == style).unwrap_or(order.len())
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
    let has_marks = panel.curves.iter().any(|curve| is_marked(curve.style));
    let x = range(points().map(|point| point.x), if has_marks { AIR } else { LITTLE_AIR });
    let with_heights = panel.curves.iter().filter(|curve| curve.style != Style::Upright);
    let heights = with_heights.flat_map(|curve| shown(panel, curve));
    let y = range(heights.flat_map(|point| [point.y - point.error, point.y + point.error]), AIR);
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .x_label_area_size(48)
        .y_label_area_size(78)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let [bottom, top] = [y.start, y.end];
    let are_whole = points().all(|point| point.x.fract() == 0.0) && x.end - x.start >= 1.0;
    let formats = [(&panel.x, x, are_whole), (&panel.y, y, false)]
        .map(|(axis, range, are_whole)| tick_format(axis, &range, are_whole));
    chart
        .configure_mesh()
        .x_desc(&panel.x.label)
        .y_desc(&panel.y.label)
        .x_labels(TICKS)
        .y_labels(TICKS)
        .max_light_lines(0)
        .bold_line_style(BLACK.mix(0.12))
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, 13))
        .x_label_formatter(&|value| formats[0](*value))
        .y_label_formatter(&|value| formats[1](*value))
        .draw()?;
    for curve in &panel.curves {
        let colour = colour(curve.colour);
        match curve.style {
            Style::Line | Style::Dashed => {
                for piece in pieces(panel, curve) {
                    if piece.iter().any(|point| point.error > 0.0) {
                        chart.draw_series([Polygon::new(
                            band(panel, &piece, bottom),
                            colour.mix(BAND).filled(),
                        )])?;
                    }
                    let line = piece.iter().map(|point| (point.x, point.y));
                    if curve.style == Style::Line {
                        chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
                    } else {
                        chart.draw_series(DashedLineSeries::new(line, 8, 5, colour.stroke_width(2)))?;
                    }
                }
            }
            Style::Upright => {
                let through = |point: Point| {
                    PathElement::new(vec![(point.x, bottom), (point.x, top)], colour.stroke_width(1))
                };
                chart.draw_series(shown(panel, curve).into_iter().map(through))?;
            }
            Style::Dots | Style::Squares | Style::Crosses => {
                let points = shown(panel, curve);
                let line = || points.iter().map(|point| (point.x, point.y));
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
    note(panel, area)
}

/// Says so where values have no place on a logarithmic axis.
fn note<B: DrawingBackend>(panel: &Panel, area: &DrawingArea<B, Shift>) -> Drawn<B> {
    let is_lost = |point: &&Point| {
        let not_positive = |axis: &Axis, value: f64| axis.logarithmic && value <= 0.0;
        not_positive(&panel.x, point.x) || not_positive(&panel.y, point.y)
    };
    let lost = panel.curves.iter().flat_map(|curve| &curve.points).filter(is_lost).count();
    if lost == 0 {
        return Ok(());
    }
    let of = if lost == 1 {
        "1 value is not positive and"
    } else {
        &format!("{lost} values are not positive and")
    };
    let style = TextStyle::from((FONT, 12)).pos(Pos::new(HPos::Right, VPos::Top));
    let right = area.dim_in_pixel().0 as i32 - 16;
    area.draw(&Text::new(format!("{of} not drawn"), (right, 1), style))
}

/// Whether a style has marks at points.
fn is_marked(style: Style) -> bool {
    matches!(style, Style::Dots | Style::Squares | Style::Crosses)
}

/// A point where it lies on the axes; nothing if it does not.
fn placed(panel: &Panel, point: &Point) -> Option<Point> {
    let (x, y) = (panel.x.place(point.x), panel.y.place(point.y));
    // On a logarithmic axis, the length of the bar's upper half.
    let error = if panel.y.logarithmic { panel.y.place(point.y + point.error) - y } else { point.error };
    let drawable = |value: f64| value.abs() < LARGEST;
    let error = if drawable(error) { error } else { 0.0 };
    (drawable(x) && drawable(y)).then_some(Point { x, y, error })
}

/// A curve's points where they lie on the axes; those that do not are left out.
fn shown(panel: &Panel, curve: &Curve) -> Vec<Point> {
    curve.points.iter().filter_map(|point| placed(panel, point)).collect()
}

/// The same in pieces: a line does not go across points that are left out.
fn pieces(panel: &Panel, curve: &Curve) -> Vec<Vec<Point>> {
    let places: Vec<Option<Point>> = curve.points.iter().map(|point| placed(panel, point)).collect();
    places
        .split(Option::is_none)
        .filter(|piece| !piece.is_empty())
        .map(|piece| piece.iter().copied().flatten().collect())
        .collect()
}

/// The corners of the band of errors around a piece of a line, down to the foot of the panel where a logarithmic axis has no place for its lower edge.
fn band(panel: &Panel, piece: &[Point], bottom: f64) -> Vec<(f64, f64)> {
    let upper = piece.iter().map(|point| (point.x, point.y + point.error));
    let lower = |point: &Point| match panel.y.logarithmic {
        false => point.y - point.error,
        // 10^error - 1 is the relative error.
        true => (point.y + (2.0 - 10.0_f64.powf(point.error)).log10()).max(bottom),
    };
    let lower = piece
        .iter()
        .rev()
        .map(|point| (point.x, Some(lower(point)).filter(|y| y.is_finite()).unwrap_or(bottom)));
    upper.chain(lower).collect()
}

/// From the smallest to the largest value, with a share of their distance as air around them.
fn range(values: impl Iterator<Item = f64>, air: f64) -> Range<f64> {
    let (least, most) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    if least > most {
        return 0.0..1.0;
    }
    if least == most {
        // Room for ticks around a single value.
        let room = if least.fract() == 0.0 { 1.0 } else { 0.1 * least.abs() };
        return least - room..least + room;
    }
    let width = (most - least).max(1e-9 * least.abs()).max(1e-12);
    least - air * width..most + air * width
}

/// Writes a tick with the digits that tell it from its neighbours; between whole numbers there are none, and between powers of ten neither where there are several.
fn tick_format(axis: &Axis, range: &Range<f64>, are_whole: bool) -> Box<dyn Fn(f64) -> String> {
    let is_whole = |value: f64| (value - value.round()).abs() < 1e-6;
    if axis.logarithmic {
        let are_several = range.end.floor() - range.start.ceil() >= 1.0;
        return Box::new(move |exponent| match is_whole(exponent) {
            true => format!("10^{exponent:.0}"),
            false if are_several => String::new(),
            false => two_digits(exponent),
        });
    }
    if are_whole {
        return Box::new(move |value| if is_whole(value) { format!("{value:.0}") } else { String::new() });
    }
    let ticks = RangedCoordf64::from(range.clone()).key_points(BoldPoints(TICKS));
    let is_written = |digits: &usize| {
        let unit = 10.0_f64.powi(*digits as i32);
        ticks.iter().all(|tick| is_whole(tick * unit))
    };
    let digits = (0..=9).find(is_written).unwrap_or(9);
    Box::new(move |value| {
        let text = format!("{value:.digits$}");
        if text.trim_start_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text }
    })
}

/// Ten to a power, in two digits.
fn two_digits(exponent: f64) -> String {
    let value = 10.0_f64.powf(exponent);
    let unit = exponent.floor() as i32 - 1;
    match unit {
        -4..0 => format!("{value:.0$}", unit.unsigned_abs() as usize),
        0..4 => format!("{:.0}", (value / 10.0_f64.powi(unit)).round() * 10.0_f64.powi(unit)),
        _ => format!("{value:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(y: Axis, points: &[(f64, f64)]) -> Panel {
        let curve = Curve::new("", 0, Style::Line, points.iter().copied());
        Panel { x: Axis::linear(""), y, curves: vec![curve] }
    }

    #[test]
    fn lines_do_not_go_across_what_is_left_out() {
        let panel =
            panel(Axis::logarithmic(""), &[(0.0, 1.0), (1.0, 10.0), (2.0, 0.0), (3.0, 1.0), (4.0, f64::NAN)]);
        let lengths: Vec<usize> = pieces(&panel, &panel.curves[0]).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1]);
    }

    #[test]
    fn bands_of_a_logarithmic_axis_have_the_errors_of_their_values() {
        let mut panel = panel(Axis::logarithmic(""), &[(0.0, 1.0), (1.0, 1.0)]);
        panel.curves[0].points[0].error = 0.5;
        panel.curves[0].points[1].error = 2.0;
        let corners = band(&panel, &shown(&panel, &panel.curves[0]), -3.0);
        let heights: Vec<f64> = corners.iter().map(|(_, y)| *y).collect();
        let expected = [1.5_f64.log10(), 3.0_f64.log10(), -3.0, 0.5_f64.log10()];
        assert!(
            heights.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9),
            "{heights:?}"
        );
    }

    #[test]
    fn ticks_have_the_digits_that_they_need() {
        let linear = Axis::linear("");
        let tick =
            |axis: &Axis, range: Range<f64>, are_whole, value| tick_format(axis, &range, are_whole)(value);
        assert_eq!(tick(&linear, 0.3..0.6, false, 0.4), "0.4");
        assert_eq!(tick(&linear, 0.44..0.45, false, 0.442), "0.442");
        assert_eq!(tick(&linear, 0.0..1.0, false, 0.2), "0.2");
        assert_eq!(tick(&linear, -1.0..1.0, false, -0.0), "0.0");
        assert_eq!([tick(&linear, 0.0..8.0, true, 2.0), tick(&linear, 0.0..3.0, true, 0.5)], ["2", ""]);
        let logarithmic = Axis::logarithmic("");
        assert_eq!([-3.0, -2.5].map(|at| tick(&logarithmic, -4.2..-1.0, false, at)), ["10^-3", ""]);
        assert_eq!(tick(&logarithmic, -2.6..-2.3, false, -2.5), "0.0032");
        assert_eq!([-5.5, -0.5, 0.5, 3.1, 6.5].map(two_digits), ["3.2e-6", "0.32", "3.2", "1300", "3.2e6"]);
        assert_eq!(range([3.0, 3.0].into_iter(), AIR), 2.0..4.0);
    }
}
