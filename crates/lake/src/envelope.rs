//! The columns that every event has, whatever its record says.

use crate::columns::{self, Columns};

/// Positions of the columns that every event has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    pub(crate) event_id: usize,
    pub(crate) time: usize,
    pub(crate) ingested_at: usize,
    pub(crate) is_time_from_ingest: usize,
    pub(crate) class_uid: usize,
    pub(crate) category_uid: usize,
    pub(crate) activity_id: usize,
    pub(crate) type_uid: usize,
    pub(crate) severity_id: usize,
    pub(crate) source: usize,
    pub(crate) kind: usize,
    pub(crate) raw: usize,
    pub(crate) raw_bytes: usize,
    pub(crate) unmapped: usize,
}

impl Envelope {
    pub(crate) fn of(columns: &mut Columns) -> Self {
        columns.merge(&Columns::core());
        let at = |name: &str| columns.position(name).unwrap_or_default();
        Self {
            event_id: at(columns::EVENT_ID),
            time: at(columns::TIME),
            ingested_at: at("ingested_at"),
            is_time_from_ingest: at("is_time_from_ingest"),
            class_uid: at(columns::CLASS),
            category_uid: at("category_uid"),
            activity_id: at("activity_id"),
            type_uid: at("type_uid"),
            severity_id: at("severity_id"),
            source: at("source"),
            kind: at("kind"),
            raw: at(columns::RAW),
            raw_bytes: at(columns::RAW_BYTES),
            unmapped: at(columns::UNMAPPED),
        }
    }

    /// Columns that no attribute of a record may overwrite.
    pub(crate) fn owns(&self, column: usize) -> bool {
        let own = [
            self.event_id,
            self.time,
            self.ingested_at,
            self.is_time_from_ingest,
            self.class_uid,
            self.category_uid,
            self.type_uid,
            self.source,
            self.kind,
            self.raw,
            self.raw_bytes,
            self.unmapped,
        ];
        own.contains(&column)
    }
}
