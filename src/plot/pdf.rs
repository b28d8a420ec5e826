//! Drawings as PDF, on one page of vector graphics. Letters are drawn as their outlines, so that they look the same everywhere and no font has to be embedded.

use ab_glyph::{Font, FontRef, OutlineCurve, PxScale, ScaleFont};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontTransform,
};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::Write as _;

/// Points, 72 of which are an inch, in a pixel, 96 of which are one.
const POINTS: f64 = 0.75;
/// How far the middle of a line of text is above its foot, and its head, in units of its size: as SVG has it.
const MIDDLE: f64 = 0.22;
const HEAD: f64 = 0.61;
/// A circle's fourth as a cubic curve.
const CIRCLE: f64 = 0.552_284_75;

/// One page, which is written as it is drawn on.
pub(super) struct Pdf<'a> {
    size: (u32, u32),
    content: String,
    /// Opacities in percent.
    opacities: BTreeSet<u8>,
    font: FontRef<'static>,
    file: &'a mut Vec<u8>,
}

impl<'a> Pdf<'a> {
    /// A page of a size in pixels, whose file goes to `file` when it is presented.
    pub(super) fn new(size: (u32, u32), file: &'a mut Vec<u8>) -> Result<Self, String> {
        let font = FontRef::try_from_slice(dejavu::sans::regular()).map_err(|error| error.to_string())?;
        // From pixels, which count downwards, to points, which count upwards.
        let content = format!("{POINTS} 0 0 -{POINTS} 0 {} cm\n1 J 1 j\n", POINTS * f64::from(size.1));
        Ok(Self { size, content, opacities: BTreeSet::new(), font, file })
    }

    fn put(&mut self, words: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = self.content.write_fmt(words);
    }

    /// Sets the colour of lines and of areas; nothing is to be drawn where it cannot be seen.
    fn set(&mut self, style: &impl BackendStyle) -> bool {
        let BackendColor { alpha, rgb: (red, green, blue) } = style.color();
        let percent = (100.0 * alpha).round().clamp(0.0, 100.0) as u8;
        self.opacities.insert(percent);
        let [red, green, blue] = [red, green, blue].map(|part| f64::from(part) / 255.0);
        let width = style.stroke_width();
        self.put(format_args!(
            "/o{percent} gs {red:.3} {green:.3} {blue:.3} RG {red:.3} {green:.3} {blue:.3} rg {width} w\n"
        ));
        percent > 0
    }

    fn path(&mut self, path: impl IntoIterator<Item = BackendCoord>, end: &str) {
        for (number, (x, y)) in path.into_iter().enumerate() {
            self.put(format_args!("{x} {y} {}\n", if number == 0 { 'm' } else { 'l' }));
        }
        self.put(format_args!("{end}\n"));
    }

    /// The outlines of a text from a place on, along and across its line.
    fn outlines(&mut self, text: &str, scale: PxScale, map: impl Fn(f32, f32) -> (f64, f64)) {
        let font = self.font.clone();
        let scaled = font.as_scaled(scale);
        let mut along = 0.0;
        for letter in text.chars() {
            let glyph = scaled.glyph_id(letter);
            let (right, up) = (scaled.h_scale_factor(), scaled.v_scale_factor());
            let at = |point: ab_glyph::Point| map(along + right * point.x, -up * point.y);
            let mut last = None;
            for curve in font.outline(glyph).map(|outline| outline.curves).unwrap_or_default() {
                let (start, corners) = match curve {
                    OutlineCurve::Line(from, to) => (from, vec![to]),
                    // A quadratic curve is a cubic one whose handles are two thirds on the way to its own.
                    OutlineCurve::Quad(from, handle, to) => {
                        let towards = |end: ab_glyph::Point| {
                            ab_glyph::point((end.x + 2.0 * handle.x) / 3.0, (end.y + 2.0 * handle.y) / 3.0)
                        };
                        (from, vec![towards(from), towards(to), to])
                    }
                    OutlineCurve::Cubic(from, first, second, to) => (from, vec![first, second, to]),
                };
                if last != Some(start) {
                    let (x, y) = at(start);
                    self.put(format_args!("{x:.2} {y:.2} m "));
                }
                last = corners.last().copied();
                let name = if corners.len() == 1 { 'l' } else { 'c' };
                for (x, y) in corners.into_iter().map(at) {
                    self.put(format_args!("{x:.2} {y:.2} "));
                }
                self.put(format_args!("{name}\n"));
            }
            along += scaled.h_advance(glyph);
        }
        self.put(format_args!("f\n"));
    }

    /// The file: five objects and the table of where they begin.
    fn finish(&self) -> std::io::Result<Vec<u8>> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(self.content.as_bytes())?;
        let packed = packed.finish()?;
        let opacity = |percent: &u8| {
            let share = f64::from(*percent) / 100.0;
            format!("/o{percent} << /CA {share} /ca {share} >> ")
        };
        let opacities: String = self.opacities.iter().map(opacity).collect();
        let [width, height] = [self.size.0, self.size.1].map(|pixels| POINTS * f64::from(pixels));
        let objects = [
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R /Resources << /ExtGState << {opacities}>> >> >>"
            )
            .into_bytes(),
            [
                format!("<< /Length {} /Filter /FlateDecode >>\nstream\n", packed.len()).as_bytes(),
                &packed,
                b"\nendstream",
            ]
            .concat(),
        ];
        let mut file = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut places = Vec::new();
        for (number, object) in (1..).zip(&objects) {
            places.push(file.len());
            writeln!(file, "{number} 0 obj")?;
            file.extend(object);
            file.extend(b"\nendobj\n");
        }
        let table = file.len();
        write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1)?;
        for place in places {
            writeln!(file, "{place:010} 00000 n ")?;
        }
        write!(file, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1)?;
        Ok(file)
    }
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Pdf<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        *self.file = self.finish().map_err(|error| DrawingErrorKind::FontError(Box::new(error)))?;
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Done {
        self.draw_rect((x, y), (x + 1, y + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done {
        if self.set(style) {
            // A thin line around an area closes the gaps that viewers leave between neighbours.
            let end = if fill { "0.3 w B" } else { "S" };
            self.put(format_args!("{left} {top} {} {} re {end}\n", right - left, bottom - top));
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        if self.set(style) {
            self.path(path, "S");
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Done {
        if self.set(style) {
            let (x, y, r) = (f64::from(x), f64::from(y), f64::from(radius));
            let k = CIRCLE * r;
            self.put(format_args!("{} {y} m\n", x + r));
            for [dx, dy] in [[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]] {
                // From the place that was reached, a fourth turn on.
                let (from_x, from_y) = (x + r * dy, y - r * dx);
                let (to_x, to_y) = (x + r * dx, y + r * dy);
                self.put(format_args!(
                    "{:.2} {:.2} {:.2} {:.2} {to_x:.2} {to_y:.2} c\n",
                    from_x + k * dx,
                    from_y + k * dy,
                    to_x + k * dy,
                    to_y - k * dx
                ));
            }
            self.put(format_args!("{}\n", if fill { 'f' } else { 'S' }));
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Done {
        if self.set(style) {
            self.path(corners, "f");
        }
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Done {
        if !self.set(&style.color()) {
            return Ok(());
        }
        let size = style.size();
        let scale = PxScale::from(size as f32);
        let scaled = self.font.as_scaled(scale);
        let width: f32 = text.chars().map(|letter| scaled.h_advance(scaled.glyph_id(letter))).sum();
        let first = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -f64::from(width) / 2.0,
            HPos::Right => -f64::from(width),
        };
        let down = size
            * match style.anchor().v_pos {
                VPos::Top => HEAD,
                VPos::Center => MIDDLE,
                VPos::Bottom => -MIDDLE,
            };
        let turn = style.transform();
        let (x, y) = (f64::from(x), f64::from(y));
        self.outlines(text, scale, |along, across| {
            let (along, across) = (first + f64::from(along), down + f64::from(across));
            match turn {
                FontTransform::None => (x + along, y + across),
                FontTransform::Rotate90 => (x - across, y + along),
                FontTransform::Rotate180 => (x - along, y - across),
                FontTransform::Rotate270 => (x + across, y - along),
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::{Axis, Curve, Figure, Panel, Style};
    use super::super::file::{Format, write};

    #[test]
    fn a_figure_is_one_page_whose_objects_are_where_its_table_says() {
        let folder = tempfile::tempdir().unwrap();
        let curve = Curve::new("beta_c", 1, Style::Dots, [(0.1, 1.0), (0.2, 3.0)]);
        let panel = Panel { x: Axis::linear("beta"), y: Axis::logarithmic("chi"), curves: vec![curve] };
        let figure = Figure { title: "8 x 8".to_owned(), panels: vec![panel], columns: 1 };
        let path = write(&figure, &folder.path().join("figure"), Format::Pdf).unwrap();
        let file = std::fs::read(path).unwrap();
        assert!(file.starts_with(b"%PDF-1.4") && file.ends_with(b"%%EOF\n"));
        let text = String::from_utf8_lossy(&file);
        let table: usize =
            text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
        assert!(file[table..].starts_with(b"xref\n0 5\n"));
        let rows = String::from_utf8_lossy(&file[table..]).into_owned();
        let places = rows.lines().skip(3).take(4).map(|row| row[..10].parse::<usize>().unwrap());
        for (number, place) in (1..).zip(places) {
            assert!(file[place..].starts_with(format!("{number} 0 obj\n").as_bytes()), "object {number}");
        }
        // Pixels are three quarters of a point.
        assert!(text.contains("/MediaBox [0 0 540 277.5]"), "{}", &text[..400]);
    }
}
