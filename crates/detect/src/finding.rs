//! From a rule that holds to a finding: its id, whom it is about, the evidence and the reasons.

use std::net::IpAddr;
use std::sync::Arc;

use model::{
    Constant, EventRef, Evidence, FieldId, FieldTable, Finding, FindingId, Kind, Section, Why,
    event_to_ocsf,
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

/// The ends of a connection: address and name. In a finding of a sensor they are part of its evidence.
const ENDPOINT_PATHS: [[&str; 2]; 4] = [
    ["src_endpoint.ip", "src_endpoint.hostname"],
    ["dst_endpoint.ip", "dst_endpoint.hostname"],
    ["evidences[0].src_endpoint.ip", "evidences[0].src_endpoint.hostname"],
    ["evidences[0].dst_endpoint.ip", "evidences[0].dst_endpoint.hostname"],
];

/// The `device.type_id`s of sensors, which a source has as a constant: IDS and IPS. They see what others do.
const SENSORS: [i64; 2] = [13, 14];

/// The interned paths.
#[derive(Debug, Default)]
pub(crate) struct EntityFields {
    named: Vec<FieldId>,
    device_type: Option<FieldId>,
    endpoints: Vec<[Option<FieldId>; 2]>,
}

impl EntityFields {
    pub(crate) fn new(fields: &FieldTable) -> Self {
        Self {
            named: ENTITY_PATHS.iter().filter_map(|path| fields.get(path)).collect(),
            device_type: fields.get("device.type_id"),
            endpoints: ENDPOINT_PATHS.map(|pair| pair.map(|path| fields.get(path))).to_vec(),
        }
    }

    /// Host, else user, else address; a dash when the event names none. What a sensor saw is about the internal
    /// end of the connection.
    fn of(&self, event: EventRef<'_>, kind: &Kind) -> String {
        let mut constants = kind.constants.iter();
        let is_of_sensor = constants.any(|(path, constant)| {
            Some(*path) == self.device_type
                && matches!(constant, Constant::Int(device) if SENSORS.contains(device))
        });
        let internal = if is_of_sensor { self.internal(event) } else { None };
        let mut named = self.named.iter().filter_map(|path| text(event, Some(*path)));
        internal.or_else(|| named.next()).unwrap_or_else(|| "-".to_owned())
    }

    /// The name, else the address of the end that has a private address; the source when both have.
    fn internal(&self, event: EventRef<'_>) -> Option<String> {
        self.endpoints.iter().find_map(|[address, name]| {
            let address = text(event, *address).filter(|address| is_private(address))?;
            Some(text(event, *name).unwrap_or(address))
        })
    }
}

/// An attribute of an event as text, when it says something.
fn text(event: EventRef<'_>, field: Option<FieldId>) -> Option<String> {
    let field = field?;
    let slot = event.section(Section::Attributes).iter().find(|slot| slot.field == field)?;
    Some(event.text(slot.value).into_owned()).filter(|text| !text.is_empty() && text != "-")
}

/// Whether an address is one of a private network (RFC 1918, RFC 4193) or of the link.
fn is_private(address: &str) -> bool {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_unique_local() || address.is_unicast_link_local(),
        Err(_) => false,
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
        self.entity_fields().of(event, self.catalog().kind(event.kind()))
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
