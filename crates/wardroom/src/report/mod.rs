//! One self-contained HTML file: no network, no inline handlers, a policy that allows only its own style and script.
//!
//! Everything that comes from logs or rules enters through [`crate::visible::html`].

mod detail;
mod matrix;
mod overview;
mod timeline;

use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use model::Catalog;
use sha2::{Digest as _, Sha256};

use crate::exit::Failure;
use crate::findings::Groups;
use crate::output::file::OutputFile;
use crate::pipeline::Tally;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What a report is about.
pub(crate) struct Subject<'s> {
    /// The findings.
    pub(crate) groups: &'s Groups,
    /// What was read.
    pub(crate) tally: &'s Tally,
    /// Names of sources and kinds.
    pub(crate) catalog: &'s Catalog,
    /// How many rules were used, how many refused.
    pub(crate) rules: (usize, usize),
    /// The whole in one line.
    pub(crate) summary: &'s str,
}

/// Writes the report to a file.
pub(crate) fn write(path: &Path, subject: &Subject<'_>) -> Result<(), Failure> {
    let mut file = OutputFile::create(path)?;
    render(&mut file, subject).map_err(|error| Failure::file("write the report", path, &error))?;
    file.finish()
}

fn render(out: &mut impl Write, subject: &Subject<'_>) -> io::Result<()> {
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{style}'; \
         script-src '{script}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Wardroom report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n"
    )?;
    overview::render(out, subject)?;
    out.write_all(b"<main>\n")?;
    timeline::render(out, subject.groups)?;
    matrix::render(out, subject.groups)?;
    detail::render(out, subject.groups)?;
    overview::render_sources(out, subject)?;
    write!(
        out,
        "</main>\n<footer>Written by Wardroom {}. Times are UTC.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// A source expression of the policy: the text between the tags, byte for byte.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use model::Why;

    use super::*;
    use crate::output::ocsf::tests::sample;

    const HOSTILE: &str =
        "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u{202e}\u{1b}[31m&amp;</style>";

    fn page(groups: &Groups, summary: &str) -> String {
        let (tally, catalog) = (Tally::default(), Catalog::default());
        let subject = Subject { groups, tally: &tally, catalog: &catalog, rules: (3, 1), summary };
        let mut out = Vec::new();
        render(&mut out, &subject).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_values_stay_text() {
        let mut groups = Groups::default();
        groups.add(sample(HOSTILE));
        let mut correlation = sample(HOSTILE);
        correlation.why = Why::Correlation {
            statement: HOSTILE.to_owned(),
            group: vec![(HOSTILE.to_owned(), HOSTILE.to_owned())],
            measured: HOSTILE.to_owned(),
        };
        groups.add(correlation);
        let page = page(&groups, HOSTILE);
        assert_eq!(page.matches("<script").count(), 1, "only our own script");
        assert_eq!(page.matches("</style").count(), 1, "only our own style");
        assert!(!page.contains("<img"));
        assert!(!page.chars().any(|it| it != '\n' && crate::visible::is_hostile(it)));
        // Quotes are escaped too, so no value leaves its attribute.
        assert!(!page.contains("\"'>"));
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn nothing_is_loaded_and_nothing_runs_but_our_own() {
        let mut groups = Groups::default();
        groups.add(sample("x"));
        let page = page(&groups, "");
        assert!(page.contains("default-src 'none'"));
        assert!(page.contains(&hash(SCRIPT)) && page.contains(&hash(STYLE)));
        for banned in [" src=", " onclick=", " style=", "@import", "url(", "<link", "<iframe"] {
            assert!(!page.contains(banned), "{banned}");
        }
    }

    #[test]
    fn every_opened_element_is_closed() {
        let mut groups = Groups::default();
        groups.add(sample("x"));
        let page = page(&groups, "");
        for tag in [
            "details", "summary", "section", "table", "tr", "td", "th", "ul", "ol", "li", "div",
            "span", "a", "pre",
        ] {
            let opened = page.matches(&format!("<{tag} ")).count()
                + page.matches(&format!("<{tag}>")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn the_report_is_bounded() {
        let mut groups = Groups::default();
        for index in 0..20_000 {
            let mut finding = sample("x");
            finding.entity = format!("host {index}");
            groups.add(finding);
        }
        assert!(page(&groups, "").len() < 1 << 20);
    }
}
