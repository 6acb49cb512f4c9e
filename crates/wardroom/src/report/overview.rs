//! The head of the report, and what was read.

use std::io::{self, Write};

use model::Level;

use super::Subject;
use crate::output::counted;
use crate::visible::html;

/// Writes the title, the counts and the way through the page.
pub(super) fn render(out: &mut impl Write, subject: &Subject<'_>) -> io::Result<()> {
    write!(
        out,
        "<header>\n<div class=\"bar\"><h1>Wardroom report</h1>\
         <button id=\"scheme\" type=\"button\" hidden>Dark or light</button></div>\n<p>{}</p>\n\
         <ul class=\"counts\" aria-label=\"Findings by level\">\n",
        html(subject.summary)
    )?;
    for level in Level::ALL.into_iter().rev() {
        let (word, count) = (level.as_str(), subject.groups.of_level(level));
        writeln!(out, "<li class=\"{word}\"><strong>{count}</strong> {word}</li>")?;
    }
    out.write_all(
        b"</ul>\n<nav aria-label=\"Parts of the report\"><a href=\"#time\">Timeline</a> \
          <a href=\"#matrix\">ATT&amp;CK</a> <a href=\"#findings\">Findings</a> <a href=\"#sources\">Sources</a></nav>\n</header>\n",
    )
}

/// Writes what was read, and what could not be.
pub(super) fn render_sources(out: &mut impl Write, subject: &Subject<'_>) -> io::Result<()> {
    let (tally, (rules, refused)) = (subject.tally, subject.rules);
    write!(
        out,
        "<section id=\"sources\" aria-labelledby=\"sources-title\">\n<h2 id=\"sources-title\">Sources and problems</h2>\n\
         <p>{} read, {} of them recognised by no source. {} used, {refused} refused.</p>\n\
         <div class=\"scroll\"><table><caption>Events by source and kind</caption>\n<thead><tr><th scope=\"col\">Source and kind</th>\
         <th scope=\"col\">OCSF class</th><th scope=\"col\">Events</th><th scope=\"col\">Without time</th></tr></thead>\n<tbody>\n",
        counted(tally.events(), "event"),
        tally.unrecognised(),
        counted(rules, "rule"),
    )?;
    for row in tally.rows(subject.catalog) {
        let (kind, class) = (html(&row.kind), html(&row.class));
        writeln!(
            out,
            "<tr><th scope=\"row\">{kind}</th><td>{class}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            row.events, row.without_time
        )?;
    }
    out.write_all(b"</tbody></table></div>\n")?;
    if tally.problem_count() == 0 {
        out.write_all(b"<p>No problems.</p>\n")?;
    } else {
        out.write_all(b"<h3>Problems</h3>\n<ul>\n")?;
        for (reason, count) in tally.problems() {
            writeln!(out, "<li>{reason}: {count}</li>")?;
        }
        for words in tally.told() {
            writeln!(out, "<li class=\"faint\">{}</li>", html(words))?;
        }
        out.write_all(b"</ul>\n")?;
    }
    out.write_all(b"</section>\n")
}
