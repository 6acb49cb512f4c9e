//! Queries that would write, reach out or never end.

use std::time::{Duration, Instant};

use super::stand::{NOW, Stand};
use crate::{Budget, Columns, Condition, LakeError, Query, parse};

#[tokio::test(flavor = "multi_thread")]
async fn sql_reads_the_tables_of_the_tenant_and_nothing_else() {
    let stand = Stand::sampled(&[2000], 10).await;
    let long = format!("SELECT {}1", "1+".repeat(40_000));
    let chain = format!("SELECT {}1", "1+".repeat(20_000));
    let ors = format!("SELECT 1 FROM events WHERE {}true", "class_uid=1 or ".repeat(3000));
    let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    for sql in [
        "INSERT INTO events VALUES (1)",
        "DELETE FROM events",
        "DROP TABLE events",
        "CREATE TABLE x AS SELECT * FROM events",
        "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/etc/passwd'",
        "CREATE VIEW v AS SELECT 1",
        "COPY events TO '/tmp/x.parquet'",
        "COPY (SELECT 1) TO 'x.csv'",
        "SET datafusion.execution.parquet.pushdown_filters = false",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "SELECT 1; SELECT 2",
        "",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM findings",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM generate_series(1, 1000000000000)",
        "SELECT * FROM range(1, 1000000000000)",
        "SELECT repeat('x', 2000000000)",
        "SELECT lpad('x', 2000000000)",
        "SELECT array_repeat(1, 2000000000)",
        "SELECT generate_series(1, 1000000000000)",
        "SELECT * INTO x FROM events",
        "WITH x AS (SELECT 1) INSERT INTO events SELECT * FROM x",
        "SELECT nothing FROM events",
        &long,
        &chain,
        &ors,
        &deep,
    ] {
        let shown: String = sql.chars().take(70).collect();
        let answered = match stand.lake.sql(&stand.scope(), sql).await {
            Ok(results) => results.all().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(matches!(answered, Err(LakeError::Refused(_))), "{shown}: {answered:?}");
    }
    let left: Vec<_> = std::fs::read_dir(stand.folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(stand.rows("SELECT count(*) FROM events").await.unwrap(), [["2010"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_ends_with_its_budget() {
    let stand = Stand::sampled(&[20_000], 0).await;
    let mut scope = stand.scope();
    scope.budget = Budget { bytes: 10_000, ..Budget::default() };
    let ended = stand.lake.sql(&scope, "SELECT * FROM events").await.unwrap().all().await;
    assert!(matches!(ended, Err(LakeError::Budget(_))), "{ended:?}");
    scope.budget = Budget { rows: 7, ..Budget::default() };
    let (rows, cost) =
        stand.lake.sql(&scope, "SELECT * FROM events").await.unwrap().all().await.unwrap();
    let count: usize = rows.iter().map(datafusion::arrow::array::RecordBatch::num_rows).sum();
    assert!(count == 7 && cost.is_cut && cost.rows == 7 && cost.notes.len() == 1, "{cost:?}");
    scope.budget = Budget { time: Duration::from_millis(300), ..Budget::default() };
    let started = Instant::now();
    let sql = "SELECT count(*) FROM events a, events b WHERE a.raw < b.raw";
    let ended = match stand.lake.sql(&scope, sql).await {
        Ok(results) => results.all().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(ended, Err(LakeError::Budget(_))), "{ended:?}");
    assert!(started.elapsed() < Duration::from_millis(1300), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_query_is_gone() {
    let stand = Stand::sampled(&[2000], 0).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let sql = "SELECT count(*) FROM events a, events b, events c WHERE a.raw || b.raw < c.raw";
    let mut results = stand.lake.sql(&stand.scope(), sql).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(100), results.next()).await;
    assert!(waited.is_err(), "the query was to be slow");
    drop(results);
    let dropped = Instant::now();
    while tasks() > before && dropped.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (left, taken) = (tasks(), dropped.elapsed());
    assert!(left <= before && taken < Duration::from_secs(1), "{left} of {before} after {taken:?}");
}

#[tokio::test]
async fn a_tenant_sees_its_own_events() {
    let stand = Stand::sampled(&[100], 10).await;
    let mut scope = stand.scope();
    scope.tenant = ports::TenantId::try_from("other".to_owned()).unwrap();
    // The catalog in memory knows no tenants: the other tenant's files are not there, and nothing fresh is shown.
    let query = Query { condition: Condition::Everything, columns: Vec::new(), newest: None };
    let answered = stand.lake.search(&scope, &query, NOW).await;
    assert!(matches!(answered, Err(LakeError::Damaged { .. })), "{answered:?}");
}

#[test]
fn a_search_that_cannot_be_read_says_where_and_what_may_be_meant() {
    let columns = Columns::core();
    for (text, at, length, words, suggestion) in [
        ("usr.name:eve", 0, 8, "no stored event has a field 'usr.name'", Some("user.name")),
        ("user.name:eve AND", 17, 0, "a condition is missing", None),
        ("(user.name:eve", 0, 1, "not closed", None),
        ("user.name:eve)", 13, 1, "closes nothing", None),
        ("a \"b", 2, 1, "quote is not closed", None),
        ("src_endpoint.port:http", 18, 4, "holds whole numbers", None),
        ("ä src_endpoint.port:[1 5]", 20, 3, "[from TO to]", None),
        ("time>=yesterday", 6, 9, "holds times", None),
        ("process.cmd_line~\"(\"", 17, 3, "cannot be used", None),
        ("last:soon", 5, 4, "span", None),
        ("user.name:()", 10, 2, "hold no value", None),
        ("evnt_id:1", 0, 7, "no stored event", Some("event_id")),
        ("C:\\Windows", 0, 1, "put a text in quotes", None),
        ("user.name: eve", 10, 1, "a value is missing", None),
    ] {
        let error = parse(text, &columns, NOW).unwrap_err();
        assert_eq!((error.at, error.length), (Some(at), length), "{text}: {error}");
        assert!(error.to_string().contains(words), "{text}: {error}");
        if suggestion.is_some() {
            assert_eq!(error.suggestion.as_deref(), suggestion, "{text}");
        }
    }
    let deep = format!("{}a{}", "(".repeat(1000), ")".repeat(1000));
    for text in [deep, "NOT ".repeat(1000), "-".repeat(1000), "a ".repeat(40_000)] {
        assert!(parse(&text, &columns, NOW).is_err());
    }
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_search_bar(text in "[ -~ä]{0,60}", signs in "[a-z:=<>~\\[\\]()\"*?! -]{0,30}") {
        let columns = Columns::core();
        let _either = parse(&text, &columns, NOW);
        let _either = parse(&format!("user.name{signs}"), &columns, NOW);
    }
}
