//! Damaged files are named; a missing or damaged skip index only makes a query slower.

use super::stand::{NOW, Stand};
use crate::files::{parquet_file, skip_file};
use crate::lake::Settings;
use crate::skip::SkipIndex;
use crate::{LakeError, Query};

fn path(stand: &Stand, file: &str) -> std::path::PathBuf {
    stand.folder.path().join(file)
}

const QUESTION: &str = "src_endpoint.ip:10.1.0.1";

#[tokio::test(flavor = "multi_thread")]
async fn without_its_skip_index_a_segment_is_searched_whole() {
    let stand = Stand::sampled(&[9000, 9000], 0).await;
    let (expected, cost) = stand.found(&stand.lake, QUESTION).await;
    assert!(!expected.is_empty() && cost.notes.is_empty());
    let segments = stand.catalog.0.lock().unwrap().clone();
    let files: Vec<String> = segments
        .iter()
        .map(|segment| skip_file(&stand.tenant, &segment.table, segment.id))
        .collect();
    std::fs::remove_file(path(&stand, &files[0])).unwrap();
    let mut bytes = std::fs::read(path(&stand, &files[1])).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path(&stand, &files[1]), bytes).unwrap();
    let again = stand.again(Settings::default());
    let (found, cost) = again_found(&stand, &again).await;
    assert_eq!(found, expected);
    assert_eq!(cost.notes.len(), 2, "{cost:?}");
    assert!(cost.notes[0].contains(&files[0]) && cost.notes[0].contains("missing"), "{cost:?}");
    assert!(cost.notes[1].contains(&files[1]) && cost.notes[1].contains("checksum"), "{cost:?}");
    let verified = again.verify(&stand.tenant, &segments[1]).await.unwrap_err();
    assert!(verified.to_string().contains(&files[1]), "{verified}");
}

async fn again_found(stand: &Stand, lake: &crate::Lake) -> (Vec<String>, crate::Cost) {
    let (found, mut cost) = stand.found(lake, QUESTION).await;
    cost.notes.sort_by_key(|note| note.contains("damaged"));
    (found, cost)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_segment_is_named() {
    for how in ["flipped", "cut", "gone"] {
        let stand = Stand::sampled(&[9000, 9000], 0).await;
        let segment = stand.catalog.0.lock().unwrap()[1].clone();
        let file = parquet_file(&stand.tenant, &segment.table, segment.id);
        let mut bytes = std::fs::read(path(&stand, &file)).unwrap();
        match how {
            "flipped" => {
                let end = bytes.len() / 2;
                bytes[4..end].iter_mut().for_each(|byte| *byte ^= 0x55);
            }
            _ => bytes.truncate(bytes.len() - 100),
        }
        match how {
            "gone" => std::fs::remove_file(path(&stand, &file)).unwrap(),
            _ => std::fs::write(path(&stand, &file), bytes).unwrap(),
        }
        let lake = stand.again(Settings::default());
        let query =
            Query { condition: crate::Condition::Everything, columns: Vec::new(), newest: None };
        let answered = match lake.search(&stand.scope(), &query, NOW).await {
            Ok(results) => results.all().await.map(|_| ()),
            Err(error) => Err(error),
        };
        match answered {
            Err(LakeError::Damaged { file: named, .. }) => assert_eq!(named, file, "{how}"),
            other => panic!("{how}: {other:?}"),
        }
    }
}

#[test]
fn no_cut_or_changed_skip_index_is_taken_for_a_whole_one() {
    let sealed = crate::skip::Sealed {
        segment: uuid::Uuid::nil(),
        rows: 3,
        parquet_bytes: 1,
        parquet_crc: 2,
    };
    let mut builder = crate::skip::Builder::new();
    let texts = datafusion::arrow::array::StringViewArray::from(vec!["a b", "c", "d.e"]);
    let rows = datafusion::arrow::array::RecordBatch::try_from_iter([(
        "raw",
        std::sync::Arc::new(texts) as datafusion::arrow::array::ArrayRef,
    )]);
    builder.block(&rows.unwrap());
    let whole = builder.finish(sealed);
    let index = SkipIndex::read(whole.clone()).unwrap();
    assert!(index.sealed == sealed && index.blocks() == 1);
    for length in 0..whole.len() {
        assert!(SkipIndex::read(whole[..length].to_vec()).is_err(), "cut at {length}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        assert!(SkipIndex::read(changed).is_err(), "changed at {at}");
    }
}
