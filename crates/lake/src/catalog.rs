//! Which segments there are.

use std::sync::Arc;

use async_trait::async_trait;
use model::Timestamp;
use ports::{Segment, State, StateError, TenantId};

/// The catalog of segments: what a query needs of the state.
#[async_trait]
pub trait Catalog: std::fmt::Debug + Send + Sync {
    /// Segments of a table that may hold events of a stretch of time.
    async fn segments(
        &self,
        tenant: &TenantId,
        table: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Segment>, StateError>;
}

/// The catalog that is kept in the state database.
#[derive(Debug, Clone)]
pub struct StateCatalog(pub Arc<dyn State>);

#[async_trait]
impl Catalog for StateCatalog {
    async fn segments(
        &self,
        tenant: &TenantId,
        table: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Segment>, StateError> {
        self.0.segments(tenant, table, from, to).await
    }
}
