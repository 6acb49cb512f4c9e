//! A layer for the ATT&CK Navigator, layer format 4.5.

use std::collections::BTreeMap;
use std::path::Path;

use model::Level;
use serde_json::{Value as Json, json};

use crate::exit::Failure;
use crate::output::file::write_file;
use crate::visible::visible;

/// What is known about a technique.
#[derive(Debug, Clone, Default)]
pub(crate) struct Technique {
    /// The number that colours the cell.
    pub(crate) score: u64,
    /// The worst level.
    pub(crate) level: Level,
    /// One line each.
    pub(crate) comments: Vec<String>,
}

/// Techniques by id.
pub(crate) type Techniques = BTreeMap<String, Technique>;

/// Lines of comment of one cell.
const COMMENTS_MAX: usize = 20;

/// The layer. `score` says what the numbers count.
pub(crate) fn layer(name: &str, description: &str, score: &str, techniques: &Techniques) -> Json {
    let highest = techniques.values().map(|it| it.score).max().unwrap_or(1).max(1);
    let cells: Vec<Json> = techniques
        .iter()
        .map(|(id, technique)| {
            let shown: Vec<String> =
                technique.comments.iter().take(COMMENTS_MAX).map(|line| visible(line).into_owned()).collect();
            json!({
                "techniqueID": id,
                "score": technique.score,
                "comment": shown.join("\n"),
                "enabled": true,
                "showSubtechniques": id.contains('.') || techniques.keys().any(|it| it.starts_with(&format!("{id}."))),
                "metadata": [{"name": "level", "value": technique.level.as_str()}],
            })
        })
        .collect();
    json!({
        "name": name,
        "versions": {"attack": "17", "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": description,
        "sorting": 3,
        "layout": {"layout": "side", "showID": true, "showName": true},
        "hideDisabled": false,
        "techniques": cells,
        "gradient": {"colors": ["#fff7b2ff", "#fd8d3cff", "#bd0026ff"], "minValue": 0, "maxValue": highest},
        "legendItems": [
            {"label": format!("1 {score}"), "color": "#fff7b2"},
            {"label": format!("{highest} {score}"), "color": "#bd0026"},
        ],
        "showTacticRowBackground": false,
        "selectTechniquesAcrossTactics": true,
        "selectSubtechniquesWithParent": false,
    })
}

/// Writes a layer to a file.
pub(crate) fn write_layer(path: &Path, layer: &Json) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(layer)? + "\n";
    write_file(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_has_what_the_navigator_demands() {
        let technique =
            Technique { score: 3, level: Level::High, comments: vec!["a\u{202e}b".to_owned()] };
        let techniques = Techniques::from([("T1059.001".to_owned(), technique)]);
        let layer = layer("day", "what was found", "findings", &techniques);
        assert_eq!(layer["versions"]["layer"], "4.5");
        assert_eq!(layer["domain"], "enterprise-attack");
        assert_eq!(layer["techniques"][0]["techniqueID"], "T1059.001");
        assert_eq!(layer["techniques"][0]["comment"], "a\\u{202e}b");
        assert_eq!(layer["gradient"]["maxValue"], 3);
    }
}
