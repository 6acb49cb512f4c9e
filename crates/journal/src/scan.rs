//! Reads frames one after the other; where none can be read, looks for the next one.

use std::convert::Infallible;

use memchr::memmem;

use crate::frame::{self, Check, FILE_HEAD, HEAD, Marker, View};

/// Bytes read at once.
pub(crate) const CHUNK: usize = 1 << 20;

/// What comes next.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// A frame, and where it ends.
    Frame { view: View<'a>, end: u64 },
    /// Bytes that are no frame.
    Damage { from: u64, to: u64 },
}

/// A reader of frames. `fill` gives bytes from a place on, at most so many; none at the end.
pub(crate) struct Scan<F> {
    fill: F,
    marker: Marker,
    buffer: Vec<u8>,
    /// Where the buffer begins.
    base: u64,
    /// How much of the buffer was taken.
    at: usize,
    /// Where reading stops.
    end: u64,
    /// Numbers that the next frame may have.
    floor: u64,
    ceiling: u64,
    chunk: usize,
}

impl<E, F: FnMut(u64, usize) -> Result<Vec<u8>, E>> Scan<F> {
    /// Reads from `from` to `end` frames whose numbers rise from `floor` and do not pass `ceiling`.
    pub(crate) fn new(
        fill: F,
        marker: Marker,
        (from, end): (u64, u64),
        numbers: (u64, u64),
    ) -> Self {
        let (floor, ceiling) = numbers;
        let buffer = Vec::new();
        Self { fill, marker, buffer, base: from, at: 0, end, floor, ceiling, chunk: CHUNK }
    }

    /// Reads so many bytes at once.
    pub(crate) fn by(mut self, chunk: usize) -> Self {
        self.chunk = chunk.max(HEAD);
        self
    }

    /// The next frame or damage; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Step<'_>>, E> {
        let start = self.position();
        let mut is_damaged = false;
        loop {
            if self.position() >= self.end {
                let to = self.end;
                return Ok(is_damaged.then_some(Step::Damage { from: start, to }));
            }
            match self.judge()? {
                Some(_) if is_damaged => {
                    return Ok(Some(Step::Damage { from: start, to: self.position() }));
                }
                Some(length) => return Ok(self.take(length)),
                None => {
                    is_damaged = true;
                    self.seek()?;
                }
            }
        }
    }

    fn take(&mut self, length: usize) -> Option<Step<'_>> {
        let start = self.at;
        self.at += length;
        let end = self.position();
        let view = frame::view(self.buffer.get(start..start + length)?)?;
        self.floor = view.sequence + 1;
        Some(Step::Frame { view, end })
    }

    fn position(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The length of the frame that begins here; `None` when none does.
    fn judge(&mut self) -> Result<Option<usize>, E> {
        loop {
            let bytes = self.buffer.get(self.at..).unwrap_or_default();
            match frame::check(bytes, self.marker) {
                Check::Bad => return Ok(None),
                Check::Need(length) => {
                    if !self.ensure(length)? {
                        return Ok(None);
                    }
                }
                Check::Whole(length) => {
                    let sequence =
                        bytes.get(..length).and_then(frame::view).map(|view| view.sequence);
                    let is_due = sequence
                        .is_some_and(|number| (self.floor..=self.ceiling).contains(&number));
                    return Ok(is_due.then_some(length));
                }
            }
        }
    }

    /// Moves on to the next marker, or to the end.
    fn seek(&mut self) -> Result<(), E> {
        self.at += 1;
        loop {
            let bytes = self.buffer.get(self.at..).unwrap_or_default();
            if let Some(place) = memmem::find(bytes, &self.marker) {
                self.at += place;
                return Ok(());
            }
            let rest = bytes.len().min(self.marker.len() - 1);
            self.at += bytes.len() - rest;
            if !self.ensure(rest + 1)? {
                self.at += rest;
                self.end = self.end.min(self.position());
                return Ok(());
            }
        }
    }

    /// Reads until so many bytes are there that were not taken; whether they are.
    fn ensure(&mut self, length: usize) -> Result<bool, E> {
        let kept = self.buffer.len().saturating_sub(self.at);
        if kept >= length {
            return Ok(true);
        }
        self.buffer.drain(..self.at.min(self.buffer.len()));
        self.base += self.at as u64;
        self.at = 0;
        while self.buffer.len() < length {
            let from = self.base + self.buffer.len() as u64;
            let left = self.end.saturating_sub(from);
            let most = (length - self.buffer.len()).max(self.chunk);
            let most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
            let bytes = if most == 0 { Vec::new() } else { (self.fill)(from, most)? };
            if bytes.is_empty() {
                self.end = self.end.min(from);
                return Ok(false);
            }
            self.buffer.extend_from_slice(&bytes);
        }
        Ok(true)
    }
}

/// What some bytes hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces {
    /// Frames that were read.
    pub frames: Vec<crate::Frame>,
    /// Stretches of bytes that are no frame: from, to.
    pub damage: Vec<(u64, u64)>,
    /// Whether the head of the file can be read.
    pub has_head: bool,
}

/// Reads bytes as a file of the journal: for fuzzing, and for looking at a file by hand. Without a head that can be
/// read the marker is taken to be that of the first frame.
pub fn pieces(bytes: &[u8]) -> Pieces {
    let head = frame::read_file_head(bytes);
    let begin = bytes.get(FILE_HEAD..FILE_HEAD + 8).and_then(|marker| marker.try_into().ok());
    let marker = head.map(|(_, marker)| marker).or(begin).unwrap_or_default();
    let fill = |from: u64, most: usize| -> Result<Vec<u8>, Infallible> {
        let rest = bytes.get(from as usize..).unwrap_or_default();
        Ok(rest.get(..most).unwrap_or(rest).to_vec())
    };
    let range = (FILE_HEAD.min(bytes.len()) as u64, bytes.len() as u64);
    let mut scan = Scan::new(fill, marker, range, (0, u64::MAX - 1)).by(4096);
    let mut pieces = Pieces { has_head: head.is_some(), ..Pieces::default() };
    while let Ok(Some(step)) = scan.next() {
        match step {
            Step::Frame { view, .. } => pieces.frames.extend(view.to_frame()),
            Step::Damage { from, to } => pieces.damage.push((from, to)),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use ports::TenantId;
    use proptest::prelude::*;

    use super::*;
    use crate::Entry;
    use crate::frame::Stamp;

    const MARKER: Marker = *b"\xF1marker\x01";

    fn file(payloads: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = frame::file_head(MARKER, 1).to_vec();
        let mut ends = Vec::new();
        for (index, payload) in payloads.iter().enumerate() {
            let entry = Entry {
                tenant: TenantId::main(),
                source: "s".into(),
                batch: None,
                records: 1,
                payload: payload.clone(),
            };
            let stamp = Stamp { sequence: index as u64 + 1, durable: 0, at: Timestamp(0) };
            frame::encode(&mut bytes, MARKER, &entry, stamp);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        // Bytes of the marker turn up in payloads.
        let byte = prop_oneof![any::<u8>(), proptest::sample::select(MARKER.to_vec())];
        proptest::collection::vec(proptest::collection::vec(byte, 0..3000), 1..8)
    }

    proptest! {
        #[test]
        fn every_frame_is_found_and_damage_costs_only_what_it_hits(
            payloads in payloads(),
            place in any::<proptest::sample::Index>(),
            length in 1_usize..4096,
        ) {
            let (whole, ends) = file(&payloads);
            let read = pieces(&whole);
            prop_assert_eq!(read.frames.len(), payloads.len());
            prop_assert!(read.damage.is_empty() && read.has_head);

            let from = FILE_HEAD + 8 + place.index(whole.len() - FILE_HEAD - 8);
            let to = (from + length).min(whole.len());
            let mut bytes = whole.clone();
            bytes[from..to].fill(0);
            let read = pieces(&bytes);
            let begins = std::iter::once(FILE_HEAD).chain(ends.iter().copied());
            for (index, (begin, end)) in begins.zip(ends.iter().copied()).enumerate() {
                let is_hit = bytes[begin..end] != whole[begin..end];
                let number = index as u64 + 1;
                let found = read.frames.iter().find(|frame| frame.sequence == number);
                prop_assert_eq!(found.is_none(), is_hit, "frame {} of {}", number, ends.len());
                if let Some(found) = found {
                    prop_assert_eq!(&found.payload, &payloads[index]);
                }
            }
            prop_assert_eq!(read.damage.is_empty(), bytes == whole);
        }

        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let read = pieces(&bytes);
            prop_assert!(read.frames.len() * HEAD <= bytes.len());
        }
    }

    #[test]
    fn an_old_frame_within_a_payload_is_not_taken_for_a_new_one() {
        let (inner, _) = file(&[b"old".to_vec()]);
        let (mut bytes, ends) = file(&[b"a".to_vec(), inner, b"c".to_vec()]);
        bytes[ends[0] + 9] ^= 1;
        let read = pieces(&bytes);
        let numbers: Vec<u64> = read.frames.iter().map(|frame| frame.sequence).collect();
        assert_eq!(numbers, [1, 3]);
    }
}
