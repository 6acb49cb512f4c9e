//! The tactics of MITRE ATT&CK for Enterprise, in the order of an attack.

use model::{Attack, RuleMeta};

/// A column of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tactic {
    /// ATT&CK id.
    pub(crate) id: &'static str,
    /// The word in Sigma tags.
    pub(crate) word: &'static str,
    /// Name for people.
    pub(crate) name: &'static str,
}

const fn tactic(id: &'static str, word: &'static str, name: &'static str) -> Tactic {
    Tactic { id, word, name }
}

/// All fourteen.
pub(crate) const TACTICS: [Tactic; 14] = [
    tactic("TA0043", "reconnaissance", "Reconnaissance"),
    tactic("TA0042", "resource-development", "Resource Development"),
    tactic("TA0001", "initial-access", "Initial Access"),
    tactic("TA0002", "execution", "Execution"),
    tactic("TA0003", "persistence", "Persistence"),
    tactic("TA0004", "privilege-escalation", "Privilege Escalation"),
    tactic("TA0005", "defense-evasion", "Defense Evasion"),
    tactic("TA0006", "credential-access", "Credential Access"),
    tactic("TA0007", "discovery", "Discovery"),
    tactic("TA0008", "lateral-movement", "Lateral Movement"),
    tactic("TA0009", "collection", "Collection"),
    tactic("TA0011", "command-and-control", "Command and Control"),
    tactic("TA0010", "exfiltration", "Exfiltration"),
    tactic("TA0040", "impact", "Impact"),
];

/// The tactics that a rule's tags name, in the order of the matrix. Older tags with underscores count.
pub(crate) fn tactics_of(rule: &RuleMeta) -> Vec<Tactic> {
    let words: Vec<String> = rule
        .attacks
        .iter()
        .filter_map(|attack| match attack {
            Attack::Tactic(word) => Some(word.replace('_', "-")),
            Attack::Technique(_) => None,
        })
        .collect();
    TACTICS.into_iter().filter(|tactic| words.iter().any(|word| word == tactic.word)).collect()
}

/// The techniques that a rule's tags name, in the order of the tags.
pub(crate) fn techniques_of(rule: &RuleMeta) -> impl Iterator<Item = &str> {
    rule.attacks.iter().filter_map(|attack| match attack {
        Attack::Technique(id) => Some(&**id),
        Attack::Tactic(_) => None,
    })
}

/// Where ATT&CK describes a technique.
pub(crate) fn technique_url(id: &str) -> String {
    format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/"))
}
