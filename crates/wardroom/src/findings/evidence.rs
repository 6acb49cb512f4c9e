//! Evidence that is kept in memory is shortened: the record itself stands in its file.

use model::Finding;
use serde_json::Value as Json;

/// Characters of one text.
const TEXT_MAX: usize = 4096;
/// Elements of one list, attributes of one object.
const PARTS_MAX: usize = 64;
/// Events of one finding.
const EVENTS_MAX: usize = 20;

/// The finding with long texts and lists of its evidence cut.
pub(crate) fn shorten_evidence(mut finding: Finding) -> Finding {
    finding.evidence.truncate(EVENTS_MAX);
    finding.evidence.iter_mut().for_each(|evidence| shorten_event(&mut evidence.event));
    finding
}

/// Cuts the long texts and lists of one event.
pub(crate) fn shorten_event(value: &mut Json) {
    match value {
        Json::String(text) if text.len() > TEXT_MAX => {
            let kept: String = text.chars().take(TEXT_MAX).collect();
            *text = format!("{kept}… ({} bytes in all)", text.len());
        }
        Json::Array(items) => {
            items.truncate(PARTS_MAX);
            items.iter_mut().for_each(shorten_event);
        }
        Json::Object(map) => {
            while map.len() > PARTS_MAX {
                let Some(last) = map.keys().next_back().cloned() else { break };
                map.remove(&last);
            }
            map.values_mut().for_each(shorten_event);
        }
        _ => {}
    }
}
