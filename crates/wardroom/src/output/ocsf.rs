//! Findings as OCSF 1.8.0 detection findings (class 2004).

use model::{Attack, Evidence, Finding, Level, RuleMeta, SCHEMA_VERSION, Schema};
use serde_json::{Map, Value as Json, json};

use crate::attack::{tactics_of, technique_url};

const CLASS: &str = "detection_finding";

/// Attributes of `evidences` that are taken from the event where it has the same object.
const EVIDENCE_PARTS: [&str; 20] = [
    "actor",
    "api",
    "connection_info",
    "container",
    "database",
    "databucket",
    "device",
    "dst_endpoint",
    "email",
    "file",
    "http_request",
    "http_response",
    "job",
    "process",
    "query",
    "script",
    "src_endpoint",
    "tls",
    "url",
    "user",
];

/// The finding as a document.
pub(crate) fn finding_to_ocsf(finding: &Finding) -> Json {
    let rule = &finding.rule;
    let time = finding.last.or(finding.first).map_or(0, |time| time.0);
    let mut document = json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200_401,
        "time": time,
        "severity_id": rule.level.severity_id(),
        "severity": severity(rule.level),
        "status_id": 1,
        "status": "New",
        "is_alert": rule.level >= Level::Medium,
        "count": i64::try_from(finding.count).unwrap_or(i64::MAX),
        "message": rule.title,
        "metadata": {
            "version": SCHEMA_VERSION,
            "product": {"name": "Wardroom", "vendor_name": "Wardroom", "version": env!("CARGO_PKG_VERSION")},
        },
        "finding_info": finding_info(finding),
        "unmapped": {"why": finding.why, "entity": finding.entity, "rule_path": rule.path},
    });
    let evidences: Vec<Json> = finding.evidence.iter().map(evidence).collect();
    let observables = observables(&finding.evidence);
    if let Some(map) = document.as_object_mut() {
        if let Some(first) = finding.first {
            map.insert("start_time".to_owned(), json!(first.0));
        }
        if let Some(last) = finding.last {
            map.insert("end_time".to_owned(), json!(last.0));
        }
        if !evidences.is_empty() {
            map.insert("evidences".to_owned(), json!(evidences));
        }
        if !observables.is_empty() {
            map.insert("observables".to_owned(), json!(observables));
        }
    }
    Schema::embedded().complete(&mut document, CLASS);
    document
}

const fn severity(level: Level) -> &'static str {
    match level {
        Level::Informational => "Informational",
        Level::Low => "Low",
        Level::Medium => "Medium",
        Level::High => "High",
        Level::Critical => "Critical",
    }
}

fn finding_info(finding: &Finding) -> Json {
    let rule = &finding.rule;
    let mut info = json!({
        "uid": finding.id.to_string(),
        "title": rule.title,
        "desc": rule.description,
        "analytic": {
            "name": rule.title,
            "uid": rule.id,
            "type_id": 1,
            "type": "Rule",
            "version": rule.version,
        },
    });
    if let Some(map) = info.as_object_mut() {
        let attacks = attacks(rule);
        if !attacks.is_empty() {
            map.insert("attacks".to_owned(), json!(attacks));
        }
        if let Some(first) = finding.first {
            map.insert("first_seen_time".to_owned(), json!(first.0));
        }
        if let Some(last) = finding.last {
            map.insert("last_seen_time".to_owned(), json!(last.0));
        }
    }
    info
}

/// One element for each technique, with all tactics of the rule; only tactics when it names no technique.
fn attacks(rule: &RuleMeta) -> Vec<Json> {
    let tactics: Vec<Json> = tactics_of(rule)
        .iter()
        .map(|tactic| json!({"uid": tactic.id, "name": tactic.name}))
        .collect();
    let with_tactics = |mut attack: Map<String, Json>| {
        if !tactics.is_empty() {
            attack.insert("tactics".to_owned(), json!(tactics));
        }
        Json::Object(attack)
    };
    let techniques = rule.attacks.iter().filter_map(|attack| match attack {
        Attack::Technique(id) => Some(technique(id)),
        Attack::Tactic(_) => None,
    });
    let mut attacks: Vec<Json> = techniques.map(with_tactics).collect();
    if attacks.is_empty() && !tactics.is_empty() {
        attacks.push(with_tactics(Map::new()));
    }
    attacks
}

/// `T1059.001` is a sub-technique of `T1059`.
fn technique(id: &str) -> Map<String, Json> {
    let parent = id.split_once('.').map_or(id, |(parent, _)| parent);
    let mut attack = Map::new();
    attack.insert("technique".to_owned(), json!({"uid": parent, "src_url": technique_url(parent)}));
    if parent != id {
        attack.insert("sub_technique".to_owned(), json!({"uid": id, "src_url": technique_url(id)}));
    }
    attack
}

fn evidence(evidence: &Evidence) -> Json {
    let schema = Schema::embedded();
    let uid = evidence.event.get("class_uid").and_then(Json::as_u64).unwrap_or(0) as u32;
    let class = schema.class_by_uid(uid).map_or("", |(name, _)| name);
    let mut map = Map::new();
    map.insert("name".to_owned(), json!(evidence.rule));
    for part in EVIDENCE_PARTS {
        let type_of =
            |class: &str, path: &str| schema.resolve(class, path).ok().map(|it| &*it.type_name);
        let wanted = type_of(CLASS, &format!("evidences.{part}"));
        if let Some(value) = evidence.event.get(part)
            && wanted.is_some()
            && wanted == type_of(class, part)
        {
            map.insert(part.to_owned(), value.clone());
        }
    }
    map.insert(
        "data".to_owned(),
        json!({"file": evidence.file, "offset": evidence.offset, "kind": evidence.kind, "event": evidence.event}),
    );
    Json::Object(map)
}

/// The observables of all events, once each.
fn observables(evidence: &[Evidence]) -> Vec<Json> {
    let mut found: Vec<Json> = Vec::new();
    let all = evidence.iter().filter_map(|it| it.event.get("observables")?.as_array()).flatten();
    for observable in all {
        if !found.contains(observable) {
            found.push(observable.clone());
        }
    }
    found
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use model::{FindingId, Logsource, Timestamp, Why, WhyLeaf, WhyNode};

    use super::*;

    /// A finding with a value in every place.
    pub(crate) fn sample(value: &str) -> Finding {
        let leaf = WhyLeaf {
            field: "Image".to_owned(),
            resolved: Some("process.file.path".to_owned()),
            operator: "contains".to_owned(),
            pattern: "*evil*".to_owned(),
            value: Some(value.to_owned()),
            span: Some((0, 2)),
        };
        let node = |label: &str, leaf, children| WhyNode {
            label: label.to_owned(),
            holds: true,
            children,
            leaf,
        };
        Finding {
            id: FindingId([7; 16]),
            rule: Arc::new(RuleMeta {
                id: "5f0e9ed1-0000-4000-8000-000000000000".into(),
                title: value.into(),
                description: value.into(),
                level: Level::High,
                attacks: vec![
                    Attack::Tactic("execution".into()),
                    Attack::Tactic("defense-evasion".into()),
                    Attack::Technique("T1059.001".into()),
                ],
                logsource: Logsource::default(),
                ..RuleMeta::default()
            }),
            first: Some(Timestamp(1_772_452_800_000)),
            last: Some(Timestamp(1_772_452_900_000)),
            entity: value.to_owned(),
            count: 2,
            evidence: vec![Evidence {
                file: Arc::from(value),
                offset: 7,
                kind: "microsoft_sysmon/process_creation".to_owned(),
                time: Some(Timestamp(1_772_452_800_000)),
                rule: value.into(),
                event: json!({
                    "class_uid": 1007,
                    "process": {"cmd_line": value, "pid": 7},
                    "device": {"hostname": value, "type_id": 0},
                    "observables": [{"name": "device.hostname", "type_id": 1, "type": "Hostname", "value": value}],
                    "raw_data": value,
                }),
            }],
            why: Why::Event(node("and", None, vec![node("selection", Some(leaf), Vec::new())])),
        }
    }

    #[test]
    fn documents_are_valid_ocsf() {
        let document = finding_to_ocsf(&sample("powershell"));
        assert_eq!(Schema::embedded().validate(&document), Vec::<String>::new());
        assert_eq!(document["severity_id"], 4);
        assert_eq!(document["finding_info"]["attacks"][0]["sub_technique"]["uid"], "T1059.001");
        assert_eq!(document["finding_info"]["attacks"][0]["tactics"][1]["uid"], "TA0005");
        assert_eq!(document["evidences"][0]["process"]["pid"], 7);
        assert_eq!(document["observables"][0]["value"], "powershell");
    }

    #[test]
    fn a_bare_correlation_is_valid_too() {
        let mut finding = sample("x");
        finding.evidence.clear();
        (finding.first, finding.last) = (None, None);
        finding.why = Why::Correlation {
            statement: "12 events within 10 minutes (10 or more wanted)".to_owned(),
            group: vec![("user".to_owned(), "alice".to_owned())],
            measured: "12".to_owned(),
        };
        assert_eq!(Schema::embedded().validate(&finding_to_ocsf(&finding)), Vec::<String>::new());
    }
}
