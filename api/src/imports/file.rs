//! Reading a file in one pass and little memory: the rows of one product at a time, on a thread of its own.

use std::cell::Cell;
use std::io::{Read, Result as IoResult};
use std::rc::Rc;
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder};
use tokio::sync::mpsc;

use super::columns::{Column, Header};

/// How many products are read ahead.
const READ_AHEAD: usize = 8;

/// The most rows of one product: 250 variants and 250 pictures.
const MOST_ROWS: usize = 500;

/// The most bytes of one row; more mean that a quote is missing.
const MOST_ROW_BYTES: usize = 4 * 1024 * 1024;

/// The most bytes of one product's rows.
const MOST_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// A row of the file.
#[derive(Debug, Clone)]
pub struct Row {
    /// The line that it begins on; the header is line 1.
    pub line: i64,
    header: Arc<Header>,
    cells: Vec<String>,
    broken: Option<String>,
}

impl Row {
    /// A column's cell, trimmed; `None` when the file has no such column.
    #[must_use]
    pub fn cell(&self, column: &Column) -> Option<&str> {
        let place = self.header.place(column)?;
        let cell = self.cells.get(place).map_or("", |cell| cell.trim());
        // What `--excel` wrote so that it is not taken for a formula.
        let shielded = cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
        Some(shielded.unwrap_or(cell))
    }

    /// A column's cell when there is something in it.
    #[must_use]
    pub fn filled(&self, column: &Column) -> Option<&str> {
        self.cell(column).filter(|cell| !cell.is_empty())
    }

    /// Why the row could not be read at all.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Every column of the file.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.header.columns()
    }
}

/// The rows of one product, in the file's order.
#[derive(Debug, Clone)]
pub struct Group {
    /// The product's slug; empty for rows without one.
    pub handle: String,
    /// At least one.
    pub rows: Vec<Row>,
    /// Whether there are more rows than a product can have; they are not kept.
    pub too_many: bool,
}

/// What the reader found.
#[derive(Debug)]
pub enum Event {
    /// The first row.
    Header(Arc<Header>),
    /// A product.
    Group(Group),
    /// The file cannot be read any further, as it is no CSV.
    Broken(String),
    /// The file could not be had; it may be later.
    Interrupted(String),
}

/// Reads a file on a thread of its own; the receiver ends with the file.
pub fn read(source: impl Read + Send + 'static) -> mpsc::Receiver<Event> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(event) = read_all(source, &sender) {
            // The receiver may be gone, which ends the reading as well.
            let _ = sender.blocking_send(event);
        }
    });
    receiver
}

fn read_all(source: impl Read, sender: &mpsc::Sender<Event>) -> Result<(), Event> {
    let since = Rc::new(Cell::new(0));
    let lines = UnixLines { source, after_return: false, since: Rc::clone(&since) };
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(lines);
    let first = reader.byte_headers().map_err(unreadable)?.clone();
    let (names, broken) = cells_of(&first);
    if let Some(message) = broken {
        return Err(Event::Broken(format!("Line 1 {message}.")));
    }
    let header = Arc::new(Header::read(names.iter().map(String::as_str)).map_err(Event::Broken)?);
    let width = names.len();
    if sender.blocking_send(Event::Header(Arc::clone(&header))).is_err() {
        return Ok(());
    }
    let mut record = ByteRecord::new();
    let (mut group, mut group_bytes) = (None::<Group>, 0);
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let line = record.position().map_or(0, |position| i64::try_from(position.line()).unwrap_or(i64::MAX));
        let row = row(&record, width, line, &header);
        let bytes = since.replace(0);
        let handle = row.cell(&Column::Handle).unwrap_or_default().to_lowercase();
        match &mut group {
            Some(open) if open.handle == handle && !handle.is_empty() => {
                group_bytes += bytes;
                if open.rows.len() < MOST_ROWS && group_bytes < MOST_GROUP_BYTES {
                    open.rows.push(row);
                } else {
                    open.too_many = true;
                }
            }
            _ => {
                group_bytes = bytes;
                let full = group.replace(Group { handle, rows: vec![row], too_many: false });
                if full.is_some_and(|full| sender.blocking_send(Event::Group(full)).is_err()) {
                    return Ok(());
                }
            }
        }
    }
    if let Some(last) = group {
        let _ = sender.blocking_send(Event::Group(last));
    }
    Ok(())
}

/// What is wrong with the file, or with getting it.
fn unreadable(error: csv::Error) -> Event {
    if let csv::ErrorKind::Io(cause) = error.kind()
        && cause.kind() != std::io::ErrorKind::InvalidData
    {
        return Event::Interrupted(cause.to_string());
    }
    Event::Broken(format!("The file cannot be read as CSV: {error}."))
}

/// Every end of a line as `\n`: the reader counts the lines of others late.
struct UnixLines<R> {
    source: R,
    after_return: bool,
    /// Bytes read since the last row ended.
    since: Rc<Cell<usize>>,
}

impl<R: Read> Read for UnixLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        loop {
            let count = self.source.read(buffer)?;
            self.since.set(self.since.get() + count);
            if self.since.get() > MOST_ROW_BYTES {
                let message = format!("a row has more than {MOST_ROW_BYTES} bytes: a quote is missing");
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
            }
            let mut kept = 0;
            for place in 0..count {
                let byte = buffer.get(place).copied().unwrap_or_default();
                let is_second = byte == b'\n' && std::mem::take(&mut self.after_return);
                self.after_return = byte == b'\r';
                if let Some(target) = buffer.get_mut(kept).filter(|_| !is_second) {
                    *target = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
            }
            if kept > 0 || count == 0 {
                return Ok(kept);
            }
        }
    }
}

fn row(record: &ByteRecord, width: usize, line: i64, header: &Arc<Header>) -> Row {
    let (cells, mut broken) = cells_of(record);
    if record.len() > width {
        broken = Some(format!(
            "has {} cells, but the first row has {width}: a quote or a comma is out of place",
            record.len()
        ));
    }
    Row { line, header: Arc::clone(header), cells, broken }
}

/// The cells as text, and what is wrong with them; the handle stays readable, so that its product is told of it.
fn cells_of(record: &ByteRecord) -> (Vec<String>, Option<String>) {
    let cells: Vec<String> = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
    let is_wild = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    let broken = if record.iter().any(|cell| std::str::from_utf8(cell).is_err()) {
        Some("is not UTF-8; save the file as \"CSV UTF-8\"".to_owned())
    } else if cells.iter().any(|cell| cell.contains(is_wild)) {
        Some("holds control characters; take them out".to_owned())
    } else {
        None
    };
    (cells, broken)
}

/// A file that arrives in pieces, for the reading thread.
pub struct Pieces {
    pieces: mpsc::Receiver<Result<Vec<u8>, String>>,
    current: Vec<u8>,
    place: usize,
}

impl Pieces {
    /// From the receiving end of a channel.
    #[must_use]
    pub fn new(pieces: mpsc::Receiver<Result<Vec<u8>, String>>) -> Self {
        Self { pieces, current: Vec::new(), place: 0 }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        while self.place >= self.current.len() {
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) => (self.current, self.place) = (piece, 0),
                Some(Err(message)) => return Err(std::io::Error::other(message)),
                None => return Ok(0),
            }
        }
        let mut rest = self.current.get(self.place..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.place += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn groups(text: &'static str) -> Vec<(String, Vec<i64>)> {
        let mut events = read(text.as_bytes());
        let mut found = Vec::new();
        while let Some(event) = events.recv().await {
            if let Event::Group(group) = event {
                found.push((group.handle, group.rows.iter().map(|row| row.line).collect()));
            }
        }
        found
    }

    #[tokio::test]
    async fn rows_of_one_handle_are_one_product_and_know_their_lines() {
        let text = "\u{feff}Handle,Body (HTML)\r\na,\"one\r\ntwo, \"\"three\"\"\"\r\na,\r\nB,x\r\n";
        assert_eq!(groups(text).await, [("a".to_owned(), vec![2, 4]), ("b".to_owned(), vec![5])]);
    }

    #[tokio::test]
    async fn a_row_of_too_many_cells_or_of_another_encoding_says_so() {
        let mut events = read(&b"Handle,Title\nshirt,\"a\",b\nh\xe9,x\n"[..]);
        let mut broken = Vec::new();
        while let Some(event) = events.recv().await {
            if let Event::Group(group) = event {
                broken.extend(group.rows.iter().filter_map(|row| row.broken().map(str::to_owned)));
            }
        }
        assert!(broken[0].contains("3 cells") && broken[1].contains("UTF-8"), "{broken:?}");
    }
}
