//! Access logs of web servers and proxies: the common and combined forms (Apache httpd, nginx and whoever
//! writes alike) and Squid's native form. Names are those of the W3C extended format.

use memchr::{memchr, memchr2};

use super::Format;
use super::scan::{Scan, looks_like_ip, put_number, put_present};
use crate::Fields;

/// How far into a line the time in brackets may begin.
const TIME_WITHIN: usize = 512;

/// Decodes a line when it has the shape of an access log; `None`, with nothing put, when it has not.
///
/// httpd: `access.form` = `combined`, `c-ip`, `cs-ident`, `cs-username`, `date_time` (as in the brackets),
/// `cs-method`, `cs-uri`, `cs-uri-stem`, `cs-uri-query`, `cs-version` (or `cs-request` when the request line is
/// none), `sc-status`, `sc-bytes`, `cs-referer`, `cs-user-agent`, `cs-host` where the virtual host stands first,
/// `access.extra` for each further part. Escapes stay as they are.
///
/// Squid: `access.form` = `squid`, `timestamp`, `time-taken`, `c-ip`, `s-action`, `sc-status`, `sc-bytes`,
/// `cs-method`, `c-uri`, `cs-username`, `s-hierarchy`, `s-ip`, `rs-content-type`.
pub fn decode(line: &[u8], fields: &mut Fields<'_>) -> Option<Format> {
    if let Some(opening) = time_in_brackets(line) {
        let entry = entry(line, opening)?;
        put_entry(&entry, fields);
        return Some(Format::Access);
    }
    let squid = squid(line)?;
    put_squid(&squid, fields);
    Some(Format::Access)
}

/// Who asked whom.
struct Who<'a> {
    host: Option<&'a [u8]>,
    client: &'a [u8],
    ident: &'a [u8],
    user: &'a [u8],
}

/// The parts of a common or combined line.
struct Entry<'a> {
    who: Who<'a>,
    time: &'a [u8],
    request: &'a [u8],
    status: &'a [u8],
    bytes: &'a [u8],
    rest: &'a [u8],
}

/// Where `[02/Mar/2026:` begins.
fn time_in_brackets(line: &[u8]) -> Option<usize> {
    let head = line.get(..TIME_WITHIN).unwrap_or(line);
    memchr::memchr_iter(b'[', head).find(|at| {
        let mut scan = Scan::new(line.get(at + 1..).unwrap_or_default());
        scan.digits(1, 2).is_some()
            && scan.eat(b'/')
            && scan.take(3).iter().all(u8::is_ascii_alphabetic)
            && scan.eat(b'/')
            && scan.digits(4, 4).is_some()
            && scan.eat(b':')
    })
}

fn entry(line: &[u8], opening: usize) -> Option<Entry<'_>> {
    let who = who(line.get(..opening)?.trim_ascii())?;
    let mut scan = Scan::new(line.get(opening + 1..)?);
    let time = scan.until(b']')?;
    scan.spaces();
    if !scan.eat(b'"') {
        return None;
    }
    let request = quoted(&mut scan, |after| match after {
        [b' ', next, ..] => next.is_ascii_digit() || *next == b'-',
        _ => false,
    })?;
    scan.spaces();
    let status = scan.word()?;
    let bytes = scan.word().unwrap_or(b"-");
    let is_number =
        |text: &[u8]| text == b"-" || (!text.is_empty() && text.iter().all(u8::is_ascii_digit));
    if status.len() > 3 || !is_number(status) || !is_number(bytes) {
        return None;
    }
    Some(Entry { who, time, request, status, bytes, rest: scan.rest.trim_ascii() })
}

/// Virtual host, client, ident and user before the time. A user may hold spaces.
fn who(head: &[u8]) -> Option<Who<'_>> {
    let mut scan = Scan::new(head);
    let mut host = None;
    let mut client = scan.word()?;
    // Forwarded addresses: `1.2.3.4, 5.6.7.8 - -`.
    while client.ends_with(b",")
        && looks_like_ip(scan.rest.split(|byte| matches!(byte, b' ' | b',')).next()?)
    {
        let first = client.strip_suffix(b",")?;
        let next = scan.word()?;
        client = if next.ends_with(b",") { client } else { first };
    }
    let second = Scan::new(scan.rest).word()?;
    if looks_like_ip(second) {
        host = Some(client);
        client = second;
        scan.word()?;
    }
    let ident = scan.word()?;
    let user = scan.rest.trim_ascii();
    // Without brackets around it the user is what httpd writes; an empty one is not a log of this form.
    (!user.is_empty()).then_some(Who { host, client, ident, user })
}

/// Up to a quote behind which `closes` holds; `\"` never closes.
fn quoted<'a>(scan: &mut Scan<'a>, closes: impl Fn(&[u8]) -> bool) -> Option<&'a [u8]> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', scan.rest.get(at..)?)?;
        if scan.rest.get(at) == Some(&b'\\') {
            at += 2;
        } else if closes(scan.rest.get(at + 1..).unwrap_or_default()) {
            let text = scan.take(at);
            scan.take(1);
            return Some(text);
        } else {
            at += 1;
        }
    }
}

fn put_entry(entry: &Entry<'_>, fields: &mut Fields<'_>) {
    fields.put("access.form", b"combined");
    put_present(fields, "cs-host", entry.who.host.unwrap_or_default());
    put_present(fields, "c-ip", entry.who.client);
    put_present(fields, "cs-ident", entry.who.ident);
    put_present(fields, "cs-username", entry.who.user);
    fields.put("date_time", entry.time);
    put_request(entry.request, fields);
    put_number(fields, "sc-status", entry.status);
    put_number(fields, "sc-bytes", entry.bytes);
    let mut scan = Scan::new(entry.rest);
    if scan.peek() == Some(b'"') {
        for key in ["cs-referer", "cs-user-agent"] {
            if scan.peek() == Some(b'"') {
                let text = part(&mut scan);
                put_present(fields, key, text);
            }
        }
    }
    while !scan.rest.is_empty() && !fields.is_full() {
        let text = part(&mut scan);
        put_present(fields, "access.extra", text);
    }
}

/// A part in quotes, in brackets, or up to a space.
fn part<'a>(scan: &mut Scan<'a>) -> &'a [u8] {
    let ends = |after: &[u8]| matches!(after.first(), None | Some(b' ' | b'\t'));
    let whole = *scan;
    let enclosed = match scan.peek() {
        Some(b'"') => {
            scan.take(1);
            // A quote that is never closed reaches to the end, so that no byte is looked at twice.
            Some(quoted(scan, ends).unwrap_or_else(|| scan.take(usize::MAX)))
        }
        Some(b'[') => {
            scan.take(1);
            let end = scan.rest.iter().take(256).position(|byte| *byte == b']');
            end.and_then(|end| scan.rest.get(..end)).inspect(|text| {
                scan.take(text.len() + 1);
            })
        }
        _ => None,
    };
    let text = enclosed.unwrap_or_else(|| {
        *scan = whole;
        scan.word().unwrap_or_default()
    });
    scan.spaces();
    text
}

/// `GET /path?query HTTP/1.1`; a target may hold spaces, a version may be missing.
fn put_request(request: &[u8], fields: &mut Fields<'_>) {
    let split = memchr(b' ', request).and_then(|space| {
        let (method, rest) = request.split_at(space);
        let is_method = !method.is_empty()
            && method.len() <= 32
            && method.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'));
        is_method.then_some((method, rest.trim_ascii()))
    });
    let Some((method, rest)) = split.filter(|(_, rest)| !rest.is_empty()) else {
        put_present(fields, "cs-request", request);
        return;
    };
    let version = memchr::memrchr(b' ', rest)
        .and_then(|space| rest.get(space + 1..))
        .filter(|version| version.starts_with(b"HTTP/"));
    let target = version
        .and_then(|version| rest.get(..rest.len() - version.len()))
        .unwrap_or(rest)
        .trim_ascii();
    fields.put("cs-method", method);
    fields.put("cs-uri", target);
    let (stem, query) = match memchr(b'?', target) {
        Some(mark) => (target.get(..mark), target.get(mark + 1..)),
        None => (Some(target), None),
    };
    put_present(fields, "cs-uri-stem", stem.unwrap_or_default());
    put_present(fields, "cs-uri-query", query.unwrap_or_default());
    put_present(fields, "cs-version", version.unwrap_or_default());
}

/// `time elapsed client action/status bytes method URL user hierarchy/peer type`.
fn squid(line: &[u8]) -> Option<[&[u8]; 10]> {
    // Cisco's Web Security Appliance puts its level before Squid's form.
    let line = line.strip_prefix(b"Info: ").unwrap_or(line);
    if !line.first()?.is_ascii_digit() {
        return None;
    }
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut parts = [line; 10];
    for part in &mut parts {
        *part = words.next()?;
    }
    let [time, elapsed, client, action, bytes, method, _, _, hierarchy, _] = parts;
    let seconds = memchr(b'.', time).filter(|point| *point >= 9)?;
    let is_digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let is_squid = is_digits(time.get(..seconds)?)
        && is_digits(elapsed.strip_prefix(b"-").unwrap_or(elapsed))
        && !client.is_empty()
        && memchr(b'/', action).is_some()
        && action.first()?.is_ascii_uppercase()
        && is_digits(bytes)
        && method.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-'))
        && memchr(b'/', hierarchy).is_some();
    is_squid.then_some(parts)
}

fn put_squid(parts: &[&[u8]; 10], fields: &mut Fields<'_>) {
    let [time, elapsed, client, action, bytes, method, url, user, hierarchy, kind] = *parts;
    fields.put("access.form", b"squid");
    fields.put("timestamp", time);
    put_number(fields, "time-taken", elapsed);
    put_present(fields, "c-ip", client);
    let halves = |text: &'_ [u8]| memchr(b'/', text).unwrap_or(text.len());
    let (code, status) = action.split_at(halves(action));
    fields.put("s-action", code);
    put_number(fields, "sc-status", status.get(1..).unwrap_or_default());
    put_number(fields, "sc-bytes", bytes);
    put_present(fields, "cs-method", method);
    put_present(fields, "c-uri", url);
    put_present(fields, "cs-username", user);
    let (way, peer) = hierarchy.split_at(halves(hierarchy));
    put_present(fields, "s-hierarchy", way);
    put_present(fields, "s-ip", peer.get(1..).unwrap_or_default());
    put_present(fields, "rs-content-type", kind);
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::line;

    #[test]
    fn combined() {
        let probe = line(
            r#"192.0.2.7 - jane [02/Mar/2026:09:00:01 +0100] "GET /a%20b?x=1&y=2 HTTP/1.1" 404 162 "-" "curl \"8\"" "10.0.0.1" 0.006"#,
        );
        assert_eq!(probe.format, Ok(Format::Access));
        assert_eq!(probe.first("c-ip"), "192.0.2.7");
        assert_eq!(probe.first("cs-ident"), "(absent)");
        assert_eq!(probe.first("cs-username"), "jane");
        assert_eq!(probe.first("date_time"), "02/Mar/2026:09:00:01 +0100");
        assert_eq!(probe.first("cs-method"), "GET");
        assert_eq!(probe.first("cs-uri"), "/a%20b?x=1&y=2");
        assert_eq!(probe.first("cs-uri-stem"), "/a%20b");
        assert_eq!(probe.first("cs-uri-query"), "x=1&y=2");
        assert_eq!(probe.first("cs-version"), "HTTP/1.1");
        assert_eq!(probe.first("sc-status"), "#404");
        assert_eq!(probe.first("sc-bytes"), "#162");
        assert_eq!(probe.first("cs-referer"), "(absent)");
        assert_eq!(probe.first("cs-user-agent"), r#"curl \"8\""#);
        assert_eq!(probe.all("access.extra"), ["10.0.0.1", "0.006"]);
    }

    #[test]
    fn virtual_host_and_odd_requests() {
        let probe = line(
            r#"www.example.org:443 2001:db8::7 - john doe [02/Mar/2026:09:00:01 +0100] "\x16\x03" 400 -"#,
        );
        assert_eq!(probe.first("cs-host"), "www.example.org:443");
        assert_eq!(probe.first("c-ip"), "2001:db8::7");
        assert_eq!(probe.first("cs-username"), "john doe");
        assert_eq!(probe.first("cs-request"), r"\x16\x03");
        assert_eq!(probe.first("sc-bytes"), "(absent)");
        let probe = line(
            r#"host.example.org - - [1/Apr/2026:00:00:01 -0500] "GET /?q="a" b HTTP/1.0" 200 5"#,
        );
        assert_eq!(probe.first("c-ip"), "host.example.org");
        assert_eq!(probe.first("cs-uri"), r#"/?q="a" b"#);
        assert_eq!(
            line(r#"1.2.3.4:5 [14/Jan/2026:12:48:57.127] https-in~ "GET / HTTP/1.1""#).format,
            Ok(Format::Text)
        );
    }

    #[test]
    fn squid() {
        let probe = line(
            "1461576382.642    161 127.0.0.1 TCP_MISS/200 103701 GET http://www.example.com/ - DIRECT/192.0.2.73 text/html",
        );
        assert_eq!(probe.format, Ok(Format::Access));
        for (name, value) in [
            ("access.form", "squid"),
            ("timestamp", "1461576382.642"),
            ("time-taken", "#161"),
            ("c-ip", "127.0.0.1"),
            ("s-action", "TCP_MISS"),
            ("sc-status", "#200"),
            ("sc-bytes", "#103701"),
            ("cs-method", "GET"),
            ("c-uri", "http://www.example.com/"),
            ("cs-username", "(absent)"),
            ("s-hierarchy", "DIRECT"),
            ("s-ip", "192.0.2.73"),
            ("rs-content-type", "text/html"),
        ] {
            assert_eq!(probe.first(name), value, "{name}");
        }
    }
}
