//! An invoice as PDF: A4, its fonts embedded, as many pages as it takes.

use krilla::Document as Pdf;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Stroke;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use ttf_parser::Face;

use super::sheet::{Row, Sheet};
use crate::error::{Error, Result};

/// A4 in points.
const PAGE: (f32, f32) = (595.28, 841.89);
const MARGIN: f32 = 50.0;
const BOTTOM: f32 = PAGE.1 - 60.0;
const SIZE: f32 = 9.0;
const LINE: f32 = 13.0;

/// Where the columns end; the first begins at the margin, the others are set to the right.
const COLUMNS: [f32; 5] = [270.0, 325.0, 405.0, 470.0, PAGE.0 - MARGIN];

static REGULAR: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");
static BOLD: &[u8] = include_bytes!("fonts/DejaVuSans-Bold.ttf");

/// A font, to draw with and to measure by.
struct Typeface {
    font: Font,
    face: Face<'static>,
}

impl Typeface {
    fn of(data: &'static [u8]) -> Result<Self> {
        let broken = || Error::Internal("an embedded font is broken".to_owned());
        let font = Font::new(data.into(), 0).ok_or_else(broken)?;
        let face =
            Face::parse(data, 0).map_err(|error| Error::Internal(format!("an embedded font is broken: {error}")))?;
        Ok(Self { font, face })
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        let advance = |letter| self.face.glyph_index(letter).and_then(|glyph| self.face.glyph_hor_advance(glyph));
        let units: f32 = text.chars().map(|letter| f32::from(advance(letter).unwrap_or_default())).sum();
        units * size / f32::from(self.face.units_per_em())
    }

    /// The text in lines that are no wider than asked; a word that is wider alone is cut.
    fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let mut word = word.to_owned();
            while let Some(last) = lines.last_mut() {
                let joined = if last.is_empty() { word.clone() } else { format!("{last} {word}") };
                if self.width(&joined, size) <= width {
                    *last = joined;
                    break;
                }
                if !last.is_empty() {
                    lines.push(String::new());
                    continue;
                }
                let mut cut = word.char_indices().skip(1).map(|(at, _)| at);
                let fits = |at: &usize| self.width(word.get(..*at).unwrap_or_default(), size) <= width;
                let at = cut.by_ref().take_while(fits).last().unwrap_or(word.len());
                let rest = word.split_off(at.min(word.len()));
                *last = word;
                if rest.is_empty() {
                    break;
                }
                word = rest;
                lines.push(String::new());
            }
        }
        lines
    }
}

/// What is drawn on a page: texts and rules.
#[derive(Default)]
struct Sketch {
    texts: Vec<(f32, f32, f32, bool, String)>,
    rules: Vec<f32>,
}

struct Layout {
    regular: Typeface,
    bold: Typeface,
    pages: Vec<Sketch>,
    y: f32,
}

/// The file.
///
/// # Errors
/// A defect, such as a broken font.
pub fn file(sheet: &Sheet) -> Result<Vec<u8>> {
    let (regular, bold) = (Typeface::of(REGULAR)?, Typeface::of(BOLD)?);
    let mut layout = Layout { regular, bold, pages: vec![Sketch::default()], y: MARGIN + 20.0 };
    layout.head(sheet);
    layout.columns(sheet);
    for row in &sheet.rows {
        layout.row(sheet, row);
    }
    layout.sums(sheet);
    layout.notes(sheet);
    layout.draw(sheet)
}

impl Layout {
    fn text(&mut self, x: f32, size: f32, strong: bool, text: &str) {
        let y = self.y;
        if let Some(page) = self.pages.last_mut() {
            page.texts.push((x, y, size, strong, text.to_owned()));
        }
    }

    /// A text that ends at `x`.
    fn right(&mut self, x: f32, strong: bool, text: &str) {
        let width = if strong { self.bold.width(text, SIZE) } else { self.regular.width(text, SIZE) };
        self.text(x - width, SIZE, strong, text);
    }

    fn rule(&mut self) {
        let y = self.y;
        if let Some(page) = self.pages.last_mut() {
            page.rules.push(y);
        }
    }

    /// Begins another page unless so much fits on this one; answers whether it did.
    fn need(&mut self, height: f32) -> bool {
        let is_full = self.y + height > BOTTOM;
        if is_full {
            self.pages.push(Sketch::default());
            self.y = MARGIN + 10.0;
        }
        is_full
    }

    fn head(&mut self, sheet: &Sheet) {
        self.text(MARGIN, 18.0, true, &sheet.title);
        self.y += 24.0;
        for [name, value] in &sheet.facts {
            self.text(MARGIN, SIZE, false, name);
            self.text(MARGIN + 100.0, SIZE, false, value);
            self.y += LINE;
        }
        self.y += LINE;
        let top = self.y;
        let [seller, buyer] = sheet.parties;
        let mut end = top;
        for (x, name, lines) in [(MARGIN, seller, &sheet.seller), (PAGE.0 / 2.0, buyer, &sheet.buyer)] {
            self.y = top;
            self.text(x, SIZE, true, name);
            for line in lines {
                for part in self.regular.wrap(line, SIZE, PAGE.0 / 2.0 - MARGIN - 10.0) {
                    self.y += LINE;
                    self.text(x, SIZE, false, &part);
                }
            }
            end = end.max(self.y);
        }
        self.y = end + 2.0 * LINE;
    }

    fn columns(&mut self, sheet: &Sheet) {
        for (index, (name, end)) in sheet.columns.iter().zip(COLUMNS).enumerate() {
            if index == 0 {
                self.text(MARGIN, SIZE, true, name);
            } else {
                self.right(end, true, name);
            }
        }
        self.y += 5.0;
        self.rule();
        self.y += LINE;
    }

    fn row(&mut self, sheet: &Sheet, row: &Row) {
        let [description, numbers @ ..] = &row.cells;
        let width = 200.0;
        let lines = self.regular.wrap(description, SIZE, width);
        let notes = row.note.as_deref().map(|note| self.regular.wrap(note, SIZE - 1.5, width)).unwrap_or_default();
        let height: f32 = lines.iter().chain(&notes).map(|_| LINE).sum();
        if self.need(height) {
            self.columns(sheet);
        }
        for (cell, end) in numbers.iter().zip(COLUMNS.into_iter().skip(1)) {
            self.right(end, false, cell);
        }
        for line in &lines {
            self.text(MARGIN, SIZE, false, line);
            self.y += LINE;
        }
        for note in &notes {
            self.text(MARGIN, SIZE - 1.5, false, note);
            self.y += LINE;
        }
        self.y += 3.0;
    }

    fn sums(&mut self, sheet: &Sheet) {
        let height: f32 = sheet.sums.iter().map(|_| LINE).sum();
        self.need(height + LINE);
        self.y -= LINE - 5.0;
        self.rule();
        self.y += LINE + 3.0;
        for sum in &sheet.sums {
            let [_, _, _, names, amounts] = COLUMNS;
            self.right(names - 10.0, sum.strong, &sum.name);
            self.right(amounts, sum.strong, &sum.amount);
            self.y += LINE;
        }
        self.y += LINE;
    }

    fn notes(&mut self, sheet: &Sheet) {
        for note in &sheet.notes {
            for line in self.regular.wrap(note, SIZE, PAGE.0 - 2.0 * MARGIN) {
                self.need(LINE);
                self.text(MARGIN, SIZE, false, &line);
                self.y += LINE;
            }
            self.y += 4.0;
        }
    }

    fn draw(self, sheet: &Sheet) -> Result<Vec<u8>> {
        let broken = |what: &str| Error::Internal(format!("an invoice could not be drawn: {what}"));
        let mut pdf = Pdf::new();
        pdf.set_metadata(Metadata::new().title(sheet.title.clone()).language(sheet.language.to_owned()));
        let count = self.pages.len();
        for (index, sketch) in self.pages.iter().enumerate() {
            let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| broken("the size of its page"))?;
            let mut page = pdf.start_page_with(settings);
            let mut surface = page.surface();
            for (x, y, size, strong, text) in &sketch.texts {
                let font = if *strong { &self.bold.font } else { &self.regular.font };
                surface.draw_text(Point::from_xy(*x, *y), font.clone(), *size, text, false, TextDirection::Auto);
            }
            let number = format!("{} / {count}", index + 1);
            let x = PAGE.0 - MARGIN - self.regular.width(&number, SIZE);
            let font = self.regular.font.clone();
            surface.draw_text(Point::from_xy(x, PAGE.1 - 30.0), font, SIZE, &number, false, TextDirection::Auto);
            for y in &sketch.rules {
                rule(&mut surface, *y);
            }
            surface.finish();
            page.finish();
        }
        pdf.finish().map_err(|error| broken(&format!("{error:?}")))
    }
}

fn rule(surface: &mut Surface<'_>, y: f32) {
    let mut path = PathBuilder::new();
    path.move_to(MARGIN, y);
    path.line_to(PAGE.0 - MARGIN, y);
    if let Some(path) = path.finish() {
        surface.set_stroke(Some(Stroke { width: 0.5, ..Stroke::default() }));
        surface.draw_path(&path);
        surface.set_stroke(None);
    }
}
