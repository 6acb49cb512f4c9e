//! The roles: flat sets of permissions, added up, none inherited from another.
//!
//! "May" is what a role gives. Where a role *never* may do something, either the role does not give it (another role
//! of the same user may: an analyst who is a responder too executes responses) or, where the word is categorical, it
//! is denied whatever else the user is: an auditor writes nothing, a service has no account and manages no users.
//! A user can be denied single permissions besides. **What is denied wins.**
//!
//! Nobody may read secrets or delete from the audit log: there are no such permissions.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Permission;
use Permission as P;

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks at dashboards, findings and shared cases.
    Viewer,
    /// Searches, triages, works on cases, requests responses.
    Analyst,
    /// An analyst's search with raised limits, saved hunts, draft rules.
    Hunter,
    /// Edits rules, parsers and playbooks up to shadow.
    ContentAuthor,
    /// Executes approved responses.
    Responder,
    /// Assets, tickets, patch state, maintenance windows.
    Ops,
    /// Approves, rejects, releases isolation, activates content.
    Approver,
    /// Feeds, indicators, markings.
    Intel,
    /// Reads the audit log and the configuration.
    Auditor,
    /// Users, connectors, configuration.
    Admin,
    /// A program: has tokens with single-purpose scopes, never logs in.
    Service,
}

const VIEWER: &[P] = &[P::AccountRead, P::AccountWrite, P::FindingRead, P::CaseReadShared];
const ANALYST: &[P] = &[
    P::AccountRead,
    P::AccountWrite,
    P::EventRead,
    P::EventReadSensitive,
    P::EventExport,
    P::FindingRead,
    P::FindingTriage,
    P::CaseReadShared,
    P::CaseRead,
    P::CaseReadRestricted,
    P::CaseWrite,
    P::EnrichmentRun,
    P::RuleRead,
    P::ResponseRequest,
    P::SourceRead,
    P::AssetRead,
    P::IndicatorRead,
];
const HUNTER: &[P] = &[
    P::AccountRead,
    P::AccountWrite,
    P::EventRead,
    P::EventReadSensitive,
    P::EventExport,
    P::SearchExtended,
    P::HuntWrite,
    P::FindingRead,
    P::CaseReadShared,
    P::RuleRead,
    P::RuleDraft,
    P::SourceRead,
    P::AssetRead,
    P::IndicatorRead,
];
const CONTENT_AUTHOR: &[P] = &[
    P::AccountRead,
    P::AccountWrite,
    P::EventRead,
    P::FindingRead,
    P::RuleRead,
    P::RuleDraft,
    P::RuleWrite,
    P::SourceRead,
];
const RESPONDER: &[P] = &[
    P::AccountRead,
    P::AccountWrite,
    P::FindingRead,
    P::CaseReadShared,
    P::CaseRead,
    P::ResponseExecute,
    P::AssetRead,
];
const OPS: &[P] = &[
    P::AccountRead,
    P::AccountWrite,
    P::FindingRead,
    P::CaseReadShared,
    P::CaseRead,
    P::AssetRead,
    P::AssetWrite,
    P::TicketWrite,
    P::DowntimeDecide,
    P::SourceRead,
];
const APPROVER: &[P] = &[
    P::AccountRead,
    P::AccountWrite,
    P::FindingRead,
    P::CaseReadShared,
    P::CaseRead,
    P::RuleRead,
    P::RuleActivate,
    P::ResponseApprove,
    P::IsolationRelease,
    P::AssetRead,
];
const INTEL: &[P] =
    &[P::AccountRead, P::AccountWrite, P::FindingRead, P::IndicatorRead, P::IndicatorWrite];
const AUDITOR: &[P] = &[P::AccountRead, P::AccountWrite, P::AuditRead, P::ConfigRead];
const ADMIN: &[P] = &[
    P::AccountRead,
    P::AccountWrite,
    P::UserRead,
    P::UserWrite,
    P::ConfigRead,
    P::ConfigWrite,
    P::ConnectorWrite,
    P::SourceRead,
    P::SourceWrite,
    P::MetricsRead,
];
const SERVICE: &[P] = &[
    P::EventIngest,
    P::EventRead,
    P::FindingRead,
    P::MetricsRead,
    P::SourceRead,
    P::AssetRead,
    P::IndicatorRead,
];
/// A service has no account and manages no users.
const SERVICE_DENIED: &[P] = &[P::AccountRead, P::AccountWrite, P::UserRead, P::UserWrite];

impl Role {
    /// Every role.
    pub const ALL: &[Self] = &[
        Self::Viewer,
        Self::Analyst,
        Self::Hunter,
        Self::ContentAuthor,
        Self::Responder,
        Self::Ops,
        Self::Approver,
        Self::Intel,
        Self::Auditor,
        Self::Admin,
        Self::Service,
    ];

    /// What the first user of a one-person installation is.
    pub const ONE_PERSON: &[Self] = &[
        Self::Analyst,
        Self::Hunter,
        Self::ContentAuthor,
        Self::Responder,
        Self::Ops,
        Self::Approver,
        Self::Intel,
        Self::Admin,
    ];

    /// Its name: `content-author`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Hunter => "hunter",
            Self::ContentAuthor => "content-author",
            Self::Responder => "responder",
            Self::Ops => "ops",
            Self::Approver => "approver",
            Self::Intel => "intel",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }

    /// What it gives.
    pub const fn may(self) -> &'static [Permission] {
        match self {
            Self::Viewer => VIEWER,
            Self::Analyst => ANALYST,
            Self::Hunter => HUNTER,
            Self::ContentAuthor => CONTENT_AUTHOR,
            Self::Responder => RESPONDER,
            Self::Ops => OPS,
            Self::Approver => APPROVER,
            Self::Intel => INTEL,
            Self::Auditor => AUDITOR,
            Self::Admin => ADMIN,
            Self::Service => SERVICE,
        }
    }

    /// What it denies whatever other roles give.
    pub fn denies(self, permission: Permission) -> bool {
        match self {
            // One's own password and sessions are no writing in the sense of the audit.
            Self::Auditor => !permission.is_read() && permission != P::AccountWrite,
            Self::Service => SERVICE_DENIED.contains(&permission),
            _ => false,
        }
    }

    /// Whether it may be used only with a second factor.
    pub const fn needs_mfa(self) -> bool {
        matches!(self, Self::Admin | Self::Approver | Self::Responder)
    }
}

/// What the roles of a user allow: all that they give, without what one of them or the user's own list denies.
pub fn rights(roles: &BTreeSet<Role>, denied: &BTreeSet<Permission>) -> BTreeSet<Permission> {
    let is_denied = |permission: &Permission| {
        denied.contains(permission) || roles.iter().any(|role| role.denies(*permission))
    };
    let given = roles.iter().flat_map(|role| role.may().iter().copied());
    given.filter(|permission| !is_denied(permission)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(roles: &[Role], denied: &[Permission]) -> BTreeSet<Permission> {
        rights(&roles.iter().copied().collect(), &denied.iter().copied().collect())
    }

    /// What the table of roles says that a role never may.
    const NEVER: &[(Role, &[Permission])] = &[
        (Role::Viewer, &[P::EventReadSensitive, P::EventExport]),
        (Role::Analyst, &[P::ResponseExecute, P::RuleWrite, P::RuleDraft]),
        (Role::Hunter, &[P::RuleActivate]),
        (Role::ContentAuthor, &[P::RuleActivate]),
        (Role::Responder, &[P::ResponseApprove]),
        (Role::Ops, &[P::CaseReadRestricted]),
        (Role::Approver, &[P::ResponseExecute, P::RuleWrite, P::RuleDraft]),
        (Role::Intel, &[P::ResponseRequest, P::ResponseExecute, P::ResponseApprove]),
        (
            Role::Admin,
            &[P::AuditRead, P::ResponseApprove, P::CaseRead, P::CaseWrite, P::CaseReadShared],
        ),
        (Role::Service, &[P::AccountRead, P::AccountWrite, P::UserRead, P::UserWrite]),
    ];

    #[test]
    fn a_role_never_gives_what_the_table_forbids() {
        for (role, never) in NEVER {
            let rights = of(&[*role], &[]);
            assert!(never.iter().all(|permission| !rights.contains(permission)), "{role:?}");
        }
        let writes: Vec<_> = of(&[Role::Auditor], &[])
            .into_iter()
            .filter(|permission| !permission.is_read())
            .collect();
        assert_eq!(writes, [P::AccountWrite]);
    }

    #[test]
    fn roles_add_up_and_what_is_denied_wins() {
        let both = of(&[Role::Analyst, Role::Responder], &[]);
        assert!(both.contains(&P::ResponseRequest) && both.contains(&P::ResponseExecute));
        assert!(!of(&[Role::Analyst], &[P::EventExport]).contains(&P::EventExport));
        let watched = of(&[Role::Admin, Role::Auditor], &[]);
        assert!(watched.contains(&P::AuditRead) && !watched.contains(&P::UserWrite));
        assert!(!of(&[Role::Service, Role::Admin], &[]).contains(&P::UserWrite));
        assert_eq!(of(&[], &[]), BTreeSet::new());
    }

    #[test]
    fn names_lead_back() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(*role));
            assert_eq!(serde_json::json!(role), role.name());
        }
    }
}
