//! Tokens and grams of texts, and their hashes. What is here is a file format: it never changes without a new magic.
//!
//! A token is a run of `A-Z a-z 0-9 . _ @ -` without the `. _ @ -` at its ends. ASCII letters are folded to lower
//! case; every other byte, those of non-ASCII letters included, separates tokens.

/// Lower case of every byte that can be in a token; 0 for bytes that separate.
const FOLDED: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let this = byte as u8;
        if this.is_ascii_alphanumeric() || is_edge(this) {
            table[byte] = this.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// Letters of a gram.
pub(crate) const GRAM: usize = 4;

/// Whether a byte can be in a token.
pub(crate) const fn is_token(byte: u8) -> bool {
    FOLDED[byte as usize] != 0
}

/// Whether a byte is taken off the ends of tokens.
pub(crate) const fn is_edge(byte: u8) -> bool {
    matches!(byte, b'.' | b'_' | b'@' | b'-')
}

/// Calls `found` with the hash of every token.
#[inline]
pub(crate) fn each_token(text: &[u8], mut found: impl FnMut(u64)) {
    each_span(text, |start, end| {
        if let Some(token) = text.get(start..end) {
            found(hash(token));
        }
    });
}

/// Calls `found` with start and end of every token, edges taken off.
#[inline]
pub(crate) fn each_span(text: &[u8], mut found: impl FnMut(usize, usize)) {
    let mut at = 0;
    while at < text.len() {
        while at < text.len() && !is_token(text[at]) {
            at += 1;
        }
        let mut start = at;
        while at < text.len() && is_token(text[at]) {
            at += 1;
        }
        let mut end = at;
        while start < end && is_edge(text[start]) {
            start += 1;
        }
        while end > start && is_edge(text[end - 1]) {
            end -= 1;
        }
        if start < end {
            found(start, end);
        }
    }
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const MIX: u64 = 0xd6e8_feb8_6659_fd93;

/// The hash of a token, folded.
#[inline]
pub(crate) fn hash(token: &[u8]) -> u64 {
    let mut state = SEED ^ token.len() as u64;
    let chunks = token.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        state = mix(state ^ fold(u64::from_le_bytes(word)));
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        state = mix(state ^ fold(u64::from_le_bytes(word)));
    }
    mix(state)
}

/// Calls `found` with the hash of every gram of a text, folded.
#[inline]
pub(crate) fn each_gram(text: &[u8], mut found: impl FnMut(u64)) {
    for gram in text.windows(GRAM) {
        let mut word = [0; 8];
        word[..GRAM].copy_from_slice(gram);
        found(mix(mix(SEED ^ fold(u64::from_le_bytes(word)))));
    }
}

#[inline]
fn mix(state: u64) -> u64 {
    let wide = u128::from(state ^ SEED) * u128::from(MIX);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// Eight bytes with their ASCII capitals made small.
#[inline]
fn fold(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let seven = word & (0x7f * ONES);
    let from_a = seven + (0x80 - u64::from(b'A')) * ONES;
    let past_z = seven + (0x80 - u64::from(b'Z') - 1) * ONES;
    let capital = from_a & !past_z & !word & (0x80 * ONES);
    word | (capital >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        each_span(text.as_bytes(), |start, end| found.extend(text.get(start..end)));
        found
    }

    #[test]
    fn tokens_keep_names_and_addresses_whole() {
        assert_eq!(
            tokens(r#"{"ip":"10.0.0.1","user":"CORP\\eve@corp.example."} -- -a ..x_"#),
            ["ip", "10.0.0.1", "user", "CORP", "eve@corp.example", "a", "x"]
        );
        assert_eq!(tokens("müller --- "), ["m", "ller"]);
    }

    #[test]
    fn capitals_do_not_matter_and_all_else_does() {
        for byte in 0..=255u8 {
            let word = fold(u64::from_le_bytes([byte; 8]));
            assert_eq!(word, u64::from_le_bytes([byte.to_ascii_lowercase(); 8]), "{byte}");
        }
        assert_eq!(hash(b"Administrator"), hash(b"aDMINISTRATOR"));
        assert_ne!(hash(b"a"), hash(b"a\0"));
        assert_ne!(hash(b"abcdefgh"), hash(b"abcdefg"));
    }

    #[test]
    fn the_hashes_are_those_of_files_that_exist() {
        assert_eq!(hash(b"10.0.0.1"), HASH_OF_ADDRESS);
        let mut grams = Vec::new();
        each_gram(b"cmd.exe", |gram| grams.push(gram));
        assert_eq!((grams.len(), grams[0]), (4, HASH_OF_GRAM));
    }

    const HASH_OF_ADDRESS: u64 = 0x3f51_6b35_a07e_4abf;
    const HASH_OF_GRAM: u64 = 0x9a20_8556_8195_758f;
}
