//! What is looked at before anybody is let in: host, origin, cookies; and what every response carries.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use crate::problem::Problem;

/// The session cookie. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub(crate) const COOKIE: &str = "__Host-wardroom";
/// A page of a stranger cannot send this header without being asked first, and is never answered when it asks.
pub(crate) const REQUEST_HEADER: &str = "x-wardroom-request";
/// Bytes of all headers of a request.
const HEADER_BYTES_MAX: usize = 32 * 1024;

const HEADERS: [(HeaderName, &str); 9] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Puts the headers of every response in place.
pub(crate) fn harden(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The host that a request is for, with its port.
fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    uri.authority().map(axum::http::uri::Authority::as_str).or_else(|| text(headers, "host"))
}

fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a request is for us, and small enough in front.
pub(crate) fn check_host(headers: &HeaderMap, uri: &Uri, hosts: &[String]) -> Result<(), Problem> {
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEADER_BYTES_MAX {
        let words = "the headers are larger than 32 KiB: send fewer cookies";
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Problem::new(status, "headers-too-large", words));
    }
    let is_one = headers.get_all(header::HOST).iter().count() <= 1;
    let name = host(headers, uri).map(|host| name_of(host).to_ascii_lowercase());
    if is_one && name.is_some_and(|name| hosts.contains(&name)) {
        return Ok(());
    }
    let words = "this name is not one of this service: use its own, or add this one to the hosts of its configuration";
    Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "unknown-host", words))
}

/// Whether a request that changes something comes from our own pages or from a program, not from a page of others.
/// Browsers say where from; what is no browser shows a header that no page of others can send.
pub(crate) fn check_origin(method: &Method, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    if method.is_safe() {
        return Ok(());
    }
    let is_ours = match (text(headers, "origin"), text(headers, "sec-fetch-site")) {
        (Some(origin), _) => host(headers, uri).is_some_and(|host| {
            origin.strip_prefix("https://").is_some_and(|from| from.eq_ignore_ascii_case(host))
        }),
        (None, Some(site)) => site == "same-origin",
        (None, None) => !headers.contains_key("origin") && headers.contains_key(REQUEST_HEADER),
    };
    if is_ours {
        return Ok(());
    }
    let words =
        "this comes from a page of another site: programs send the header x-wardroom-request: 1";
    Err(Problem::new(StatusCode::FORBIDDEN, "cross-site", words))
}

/// The secret of the session cookie; none when there are two.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut ours = all.flat_map(|line| line.split(';')).filter_map(|pair| {
        pair.trim().strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('='))
    });
    ours.next().filter(|_| ours.next().is_none())
}

/// The token of the `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, "authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The cookie of a session, or the one that takes it away.
pub(crate) fn cookie(secret: Option<&str>) -> Option<HeaderValue> {
    let age_s = if secret.is_some() { engine::access::SESSION_MS / 1000 } else { 0 };
    let secret = secret.unwrap_or_default();
    let flags = "Path=/; Secure; HttpOnly; SameSite=Strict";
    let mut value =
        HeaderValue::try_from(format!("{COOKIE}={secret}; {flags}; Max-Age={age_s}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_our_own_names_are_served() {
        let hosts = ["siem.example".to_owned(), "[::1]".to_owned()];
        let uri = Uri::from_static("/");
        for good in ["siem.example", "SIEM.example:8443", "[::1]:8443", "[::1]"] {
            assert!(check_host(&headers(&[("host", good)]), &uri, &hosts).is_ok(), "{good}");
        }
        for bad in ["", "evil.example", "siem.example.evil", "siem.example:x", "[::1]:1:2"] {
            assert!(check_host(&headers(&[("host", bad)]), &uri, &hosts).is_err(), "{bad}");
        }
        let two = headers(&[("host", "siem.example"), ("host", "evil.example")]);
        assert!(check_host(&two, &uri, &hosts).is_err());
        let absolute = Uri::from_static("https://evil.example/");
        assert!(check_host(&headers(&[("host", "siem.example")]), &absolute, &hosts).is_err());
        assert!(check_host(&headers(&[]), &uri, &hosts).is_err());
        let large = "x".repeat(HEADER_BYTES_MAX);
        let large = headers(&[("host", "siem.example"), ("cookie", &large)]);
        assert!(check_host(&large, &uri, &hosts).is_err());
    }

    #[test]
    fn pages_of_others_change_nothing() {
        let uri = Uri::from_static("/");
        let check = |pairs: &[(&'static str, &str)]| {
            let mut all = vec![("host", "a.example:8443")];
            all.extend(pairs);
            check_origin(&Method::POST, &headers(&all), &uri).is_ok()
        };
        assert!(check(&[("origin", "https://a.example:8443")]));
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[(REQUEST_HEADER, "1")]));
        assert!(!check(&[]));
        for origin in
            ["null", "https://evil.example", "http://a.example:8443", "https://a.example", ""]
        {
            assert!(!check(&[("origin", origin), (REQUEST_HEADER, "1")]), "{origin}");
        }
        for site in ["cross-site", "same-site", "none"] {
            assert!(!check(&[("sec-fetch-site", site), (REQUEST_HEADER, "1")]), "{site}");
        }
        assert!(check_origin(&Method::GET, &headers(&[("origin", "null")]), &uri).is_ok());
    }

    #[test]
    fn one_cookie_counts_two_do_not() {
        let of = |line: &str| session_cookie(&headers(&[("cookie", line)])).map(str::to_owned);
        assert_eq!(of("a=b; __Host-wardroom=main.1; c=d").as_deref(), Some("main.1"));
        assert_eq!(of("__Host-wardroom=1; __Host-wardroom=2"), None);
        assert_eq!(of("__Host-wardroomx=1"), None);
        let set = cookie(Some("main.1")).unwrap();
        assert!(set.is_sensitive());
        let shown = set.to_str().unwrap().to_owned();
        for flag in ["__Host-wardroom=main.1; Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
            assert!(shown.contains(flag), "{shown}");
        }
        assert!(!shown.contains("Domain"));
        assert!(cookie(None).unwrap().to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(bearer(&headers(&[("authorization", "bearer x")])), Some("x"));
        assert_eq!(bearer(&headers(&[("authorization", "Basic x")])), None);
    }
}
