//! What can go wrong with stored events, in words that name the thing and the way out.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;

use crate::query::SearchError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A query that cannot be read.
    #[error(transparent)]
    Query(#[from] SearchError),
    /// A query that is not allowed.
    #[error("{0}")]
    Refused(String),
    /// A query used up what it was given.
    #[error("the query was ended: {0}")]
    Budget(String),
    /// A file is not what was written.
    #[error("{file} is damaged ({reason}): restore it from a backup or from the journal")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The catalog of segments cannot be read.
    #[error(transparent)]
    Catalog(#[from] ports::StateError),
    /// The query engine could not do it.
    #[error("the query failed: {0}")]
    Engine(String),
}

/// A budget that is used up, as it travels through the engine.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Spent(pub(crate) String);

impl From<DataFusionError> for LakeError {
    fn from(error: DataFusionError) -> Self {
        if let Some(spent) = spent(&error) {
            return Self::Budget(spent.0);
        }
        match error.find_root() {
            DataFusionError::ResourcesExhausted(reason) => {
                Self::Budget(format!("it needs too much memory ({reason}); narrow it"))
            }
            root => Self::Engine(root.strip_backtrace()),
        }
    }
}

impl From<ArrowError> for LakeError {
    fn from(error: ArrowError) -> Self {
        Self::Engine(error.to_string())
    }
}

impl From<ParquetError> for LakeError {
    fn from(error: ParquetError) -> Self {
        Self::Engine(error.to_string())
    }
}

/// The used-up budget behind an error, however deep it is wrapped.
fn spent(error: &DataFusionError) -> Option<Spent> {
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = at {
        if let Some(spent) = error.downcast_ref::<Spent>() {
            return Some(spent.clone());
        }
        if let Some(ParquetError::External(inner)) = error.downcast_ref::<ParquetError>()
            && let Some(spent) = inner.downcast_ref::<Spent>()
        {
            return Some(spent.clone());
        }
        at = error.source();
    }
    None
}
