//! The page that figures are drawn on: a drawing backend in front of another one, which scales what is drawn and spells what is written.
//!
//! Figures have labels in ASCII, as tables and terminals have. Here `beta_c` becomes a Greek letter with a subscript, `m^2` gets a superscript, and `8 x 8` and `+-` their
//! signs.

use super::file::FONT;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontTransform,
};

/// Words that are Greek letters.
const GREEK: [(&str, &str); 9] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("chi", "χ"),
    ("delta", "δ"),
    ("lambda", "λ"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("xi", "ξ"),
];
/// Longest subscript: longer words behind an underscore are names.
const LONGEST_SUBSCRIPT: usize = 3;
/// Size of indices over that of their line, and how far they are off it.
const INDEX: f64 = 0.75;
const OFF: f64 = 0.28;

/// Where a part of a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Line,
    Sub,
    Super,
}

/// A backend in front of another one.
pub(super) struct Page<B> {
    inner: B,
    /// Pixels of the inner one in a pixel of a figure.
    scale: f64,
    size: (u32, u32),
}

impl<B: DrawingBackend> Page<B> {
    /// A page of `size` in pixels of figures.
    pub(super) fn new(inner: B, size: (u32, u32), scale: f64) -> Self {
        Self { inner, scale, size }
    }

    fn at(&self, (x, y): BackendCoord) -> BackendCoord {
        let scaled = |place: i32| (f64::from(place) * self.scale).round() as i32;
        (scaled(x), scaled(y))
    }

    fn stroke(&self, style: &impl BackendStyle) -> Stroke {
        let width = (f64::from(style.stroke_width()) * self.scale).round().max(1.0) as u32;
        Stroke { colour: style.color(), width }
    }
}

/// A style of the inner backend.
#[derive(Clone, Copy)]
struct Stroke {
    colour: BackendColor,
    width: u32,
}

impl BackendStyle for Stroke {
    fn color(&self) -> BackendColor {
        self.colour
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

type Done<B> = Result<(), DrawingErrorKind<<B as DrawingBackend>::ErrorType>>;

impl<B: DrawingBackend> DrawingBackend for Page<B> {
    type ErrorType = B::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done<B> {
        self.inner.ensure_prepared()
    }

    fn present(&mut self) -> Done<B> {
        self.inner.present()
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Done<B> {
        self.draw_rect((x, y), (x + 1, y + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done<B> {
        self.inner.draw_line(self.at(from), self.at(to), &self.stroke(style))
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done<B> {
        let (corners, stroke) =
            ([upper_left, bottom_right].map(|corner| self.at(corner)), self.stroke(style));
        self.inner.draw_rect(corners[0], corners[1], &stroke, fill)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done<B> {
        let path: Vec<BackendCoord> = path.into_iter().map(|place| self.at(place)).collect();
        self.inner.draw_path(path, &self.stroke(style))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Done<B> {
        let radius = (f64::from(radius) * self.scale).round() as u32;
        self.inner.draw_circle(self.at(centre), radius, &self.stroke(style), fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Done<B> {
        let corners: Vec<BackendCoord> = corners.into_iter().map(|corner| self.at(corner)).collect();
        self.inner.fill_polygon(corners, &self.stroke(style))
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, place: BackendCoord) -> Done<B> {
        let BackendColor { alpha, rgb: (red, green, blue) } = style.color();
        let colour = RGBAColor(red, green, blue, alpha);
        let (size, turn) = (style.size() * self.scale, style.transform());
        let of_level = |level: Level, across: HPos| {
            let size = if level == Level::Line { size } else { INDEX * size };
            let font = (FONT, size).into_font().transform(turn.clone());
            TextStyle::from(font).color(&colour).pos(Pos::new(across, style.anchor().v_pos))
        };
        let parts = spelled(text);
        if let [(part, Level::Line)] = &parts[..] {
            let whole = of_level(Level::Line, style.anchor().h_pos);
            return self.inner.draw_text(part, &whole, self.at(place));
        }
        let parts: Vec<(String, Level, TextStyle<'_>, i32)> = parts
            .into_iter()
            .map(|(part, level)| {
                // SVG drops spaces at the ends of a text.
                let part = part.replace(' ', "\u{a0}");
                let style = of_level(level, HPos::Left);
                // Where a font says nothing of a text, its letters are about as wide as half of their height.
                let guess = (0.5 * size * part.chars().count() as f64) as i32;
                let width = style.layout_box(&part).map_or(guess, |(_, (right, _))| right);
                (part, level, style, width)
            })
            .collect();
        let width: i32 = parts.iter().map(|(.., width)| width).sum();
        let mut across = match style.anchor().h_pos {
            HPos::Left => 0,
            HPos::Center => -width / 2,
            HPos::Right => -width,
        };
        let (x, y) = self.at(place);
        for (part, level, style, width) in &parts {
            let down = (size * OFF) as i32;
            let down = match level {
                Level::Line => 0,
                Level::Sub => down,
                Level::Super => -down,
            };
            let (right, below) = turned(&turn, across, down);
            self.inner.draw_text(part, style, (x + right, y + below))?;
            across += width;
        }
        Ok(())
    }
}

/// A way along and across a line of text, in pixels of the page.
fn turned(turn: &FontTransform, along: i32, across: i32) -> (i32, i32) {
    match turn {
        FontTransform::None => (along, across),
        FontTransform::Rotate90 => (-across, along),
        FontTransform::Rotate180 => (-along, -across),
        FontTransform::Rotate270 => (across, -along),
    }
}

/// A text in parts that stand on the line, below or above it.
fn spelled(text: &str) -> Vec<(String, Level)> {
    let text = text.replace("+-", "±");
    let mut parts: Vec<(String, Level)> = vec![(String::new(), Level::Line)];
    let mut put = |part: &str, level: Level| match parts.last_mut() {
        Some((last, same)) if *same == level => last.push_str(part),
        _ => parts.push((part.to_owned(), level)),
    };
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let length = match first {
            '^' => {
                1 + rest[1..]
                    .find(|letter: char| !letter.is_ascii_digit() && letter != '-')
                    .unwrap_or(rest.len() - 1)
            }
            _ if is_of_word(first) => rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        rest = after;
        let letter = |word: &str| GREEK.iter().find(|(name, _)| *name == word).map(|(_, letter)| *letter);
        let index = word.split_once('_').filter(|(base, index)| {
            let is_letter = base.len() == 1 || letter(base).is_some();
            is_letter && (1..=LONGEST_SUBSCRIPT).contains(&index.len()) && !index.contains('_')
        });
        match (word, index) {
            (_, Some((base, index))) => {
                put(letter(base).unwrap_or(base), Level::Line);
                put(index, Level::Sub);
            }
            ("x", None) if after.starts_with(' ') => put("×", Level::Line),
            (_, None) if word.len() > 1 && word.starts_with('^') => {
                put(&word[1..].replace('-', "−"), Level::Super)
            }
            (_, None) => put(letter(word).unwrap_or(word), Level::Line),
        }
    }
    parts.retain(|(part, _)| !part.is_empty());
    if parts.is_empty() { vec![(String::new(), Level::Line)] } else { parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_letters_with_indices() {
        let of = |text: &str| {
            let part = |(part, level): (String, Level)| match level {
                Level::Line => part,
                Level::Sub => format!("<{part}>"),
                Level::Super => format!("[{part}]"),
            };
            spelled(text).into_iter().map(part).collect::<String>()
        };
        for (text, expected) in [
            ("beta   [1/J]", "β   [1/J]"),
            ("beta_c = 0.44069", "β<c> = 0.44069"),
            ("S/N   [k_B]", "S/N   [k<B>]"),
            ("|m_s|", "|m<s>|"),
            ("energy: tau_int 1.14", "energy: τ<int> 1.14"),
            ("10^-3", "10[−3]"),
            ("m^2", "m[2]"),
            ("8 x 8, beta = 0.44", "8 × 8, β = 0.44"),
            ("N = 100, cw_infinite", "N = 100, cw_infinite"),
            ("one_parameter", "one_parameter"),
            ("betas", "betas"),
            ("1 +- 2", "1 ± 2"),
            ("", ""),
        ] {
            assert_eq!(of(text), expected);
        }
    }
}
