//! What may be done, one by one. A permission is a value in sets and a type in [`permits`], so that a use case can
//! demand it of its caller in its signature.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($name:ident $text:literal $words:literal,)*) => {
        /// Something that may be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission {
            $(#[doc = $words] #[serde(rename = $text)] $name,)*
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name: `user.read`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it allows.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }

        /// Each permission as a type.
        pub mod permits {
            $(#[doc = $words] #[derive(Debug, Clone, Copy)] pub struct $name;
            impl super::sealed::Sealed for $name {}
            impl super::Permits for $name {
                const PERMISSION: super::Permission = super::Permission::$name;
            })*
        }
    };
}

mod sealed {
    /// No type outside this file stands for a permission.
    pub trait Sealed {}
}

/// A type that stands for a permission.
pub trait Permits: sealed::Sealed + Send + Sync + 'static {
    /// The permission.
    const PERMISSION: Permission;
}

permissions! {
    AccountRead "account.read" "See one's own account, sessions and tokens.",
    AccountWrite "account.write" "Change one's own password and one-time codes, end sessions, make and revoke tokens.",
    UserRead "user.read" "See users and their roles.",
    UserWrite "user.write" "Make and change users, end their sessions, revoke their tokens.",
    AuditRead "audit.read" "Read and prove the audit log.",
    MetricsRead "metrics.read" "Read the figures of the running program.",
    ConfigRead "config.read" "See the configuration, without secrets.",
    ConfigWrite "config.write" "Change the configuration.",
    ConnectorWrite "connector.write" "Set up connectors; their secrets are written, never read.",
    SourceRead "source.read" "See sources and how they fare.",
    SourceWrite "source.write" "Set up and change sources.",
    EventIngest "event.ingest" "Send events.",
    EventRead "event.read" "Search events.",
    EventReadSensitive "event.read_sensitive" "See events that are tagged as sensitive.",
    EventExport "event.export" "Export events.",
    SearchExtended "search.extended" "Search with raised limits.",
    HuntWrite "hunt.write" "Save hunts.",
    FindingRead "finding.read" "See findings and dashboards.",
    FindingTriage "finding.triage" "Triage findings.",
    CaseReadShared "case.read_shared" "See cases that are marked as shareable.",
    CaseRead "case.read" "See cases.",
    CaseReadRestricted "case.read_restricted" "See notes of cases that are marked as restricted.",
    CaseWrite "case.write" "Edit cases.",
    EnrichmentRun "enrichment.run" "Run enrichments that only read.",
    RuleRead "rule.read" "See rules, parsers and playbooks.",
    RuleDraft "rule.draft" "Draft rules.",
    RuleWrite "rule.write" "Edit rules, parsers and playbooks up to shadow.",
    RuleActivate "rule.activate" "Activate what somebody else wrote.",
    ResponseRequest "response.request" "Request a response.",
    ResponseExecute "response.execute" "Execute an approved response.",
    ResponseApprove "response.approve" "Approve or reject what somebody else requested.",
    IsolationRelease "isolation.release" "Release a device from isolation.",
    AssetRead "asset.read" "See assets.",
    AssetWrite "asset.write" "Edit assets, patch state and maintenance windows.",
    TicketWrite "ticket.write" "Edit remediation tickets.",
    DowntimeDecide "downtime.decide" "Accept or veto downtime.",
    IndicatorRead "indicator.read" "See feeds and indicators.",
    IndicatorWrite "indicator.write" "Edit feeds, indicators and their markings.",
}

impl Permission {
    /// The permission of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.name() == name)
    }

    /// Whether it only lets look. Looking at what is sensitive is looking; taking it out is not.
    pub fn is_read(self) -> bool {
        let verb = self.name().rsplit('.').next().unwrap_or_default();
        verb.starts_with("read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::named(permission.name()), Some(*permission));
            assert_eq!(serde_json::json!(permission), permission.name());
        }
        assert_eq!(Permission::named("secret.read"), None);
        assert_eq!(permits::UserWrite::PERMISSION, Permission::UserWrite);
        assert!(Permission::CaseReadRestricted.is_read() && !Permission::EventExport.is_read());
    }
}
