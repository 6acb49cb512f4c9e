//! Conversions of single values: from the text of a source to what an OCSF attribute wants.

use std::net::IpAddr;
use std::ops::Range;

/// What a conversion makes of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Converted {
    /// A part of the text.
    Part(Range<usize>),
    /// A new text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// Nothing: the text holds no such thing.
    Nothing,
}

/// A named conversion (`as:`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    Integer,
    Float,
    Boolean,
    String,
    Timestamp,
    Lower,
    Upper,
    Basename,
    Dirname,
    UserPart,
    DomainPart,
    HostPart,
    PortPart,
    UrlHost,
    UrlPath,
    SecondsToMs,
    Ip,
    Sid,
    Hostname,
    Trim,
    Hashes,
}

impl Conversion {
    const NAMES: [(&'static str, Self); 21] = [
        ("integer", Self::Integer),
        ("float", Self::Float),
        ("boolean", Self::Boolean),
        ("string", Self::String),
        ("timestamp", Self::Timestamp),
        ("lower", Self::Lower),
        ("upper", Self::Upper),
        ("basename", Self::Basename),
        ("dirname", Self::Dirname),
        ("user_part", Self::UserPart),
        ("domain_part", Self::DomainPart),
        ("host_part", Self::HostPart),
        ("port_part", Self::PortPart),
        ("url_host", Self::UrlHost),
        ("url_path", Self::UrlPath),
        ("seconds_to_ms", Self::SecondsToMs),
        ("ip", Self::Ip),
        ("sid", Self::Sid),
        ("hostname", Self::Hostname),
        ("trim", Self::Trim),
        ("hashes", Self::Hashes),
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(have, _)| *have == name).map(|(_, conversion)| *conversion)
    }

    pub(super) fn names() -> String {
        Self::NAMES.map(|(name, _)| name).join(", ")
    }

    /// Converts a text. Times are the caller's, who knows the reference time; hashes make several attributes.
    pub(super) fn apply(self, text: &[u8]) -> Converted {
        let whole = 0..text.len();
        match self {
            Self::Integer => integer(text).map_or(Converted::Nothing, Converted::Int),
            Self::Float => float(text).map_or(Converted::Nothing, Converted::Float),
            Self::Boolean => boolean(text).map_or(Converted::Nothing, Converted::Bool),
            Self::Lower => Converted::Text(String::from_utf8_lossy(text).to_lowercase()),
            Self::Upper => Converted::Text(String::from_utf8_lossy(text).to_uppercase()),
            Self::Basename => {
                Converted::Part(last_separator(text).map_or(0, |at| at + 1)..text.len())
            }
            Self::Dirname => {
                last_separator(text).map_or(Converted::Nothing, |at| Converted::Part(0..at))
            }
            Self::UserPart => Converted::Part(user_range(text)),
            Self::DomainPart => domain_range(text).map_or(Converted::Nothing, Converted::Part),
            Self::HostPart => Converted::Part(host_port(text).0),
            Self::PortPart => match host_port(text).1 {
                Some(range) => integer(text.get(range).unwrap_or_default())
                    .map_or(Converted::Nothing, Converted::Int),
                None => Converted::Nothing,
            },
            Self::UrlHost => {
                url_parts(text).map_or(Converted::Nothing, |(host, _)| Converted::Part(host))
            }
            Self::UrlPath => {
                url_parts(text).map_or(Converted::Nothing, |(_, path)| Converted::Part(path))
            }
            Self::SecondsToMs => float(text).map_or(Converted::Nothing, |seconds| {
                Converted::Int((seconds * 1000.0).round() as i64)
            }),
            Self::Ip => address(text).map_or(Converted::Nothing, Converted::Part),
            Self::Sid => {
                if is_sid(text) {
                    Converted::Part(whole)
                } else {
                    Converted::Nothing
                }
            }
            Self::Hostname => {
                if is_ip(text) {
                    Converted::Nothing
                } else {
                    Converted::Part(whole)
                }
            }
            Self::Trim => Converted::Part(trim(text)),
            Self::String | Self::Timestamp | Self::Hashes => Converted::Part(whole),
        }
    }
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(str::trim)
}

/// Decimal or `0x` hexadecimal.
pub(super) fn integer(bytes: &[u8]) -> Option<i64> {
    let text = text_of(bytes)?;
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().map(|number| number as i64);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(number);
    }
    let number = text.parse::<f64>().ok()?;
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

pub(super) fn float(bytes: &[u8]) -> Option<f64> {
    text_of(bytes)?.parse::<f64>().ok().filter(|number| number.is_finite())
}

pub(super) fn boolean(bytes: &[u8]) -> Option<bool> {
    let text = text_of(bytes)?;
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["true", "yes", "1", "t", "success", "succeeded"]) {
        Some(true)
    } else if is(&["false", "no", "0", "f", "failure", "failed"]) {
        Some(false)
    } else {
        None
    }
}

fn last_separator(text: &[u8]) -> Option<usize> {
    memchr::memrchr2(b'\\', b'/', text)
}

fn is_ip(text: &[u8]) -> bool {
    text_of(text).is_some_and(|text| text.parse::<IpAddr>().is_ok())
}

/// Where an address stands in its text: an IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
fn address(text: &[u8]) -> Option<Range<usize>> {
    const MAPPED: &[u8] = b"::ffff:";
    let start = if text.starts_with(MAPPED) { MAPPED.len() } else { 0 };
    let is_address = text.get(start..).is_some_and(is_ip);
    (is_address || is_ip(text)).then_some(if is_address { start } else { 0 }..text.len())
}

/// Whether a text is a security identifier of somebody: the null SID (`S-1-0-0`) is nobody's.
fn is_sid(text: &[u8]) -> bool {
    let is_given = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'1'..=b'9'));
    match text.strip_prefix(b"S-1-") {
        Some([b'0', b'-', rest @ ..] | rest) => is_given(rest.first()),
        None => false,
    }
}

/// `DOMAIN\user` → user, `user@domain` → user.
fn user_range(text: &[u8]) -> Range<usize> {
    match memchr::memrchr(b'\\', text) {
        Some(at) => at + 1..text.len(),
        None => 0..memchr::memchr(b'@', text).filter(|at| *at > 0).unwrap_or(text.len()),
    }
}

fn domain_range(text: &[u8]) -> Option<Range<usize>> {
    match memchr::memrchr(b'\\', text) {
        Some(at) => Some(0..at),
        None => memchr::memchr(b'@', text).map(|at| at + 1..text.len()),
    }
}

/// `host:port`, `[v6]:port`, `host`; a bare IPv6 address is all host.
fn host_port(text: &[u8]) -> (Range<usize>, Option<Range<usize>>) {
    if text.first() == Some(&b'[')
        && let Some(end) = memchr::memchr(b']', text)
    {
        let port = (text.get(end + 1) == Some(&b':')).then(|| end + 2..text.len());
        return (1..end, port);
    }
    match (memchr::memchr(b':', text), memchr::memrchr(b':', text)) {
        (Some(first), Some(last)) if first == last => (0..first, Some(first + 1..text.len())),
        _ => (0..text.len(), None),
    }
}

/// Host and path (from its `/` to `?` or `#`) of a URL, scheme optional.
fn url_parts(text: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let start = memchr::memmem::find(text, b"://").map_or(0, |at| at + 3);
    let rest = text.get(start..)?;
    let authority_end =
        rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..authority_end)?;
    let host_start = memchr::memrchr(b'@', authority).map_or(0, |at| at + 1);
    let (host, _) = host_port(authority.get(host_start..)?);
    let path_end = rest
        .iter()
        .skip(authority_end)
        .position(|byte| matches!(byte, b'?' | b'#'))
        .map_or(rest.len(), |at| authority_end + at);
    let offset = start + host_start;
    Some((offset + host.start..offset + host.end, start + authority_end..start + path_end))
}

fn trim(text: &[u8]) -> Range<usize> {
    let is_outer = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'');
    let start = text.iter().position(|byte| !is_outer(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_outer(byte)).map_or(start, |at| at + 1);
    start..end
}

/// OCSF `fingerprint.algorithm_id` and value of each hash in `SHA256=…,MD5=…`, or of one bare hash by its length.
pub(super) fn hashes(text: &str) -> Vec<(i64, &str)> {
    let algorithm = |name: &str| match name.to_ascii_uppercase().as_str() {
        "MD5" => Some(1),
        "SHA1" | "SHA-1" => Some(2),
        "SHA256" | "SHA-256" => Some(3),
        "SHA512" | "SHA-512" => Some(4),
        "IMPHASH" => Some(99),
        _ => None,
    };
    let by_length = |value: &str| match value.len() {
        32 => Some(1),
        40 => Some(2),
        64 => Some(3),
        128 => Some(4),
        _ => None,
    };
    let parts = text.split([',', ';', ' ']).filter(|part| !part.is_empty());
    parts
        .filter_map(|part| match part.split_once(['=', ':']) {
            Some((name, value)) => Some((algorithm(name.trim())?, value.trim())),
            None => Some((by_length(part)?, part)),
        })
        .filter(|(_, value)| {
            value.bytes().all(|byte| byte.is_ascii_hexdigit()) && value.bytes().any(|b| b != b'0')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(conversion: &str, text: &str) -> String {
        match Conversion::parse(conversion).map(|it| it.apply(text.as_bytes())) {
            Some(Converted::Part(range)) => {
                String::from_utf8_lossy(&text.as_bytes()[range]).into_owned()
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn parts_of_names_and_addresses() {
        assert_eq!(part("user_part", r"CORP\anna"), "anna");
        assert_eq!(part("domain_part", r"CORP\anna"), "CORP");
        assert_eq!(part("user_part", "anna@corp.example"), "anna");
        assert_eq!(part("domain_part", "anna@corp.example"), "corp.example");
        assert_eq!(part("basename", r"C:\Windows\cmd.exe"), "cmd.exe");
        assert_eq!(part("host_part", "[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(part("host_part", "2001:db8::1"), "2001:db8::1");
        assert_eq!(part("url_host", "https://u:p@example.org:8443/a/b?c"), "example.org");
        assert_eq!(part("url_path", "https://example.org/a/b?c"), "/a/b");
        assert_eq!(part("ip", "web01"), "Some(Nothing)");
        assert_eq!(part("ip", "::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(part("ip", "::ffff:c000:201"), "::ffff:c000:201");
        assert_eq!(part("ip", "::1"), "::1");
        assert_eq!(part("sid", "S-1-5-18"), "S-1-5-18");
        assert_eq!(part("sid", "S-1-0-5"), "S-1-0-5");
        for nobody in ["S-1-0-0", "-", "S-1-", "S-1-0-", "NULL SID"] {
            assert_eq!(part("sid", nobody), "Some(Nothing)", "{nobody}");
        }
    }

    #[test]
    fn numbers_in_decimal_and_hexadecimal() {
        assert_eq!(integer(b"0x3e7"), Some(999));
        assert_eq!(integer(b" 42 "), Some(42));
        assert_eq!(integer(b"forty"), None);
        assert_eq!(Conversion::PortPart.apply(b"10.0.0.1:8080"), Converted::Int(8080));
    }

    #[test]
    fn hashes_by_name_and_by_length() {
        let found = hashes(
            "SHA1=0AE1F9071C5E8FE4A69D3F671937935D242D8A6C,MD5=CCF1D1573F175299ADE01C07791A6541",
        );
        assert_eq!(found.iter().map(|it| it.0).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(hashes("CCF1D1573F175299ADE01C07791A6541")[0].0, 1);
        assert!(hashes("IMPHASH=00000000000000000000000000000000").is_empty());
    }
}
