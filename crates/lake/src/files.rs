//! Where the files of segments are: a folder on this machine, or any object store.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::{ObjectStore, ObjectStoreExt, path::Path as StorePath};
use ports::TenantId;
use uuid::Uuid;

use crate::error::LakeError;
use crate::layout::Encoded;

/// The files of a lake.
#[derive(Debug, Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// The folder, when the store is one: object stores write whole or not at all, folders have to be made to.
    folder: Option<PathBuf>,
}

fn failed(file: impl ToString, reason: impl ToString) -> LakeError {
    LakeError::File { file: file.to_string(), reason: reason.to_string() }
}

/// The name of a segment's Parquet file, from the root of the store.
pub fn parquet_file(tenant: &TenantId, table: &str, segment: Uuid) -> String {
    format!("{tenant}/{table}/data/{segment}.parquet")
}

/// The name of a segment's skip index.
pub fn skip_file(tenant: &TenantId, table: &str, segment: Uuid) -> String {
    format!("{tenant}/{table}/data/{segment}.skip")
}

impl Files {
    /// Files in a folder, which is made when it is not there.
    pub fn in_folder(folder: &Path) -> Result<Self, LakeError> {
        let shown = folder.display().to_string();
        std::fs::create_dir_all(folder).map_err(|error| failed(&shown, error))?;
        let folder = folder.canonicalize().map_err(|error| failed(&shown, error))?;
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(|it| failed(&shown, it))?;
        Ok(Self { store: Arc::new(store), folder: Some(folder) })
    }

    /// Files in an object store that writes each file whole or not at all and keeps what it confirmed.
    pub fn in_store(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, folder: None }
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    pub(crate) fn url() -> Result<ObjectStoreUrl, LakeError> {
        Ok(ObjectStoreUrl::parse("lake://main")?)
    }

    /// Writes both files of a segment so that they are there after power loss. The skip index comes first: a segment
    /// that the catalog knows has both.
    pub async fn write(&self, tenant: &TenantId, encoded: Encoded) -> Result<(), LakeError> {
        let Encoded { segment, parquet, skip } = encoded;
        self.put(skip_file(tenant, &segment.table, segment.id), skip).await?;
        self.put(parquet_file(tenant, &segment.table, segment.id), parquet).await
    }

    async fn put(&self, file: String, bytes: Vec<u8>) -> Result<(), LakeError> {
        let Some(folder) = self.folder.clone() else {
            let path = StorePath::from(file.as_str());
            let put = self.store.put(&path, bytes.into()).await;
            return put.map(|_| ()).map_err(|error| failed(file, error));
        };
        let written = tokio::task::spawn_blocking(move || {
            put_durably(&folder, &file, &bytes).map_err(|error| failed(file, error))
        });
        written.await.map_err(|error| failed("writing a segment", error))?
    }

    /// A whole file; `None` when it is not there.
    pub(crate) async fn read(&self, file: &str) -> Result<Option<Vec<u8>>, LakeError> {
        use datafusion::object_store::Error;
        let bytes = match self.store.get(&StorePath::from(file)).await {
            Ok(found) => found.bytes().await,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => Err(error),
        };
        bytes.map(|bytes| Some(bytes.into())).map_err(|error| failed(file, error))
    }

    /// A file's length; `None` when it is not there.
    pub(crate) async fn length(&self, file: &str) -> Result<Option<u64>, LakeError> {
        use datafusion::object_store::Error;
        match self.store.head(&StorePath::from(file)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(file, error)),
        }
    }

    /// Removes both files of a segment that no catalog knows any more; files that are not there are no error.
    pub async fn remove(
        &self,
        tenant: &TenantId,
        table: &str,
        segment: Uuid,
    ) -> Result<(), LakeError> {
        use datafusion::object_store::Error;
        for file in [parquet_file(tenant, table, segment), skip_file(tenant, table, segment)] {
            match self.store.delete(&StorePath::from(file.as_str())).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(file, error)),
            }
        }
        Ok(())
    }
}

/// Writes under another name, makes the bytes durable, renames, and makes the new name durable.
fn put_durably(folder: &Path, file: &str, bytes: &[u8]) -> std::io::Result<()> {
    let path = folder.join(file);
    let parent = path.parent().unwrap_or(folder);
    let mut made: Vec<&Path> = parent.ancestors().take_while(|it| !it.exists()).collect();
    std::fs::create_dir_all(parent)?;
    let unfinished = path.with_added_extension("unfinished");
    let mut out = std::fs::File::create(&unfinished)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    std::fs::rename(&unfinished, &path)?;
    // Folders that were just made are themselves names in the folder above.
    made.push(parent);
    for folder in made.iter().flat_map(|folder| [Some(*folder), folder.parent()]).flatten() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
