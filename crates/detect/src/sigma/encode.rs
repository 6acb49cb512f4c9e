//! The encodings that modifiers make: Base64 at every offset, UTF-16, and dashes in all their forms.

use super::ast::Part;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The characters that `windash` takes for each other.
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
/// Most dashes in one value: 5 to the power of this many variants.
pub(crate) const DASHES_MAX: usize = 5;

/// Standard Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for position in 0..4 {
            let digit =
                ALPHABET.get((word >> (18 - 6 * position) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if position <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// What every Base64 text has in common in which `bytes` stand 0, 1 or 2 bytes after a group of three: the
/// characters that depend on these bytes alone. Shifts that leave nothing are left out.
pub(crate) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let shifted = |shift: usize| {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(bytes);
        // A digit stands for six bits: those that begin before the bytes or end after them vary.
        let first = (shift * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        base64(&padded).get(first..end).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    (0..3).filter_map(shifted).collect()
}

/// UTF-16, low byte first.
pub(crate) fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// UTF-16, high byte first.
pub(crate) fn utf16be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// UTF-16, low byte first, after a byte order mark.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(utf16le(text));
    bytes
}

/// All ways to write the value with other dashes, the value itself first; `None` when it has more than
/// [`DASHES_MAX`].
pub(crate) fn windash(parts: &[Part]) -> Option<Vec<Vec<Part>>> {
    let literals = parts
        .iter()
        .filter_map(|part| if let Part::Literal(text) = part { Some(text) } else { None });
    let dashes: Vec<char> =
        literals.flat_map(|text| text.chars()).filter(|c| DASHES.contains(c)).collect();
    if dashes.len() > DASHES_MAX {
        return None;
    }
    let count = DASHES.len().pow(dashes.len() as u32);
    let own: Vec<usize> =
        dashes.iter().filter_map(|c| DASHES.iter().position(|dash| dash == c)).collect();
    let variant = |mut number: usize| {
        let mut own = own.iter();
        let mut next = || {
            let start = own.next().copied().unwrap_or_default();
            let choice = (start + number % DASHES.len()) % DASHES.len();
            number /= DASHES.len();
            DASHES.get(choice).copied().unwrap_or('-')
        };
        let rewrite = |part: &Part| match part {
            Part::Literal(text) => Part::Literal(
                text.chars()
                    .map(|c| if DASHES.contains(&c) { next() } else { c })
                    .collect::<String>()
                    .into(),
            ),
            other => other.clone(),
        };
        parts.iter().map(rewrite).collect()
    };
    Some((0..count).map(variant).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_standard() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("ü~", "w7x+"),
        ];
        for (plain, encoded) in pairs {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn every_offset_is_found_in_the_encoding_of_any_surroundings() {
        let offsets = base64_offsets(b"/bin/bash");
        assert_eq!(offsets, ["L2Jpbi9iYXNo", "9iaW4vYmFza", "vYmluL2Jhc2"]);
        for before in ["", "a", "ab", "abc", "xyz1"] {
            for after in ["", "!", "??", "end"] {
                let whole = base64(format!("{before}/bin/bash{after}").as_bytes());
                assert!(offsets.iter().any(|part| whole.contains(part)), "{before} {after}");
            }
        }
    }

    #[test]
    fn utf16_has_both_orders() {
        assert_eq!(utf16le("cm"), [0x63, 0, 0x6d, 0]);
        assert_eq!(utf16be("cm"), [0, 0x63, 0, 0x6d]);
        assert_eq!(utf16("c"), [0xff, 0xfe, 0x63, 0]);
    }

    #[test]
    fn windash_writes_every_dash_in_every_form() {
        let parts = [Part::Literal(" -a /b".into()), Part::Any];
        let variants = windash(&parts).unwrap_or_default();
        assert_eq!(variants.len(), 25);
        assert_eq!(variants.first().map(Vec::as_slice), Some(parts.as_slice()));
        assert!(variants.contains(&vec![Part::Literal(" /a –b".into()), Part::Any]));
        assert_eq!(windash(&[Part::Literal("------".into())]), None);
    }
}
