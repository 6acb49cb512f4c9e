//! From a rule that holds to a finding: its id, whom it is about, the evidence and the reasons.

use std::sync::Arc;

use model::{
    EventRef, Evidence, FieldId, FieldTable, Finding, FindingId, Section, Why, event_to_ocsf,
};
use sha2::{Digest, Sha256};

use crate::Engine;
use crate::sigma::Evaluator;

/// Attributes that say whom an event is about, the most telling first.
const ENTITY_PATHS: [&str; 12] = [
    "device.hostname",
    "device.name",
    "dst_endpoint.hostname",
    "src_endpoint.hostname",
    "user.name",
    "user.email_addr",
    "actor.user.name",
    "actor.user.email_addr",
    "actor.user.uid",
    "device.ip",
    "src_endpoint.ip",
    "dst_endpoint.ip",
];

/// The interned [`ENTITY_PATHS`].
#[derive(Debug, Default)]
pub(crate) struct EntityFields(Vec<FieldId>);

impl EntityFields {
    pub(crate) fn new(fields: &FieldTable) -> Self {
        Self(ENTITY_PATHS.iter().filter_map(|path| fields.get(path)).collect())
    }

    /// Host, else user, else address; a dash when the event names none.
    fn of(&self, event: EventRef<'_>) -> String {
        let attributes = event.section(Section::Attributes);
        let named =
            self.0.iter().filter_map(|path| attributes.iter().find(|slot| slot.field == *path));
        let texts =
            named.map(|slot| event.text(slot.value)).find(|text| !text.is_empty() && text != "-");
        texts.map_or_else(|| "-".to_owned(), std::borrow::Cow::into_owned)
    }
}

/// The id of a finding: the first half of SHA-256 over rule id, rule version, window and entity, each ended by a
/// zero byte. A single event's window is its time and its record.
pub fn finding_id(rule: &str, version: &str, window: &[u8], entity: &str) -> FindingId {
    let mut hash = Sha256::new();
    for part in [rule.as_bytes(), version.as_bytes(), window, entity.as_bytes()] {
        hash.update(part);
        hash.update([0]);
    }
    let digest = hash.finalize();
    let mut id = [0; 16];
    id.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    FindingId(id)
}

impl Engine {
    /// Whom an event is about: host, else user, else address; a dash when it names none.
    pub fn entity(&self, event: EventRef<'_>) -> String {
        self.entity_fields().of(event)
    }

    /// An event as evidence for the rule of this title.
    pub fn evidence(&self, title: &str, event: EventRef<'_>, file: &Arc<str>) -> Evidence {
        let catalog = self.catalog();
        Evidence {
            file: Arc::clone(file),
            offset: event.offset(),
            kind: catalog.kind_label(event.kind()),
            time: event.time(),
            rule: title.into(),
            event: event_to_ocsf(event, catalog),
        }
    }

    /// The finding of a rule that holds for an event, with the tree of reasons and the event as evidence. `file`
    /// names the input that the event was read from. `None` when there is no rule of that index.
    pub fn finding(&self, rule: u32, event: EventRef<'_>, file: &Arc<str>) -> Option<Finding> {
        let rules = self.rules();
        let found = rules.rules.get(rule as usize)?;
        let catalog = self.catalog();
        let entity = self.entity(event);
        let time = event.time();
        let mut window = time.map_or(0, |time| time.0).to_be_bytes().to_vec();
        window.extend_from_slice(&Sha256::digest(event.raw()));
        let why = Evaluator::new(catalog, &rules.regexes).why(&found.condition, event);
        Some(Finding {
            id: finding_id(&found.meta.id, &found.meta.version, &window, &entity),
            rule: Arc::clone(&found.meta),
            first: time,
            last: time,
            entity,
            count: 1,
            evidence: vec![self.evidence(&found.meta.title, event, file)],
            why: Why::Event(why),
        })
    }
}
