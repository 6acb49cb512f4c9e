//! The strings and numbers of JSON.

use model::Value;

/// A string of a record.
pub(super) enum Text<'r> {
    /// As it stands, without escapes.
    Plain(&'r [u8]),
    /// Put together in the buffer that was handed in.
    Unescaped,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const QUOTES: u64 = ONES * 0x22;
const BACKSLASHES: u64 = ONES * 0x5C;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes come before the first quote, backslash or control character. Eight bytes at a time: the
/// texts of logs are short and full of backslashes, where wider searches do not pay.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = word ^ QUOTES;
        let backslashes = word ^ BACKSLASHES;
        // A byte that is zero (or below 0x20) borrows from its highest bit; hits above the first may be wrong.
        let hits = (quotes.wrapping_sub(ONES) & !quotes)
            | (backslashes.wrapping_sub(ONES) & !backslashes)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let hits = hits & HIGHS;
        if hits != 0 {
            return index * 8 + (hits.trailing_zeros() / 8) as usize;
        }
    }
    let more = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
    words.len() * 8 + more.unwrap_or(rest.len())
}

/// Reads a string after its opening quote. Returns it with its length up to and including the closing quote,
/// or the place of what is wrong.
#[inline]
pub(super) fn string<'r>(
    bytes: &'r [u8],
    unescaped: &mut Vec<u8>,
) -> Result<(Text<'r>, usize), usize> {
    let length = plain_length(bytes);
    if bytes.get(length) == Some(&b'"') {
        return Ok((Text::Plain(bytes.get(..length).unwrap_or_default()), length + 1));
    }
    unescaped.clear();
    let length = unescape(bytes, length, unescaped)?;
    Ok((Text::Unescaped, length))
}

fn unescape(bytes: &[u8], first: usize, out: &mut Vec<u8>) -> Result<usize, usize> {
    let mut from = 0;
    let mut at = first;
    loop {
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => {}
            _ => return Err(at),
        }
        let plain = match bytes.get(at + 1) {
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'u') => {
                let (character, length) = unicode(bytes.get(at..).unwrap_or_default()).ok_or(at)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                from = at + length;
                at = from + plain_length(bytes.get(from..).unwrap_or_default());
                continue;
            }
            _ => return Err(at + 1),
        };
        out.push(plain);
        from = at + 2;
        at = from + plain_length(bytes.get(from..).unwrap_or_default());
    }
}

/// The character of `\uXXXX` or of a pair of them. Half a pair, which Windows texts may hold, is U+FFFD.
fn unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let high = unit(bytes)?;
    if let Some(character) = char::from_u32(high) {
        return Some((character, 6));
    }
    if (0xD800..0xDC00).contains(&high)
        && let Some(low @ 0xDC00..=0xDFFF) = bytes.get(6..).and_then(unit)
    {
        let character = char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00));
        return Some((character.unwrap_or(char::REPLACEMENT_CHARACTER), 12));
    }
    Some((char::REPLACEMENT_CHARACTER, 6))
}

fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// Reads a number at the beginning. Returns it with its length.
#[inline]
pub(super) fn number(text: &str) -> Option<(Value, usize)> {
    let bytes = text.as_bytes();
    let is_negative = bytes.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let mut at = start;
    let mut magnitude: i64 = 0;
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        magnitude = magnitude.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        at += 1;
    }
    let digits = at - start;
    if digits == 0 || digits > 1 && bytes.get(start) == Some(&b'0') {
        return None;
    }
    let has_fraction = matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
    if !has_fraction && digits <= 18 {
        return Some((Value::Int(if is_negative { -magnitude } else { magnitude }), at));
    }
    if bytes.get(at) == Some(&b'.') {
        at = pass_digits(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = pass_digits(bytes, at)?;
    }
    let text = text.get(..at)?;
    let value = match text.parse::<i64>() {
        Ok(number) if !has_fraction => Value::Int(number),
        // What no double can hold would come out as infinity.
        _ => Value::Float(text.parse::<f64>().ok().filter(|number| number.is_finite())?),
    };
    Some((value, at))
}

/// Where the digits from `at` end; there has to be one.
fn pass_digits(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = bytes.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(at + digits)
}
