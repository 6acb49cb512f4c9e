//! Where on ATT&CK: fourteen tactics, and in each the techniques that were found.

use std::collections::BTreeMap;
use std::io::{self, Write};

use model::Level;

use super::timeline::anchor;
use crate::attack::{TACTICS, tactics_of, techniques_of};
use crate::findings::Groups;
use crate::visible::html;

/// One technique in one tactic.
#[derive(Default)]
struct Cell {
    count: u64,
    level: Level,
    /// The worst rule, to go to.
    rule: String,
    /// What it is called.
    title: String,
}

/// Writes the section.
pub(super) fn render(out: &mut impl Write, groups: &Groups) -> io::Result<()> {
    let mut cells: BTreeMap<(&str, String), Cell> = BTreeMap::new();
    for group in groups.ordered() {
        let mut techniques: Vec<String> = techniques_of(&group.rule).map(str::to_owned).collect();
        if techniques.is_empty() {
            techniques.push("no technique named".to_owned());
        }
        for tactic in tactics_of(&group.rule) {
            for technique in &techniques {
                let cell = cells.entry((tactic.id, technique.clone())).or_default();
                if cell.count == 0 {
                    // Groups come worst first.
                    cell.level = group.rule.level;
                    cell.rule = anchor(&group.rule.id);
                    cell.title = html(&group.rule.title);
                }
                cell.count += group.count;
            }
        }
    }
    out.write_all(
        b"<section id=\"matrix\" aria-labelledby=\"matrix-title\">\n<h2 id=\"matrix-title\">MITRE ATT&amp;CK</h2>\n\
          <p>Techniques that rules name, under each tactic that the rule names. The number counts findings; the title is that of the worst rule, and leads to it.</p>\n\
          <div class=\"matrix\">\n",
    )?;
    for tactic in TACTICS {
        let found: Vec<(&String, &Cell)> = cells
            .iter()
            .filter(|((id, _), _)| *id == tactic.id)
            .map(|((_, technique), cell)| (technique, cell))
            .collect();
        let empty = if found.is_empty() { " empty" } else { "" };
        write!(
            out,
            "<div class=\"tactic{empty}\"><h3>{}<span class=\"faint\">{}</span></h3>\n<ul>\n",
            tactic.name, tactic.id
        )?;
        for (technique, cell) in found {
            let (word, technique) = (cell.level.as_str(), html(technique));
            writeln!(
                out,
                "<li><a class=\"cell {word}\" href=\"#{}\">{technique} <strong>{}</strong> <span class=\"word\">{word}: {}</span></a></li>",
                cell.rule, cell.count, cell.title
            )?;
        }
        out.write_all(b"</ul></div>\n")?;
    }
    out.write_all(b"</div>\n</section>\n")
}
