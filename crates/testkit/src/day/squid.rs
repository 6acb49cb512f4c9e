//! The web proxy's access log in Squid's native form, with what the same visits leave in Zeek's logs.

use super::Day;
use super::clock::{DAY, HOUR, MINUTE, Moment, SECOND, epoch_millis};
use super::company::{DC, PROXY};
use super::office_hours::{every, working};
use super::zeek::{self, Flow};

pub(super) const FILE: &str = "squid_access.log";

/// Names that are visited, and their addresses.
const SITES: [(&str, &str); 16] = [
    ("outlook.office365.com", "192.0.2.40"),
    ("teams.microsoft.com", "192.0.2.41"),
    ("corpexample.sharepoint.com", "192.0.2.42"),
    ("login.microsoftonline.com", "192.0.2.43"),
    ("edge.microsoft.com", "192.0.2.44"),
    ("www.news.example", "192.0.2.77"),
    ("weather.example", "192.0.2.78"),
    ("maps.example", "192.0.2.79"),
    ("shop.example", "192.0.2.80"),
    ("tides.harbour-office.example", "192.0.2.81"),
    ("crm.vendor.example", "192.0.2.82"),
    ("cdn.vendor.example", "192.0.2.83"),
    ("bank.example", "192.0.2.84"),
    ("video.meeting.example", "192.0.2.85"),
    ("packages.registry.example", "192.0.2.86"),
    ("git.hosting.example", "192.0.2.87"),
];

/// One request to the proxy.
pub(super) struct Request<'a> {
    pub(super) client: &'a str,
    pub(super) user: &'a str,
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) result: &'a str,
    pub(super) peer: &'a str,
    pub(super) kind: &'a str,
    pub(super) bytes: u64,
    /// Milliseconds
    pub(super) duration: u64,
}

/// Writes one line of the proxy.
pub(super) fn request(day: &mut Day, at: Moment, what: &Request<'_>) {
    let Request { client, user, method, url, result, peer, kind, bytes, duration } = what;
    let line = format!(
        "{} {duration:6} {client} {result} {bytes} {method} {url} {user} {peer} {kind}",
        epoch_millis(at)
    );
    day.write(FILE, at, line);
}

/// A visit over TLS: the proxy's line, the name it asks for, its own connection.
fn visit(day: &mut Day, at: Moment, client: &str, user: &str, site: (&str, &str)) {
    let (name, address) = site;
    let (sent, received) = (day.random.between(1_200, 60_000), day.random.between(4_000, 900_000));
    let duration = day.random.between(80, 95_000);
    if day.random.chance(35) {
        zeek::lookup(day, at.saturating_sub(30), PROXY, DC.ip, (1, "A"), name, address);
    }
    let validation = if day.random.chance(40) { "-" } else { "ok" };
    let flow = Flow {
        from: PROXY,
        to: address,
        port: 443,
        proto: "tcp",
        service: "ssl",
        duration,
        sent,
        received,
    };
    zeek::tls(day, at, &flow, name, validation);
    let url = format!("{name}:443");
    let peer = format!("HIER_DIRECT/{address}");
    let what = Request {
        client,
        user,
        method: "CONNECT",
        url: &url,
        result: "TCP_TUNNEL/200",
        peer: &peer,
        kind: "-",
        bytes: received,
        duration,
    };
    request(day, (at + duration).min(DAY - 1), &what);
}

/// People on the web, patches by day, machines that ask for lists of revoked certificates.
pub(super) fn benign(day: &mut Day) {
    for person in day.company.seated() {
        for _ in 0..day.random.between(17, 26) {
            let at = working(&mut day.random);
            let developer = person.department == "development";
            let site =
                if developer { *day.random.pick(&SITES) } else { *day.random.pick(&SITES[..14]) };
            visit(day, at, &person.ip, person.login, site);
        }
        if day.random.chance(60) {
            let at = working(&mut day.random);
            let what = Request {
                client: &person.ip,
                user: "-",
                method: "CONNECT",
                url: "outlook.office365.com:443",
                result: "TCP_DENIED/407",
                peer: "HIER_NONE/-",
                kind: "text/html",
                bytes: 4_104,
                duration: 0,
            };
            request(day, at, &what);
        }
    }
    let people = day.company.seated();
    for _ in 0..90 {
        let at = working(&mut day.random);
        let person = day.random.pick(&people).clone();
        let (url, kind) = *day.random.pick(&[
            ("http://crl.authority.example/root-g2.crl", "application/pkix-crl"),
            ("http://ctldl.windowsupdate.com/msdownload/update/v3/static/trustedr/en/disallowedcertstl.cab", "application/vnd.ms-cab-compressed"),
            ("http://weather.example/widget.json?city=hamburg", "application/json"),
            ("http://intranet-pictures.example/logo.png", "image/png"),
        ]);
        let result =
            *day.random.pick(&["TCP_MISS/200", "TCP_MEM_HIT/200", "TCP_REFRESH_UNMODIFIED/200"]);
        let bytes = day.random.between(600, 80_000);
        let what = Request {
            client: &person.ip,
            user: person.login,
            method: "GET",
            url,
            result,
            peer: "HIER_DIRECT/192.0.2.90",
            kind,
            bytes,
            duration: day.random.between(1, 300),
        };
        request(day, at, &what);
    }
    for at in every(&mut day.random, 2 * HOUR, 10 * MINUTE) {
        visit(
            day,
            at + SECOND,
            "10.10.0.31",
            "svc-sccm",
            ("download.windowsupdate.com", "192.0.2.45"),
        );
    }
}
