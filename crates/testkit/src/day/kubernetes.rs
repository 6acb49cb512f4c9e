//! The audit log of the Kubernetes API server. Format: kubernetes.io, "audit.k8s.io/v1 Event".

use serde_json::{Value, json};

use super::Day;
use super::clock::{HOUR, MINUTE, Moment, iso_micros};
use super::company::{BUILD, JUMP};
use super::office_hours::{every, working};

pub(super) const FILE: &str = "k8s_audit.jsonl";

/// One request to the API server.
pub(super) struct Request<'a> {
    pub(super) user: &'a str,
    pub(super) groups: &'a [&'a str],
    pub(super) ip: &'a str,
    pub(super) agent: &'a str,
    pub(super) verb: &'a str,
    /// Namespace (may be empty), resource, name (may be empty), subresource (may be empty)
    pub(super) object: (&'a str, &'a str, &'a str, &'a str),
    pub(super) code: u32,
    pub(super) body: Value,
}

/// Writes one event.
pub(super) fn request(day: &mut Day, at: Moment, what: &Request<'_>) {
    let (namespace, resource, name, subresource) = what.object;
    let mut object = json!({"resource": resource, "apiVersion": "v1"});
    let mut uri = "/api/v1".to_owned();
    if !namespace.is_empty() {
        object["namespace"] = json!(namespace);
        uri = format!("{uri}/namespaces/{namespace}");
    }
    uri = format!("{uri}/{resource}");
    if !name.is_empty() {
        object["name"] = json!(name);
    }
    // A new object is posted to the list of its kind.
    if !name.is_empty() && (what.verb != "create" || !subresource.is_empty()) {
        uri = format!("{uri}/{name}");
    }
    if !subresource.is_empty() {
        object["subresource"] = json!(subresource);
        uri = format!("{uri}/{subresource}");
    }
    let decision = if what.code == 403 { "forbid" } else { "allow" };
    let mut all = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": if what.body.is_null() { "Metadata" } else { "RequestResponse" },
        "auditID": day.random.uuid(), "stage": "ResponseComplete", "requestURI": uri, "verb": what.verb,
        "user": {"username": what.user, "groups": what.groups}, "sourceIPs": [what.ip], "userAgent": what.agent,
        "objectRef": object, "responseStatus": {"metadata": {}, "code": what.code},
        "requestReceivedTimestamp": iso_micros(at, "Z"), "stageTimestamp": iso_micros(at + 8, "Z"),
        "annotations": {"authorization.k8s.io/decision": decision, "authorization.k8s.io/reason": ""},
    });
    if !what.body.is_null() {
        all["requestObject"] = what.body.clone();
    }
    day.write(FILE, at, all.to_string());
}

const NODES: &[&str] = &["system:nodes", "system:authenticated"];
const ACCOUNTS: &[&str] = &["system:serviceaccounts", "system:authenticated"];
const DEVELOPERS: &[&str] = &["developers", "system:authenticated"];

/// Nodes, controllers, deployments by the pipeline, developers who look at their pods.
pub(super) fn benign(day: &mut Day) {
    for n in 1..=3 {
        let (user, ip) = (format!("system:node:k8s-node{n}"), format!("10.30.1.{n}"));
        for at in every(&mut day.random, 25 * MINUTE, 2 * MINUTE) {
            let name = format!("k8s-node{n}");
            let what = Request {
                user: &user,
                groups: NODES,
                ip: &ip,
                agent: "kubelet/v1.31.5 (linux/amd64) kubernetes/af64d83",
                verb: "patch",
                object: ("", "nodes", &name, "status"),
                code: 200,
                body: Value::Null,
            };
            request(day, at.min(24 * HOUR - 10), &what);
        }
    }
    for at in every(&mut day.random, 12 * MINUTE, MINUTE) {
        let what = Request {
            user: "system:serviceaccount:argocd:argocd-application-controller",
            groups: ACCOUNTS,
            ip: "10.244.1.17",
            agent: "argocd-application-controller/v2.14.2",
            verb: "watch",
            object: ("harbour", "deployments", "", ""),
            code: 200,
            body: Value::Null,
        };
        request(day, at.min(24 * HOUR - 10), &what);
    }
    for _ in 0..18 {
        let at = working(&mut day.random);
        let what = Request {
            user: "system:serviceaccount:ci:deployer",
            groups: ACCOUNTS,
            ip: BUILD.ip,
            agent: "helm/v3.17.0",
            verb: "patch",
            object: ("harbour", "deployments", "harbour-api", ""),
            code: 200,
            body: json!({"spec": {"template": {"spec": {"containers": [{"name": "api", "image": format!("registry.corp.example/harbour-api:{}", day.random.hex(7))}]}}}}),
        };
        request(day, at, &what);
    }
    for _ in 0..110 {
        let at = working(&mut day.random);
        let user = *day.random.pick(&["felix.braun", "noah.schmitt", "elias.koenig", "jan.scholz"]);
        let (verb, resource, sub) = *day.random.pick(&[
            ("list", "pods", ""),
            ("get", "pods", "log"),
            ("list", "events", ""),
            ("get", "configmaps", ""),
            ("list", "services", ""),
        ]);
        let name = if verb == "get" { "harbour-api-6c9d7f" } else { "" };
        let code = if day.random.chance(3) { 403 } else { 200 };
        let what = Request {
            user,
            groups: DEVELOPERS,
            ip: JUMP.ip,
            agent: "kubectl/v1.31.5 (linux/amd64) kubernetes/af64d83",
            verb,
            object: ("harbour", resource, name, sub),
            code,
            body: Value::Null,
        };
        request(day, at, &what);
    }
}
