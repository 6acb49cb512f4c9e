//! The access log of the public web server in the `main` form of nginx' packages:
//! combined, whom the request was forwarded for; and the seconds it took.

use super::Day;
use super::clock::{MINUTE, Moment, access};
use super::company::MONITOR;
use super::office_hours::{always, every};

pub(super) const FILE: &str = "nginx_access.log";

const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0",
    "Mozilla/5.0 (Android 15; Mobile; rv:135.0) Gecko/135.0 Firefox/135.0",
];
const PAGES: [&str; 9] = [
    "/",
    "/products",
    "/products/harbour",
    "/prices",
    "/contact",
    "/login",
    "/api/v1/slots?terminal=2",
    "/blog/2026/02/new-quay",
    "/imprint",
];

/// One request as the combined form wants it.
pub(super) struct Request<'a> {
    pub(super) ip: &'a str,
    pub(super) user: &'a str,
    pub(super) line: &'a str,
    pub(super) status: u32,
    pub(super) bytes: u64,
    pub(super) referer: &'a str,
    pub(super) agent: &'a str,
}

/// Writes one line.
pub(super) fn request(day: &mut Day, at: Moment, what: &Request<'_>) {
    let took = day.random.between(1, 340);
    let Request { ip, user, line, status, bytes, referer, agent } = what;
    day.write(
        FILE,
        at,
        format!(
            "{ip} - {user} [{}] \"{line}\" {status} {bytes} \"{referer}\" \"{agent}\" \"-\" 0.{took:03}",
            access(at)
        ),
    );
}

/// Visitors, health checks, search engines and the usual probing that finds nothing.
pub(super) fn benign(day: &mut Day) {
    for _ in 0..230 {
        visit(day);
    }
    for at in every(&mut day.random, 5 * MINUTE, 900) {
        let what = Request {
            ip: MONITOR.ip,
            user: "-",
            line: "GET /health HTTP/1.1",
            status: 200,
            bytes: 17,
            referer: "-",
            agent: "check_http/v2.4.9 (monitoring-plugins 2.4.9)",
        };
        request(day, at, &what);
    }
    for _ in 0..70 {
        let at = always(&mut day.random);
        let page = format!("GET {} HTTP/1.1", day.random.pick(&PAGES));
        let what = Request {
            ip: "192.0.2.210",
            user: "-",
            line: &page,
            status: 200,
            bytes: 7_311,
            referer: "-",
            agent: "Mozilla/5.0 (compatible; SearchBot/2.1; +https://search.example/bot)",
        };
        request(day, at, &what);
    }
    let probes = [
        "GET /wp-login.php HTTP/1.1",
        "GET /.env HTTP/1.1",
        "GET /phpmyadmin/ HTTP/1.1",
        "GET /robots.txt HTTP/1.1",
        "POST /xmlrpc.php HTTP/1.1",
    ];
    for _ in 0..45 {
        let at = always(&mut day.random);
        let ip = format!("203.0.113.{}", day.random.between(140, 250));
        let line = *day.random.pick(&probes);
        let what = Request {
            ip: &ip,
            user: "-",
            line,
            status: 404,
            bytes: 153,
            referer: "-",
            agent: "Mozilla/5.0 zgrab-like",
        };
        request(day, at, &what);
    }
}

/// A visitor reads a few pages with what belongs to them.
fn visit(day: &mut Day) {
    let mut at = always(&mut day.random);
    let ip = format!("192.0.2.{}", day.random.between(60, 250));
    let agent = *day.random.pick(&AGENTS);
    let mut referer = "-".to_owned();
    for _ in 0..day.random.between(1, 4) {
        let page = *day.random.pick(&PAGES);
        let status = if day.random.chance(3) { 304 } else { 200 };
        let bytes = day.random.between(900, 24_000);
        let line = format!("GET {page} HTTP/2.0");
        request(
            day,
            at,
            &Request { ip: &ip, user: "-", line: &line, status, bytes, referer: &referer, agent },
        );
        if day.random.chance(50) {
            let line = format!("GET /static/app.{}.css HTTP/2.0", "5f1c02");
            let from = format!("https://www.corp.example{page}");
            request(
                day,
                at + 220,
                &Request {
                    ip: &ip,
                    user: "-",
                    line: &line,
                    status: 200,
                    bytes: 18_204,
                    referer: &from,
                    agent,
                },
            );
        }
        referer = format!("https://www.corp.example{page}");
        at = (at + day.random.between(4_000, 70_000)).min(super::clock::DAY - 1_000);
    }
    if day.random.chance(4) {
        request(
            day,
            at,
            &Request {
                ip: &ip,
                user: "-",
                line: "POST /login HTTP/2.0",
                status: 401,
                bytes: 412,
                referer: &referer,
                agent,
            },
        );
    }
}
