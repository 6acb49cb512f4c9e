//! Questions with their answers, in `golden.slt`. `UPDATE=1` writes the answers anew; the difference is reviewed.
//!
//! A block is `search <newest> <columns>` or `sql` or `histogram <bucket> <field>` or `values <rank> <most> <field>` or
//! `distinct <field>`, the question on the next lines, `----`, and the rows with `|` between the columns.

use std::fmt::Write as _;

use datafusion::arrow::array::RecordBatch;

use super::stand::{NOW, Stand, cells};
use crate::search::{Query, Rank};
use crate::{Condition, parse};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/golden.slt");

async fn answer(stand: &Stand, head: &str, question: &str) -> Vec<RecordBatch> {
    let words: Vec<&str> = head.split(' ').collect();
    let scope = stand.scope();
    let lake = &stand.lake;
    let condition =
        || -> Condition { parse(question, &lake.columns(&stand.tenant, "events"), NOW).unwrap() };
    let results = match words.as_slice() {
        ["search", newest, columns] => {
            let columns = columns.split(',').map(str::to_owned).collect();
            let newest = Some(newest.parse().unwrap());
            lake.search(&scope, &Query { condition: condition(), columns, newest }, NOW).await
        }
        ["sql"] => lake.sql(&scope, question).await,
        ["histogram", bucket, rest @ ..] => {
            let bucket = bucket.parse().unwrap();
            lake.histogram(&scope, &condition(), bucket, rest.first().copied(), NOW).await
        }
        ["values", rank, most, field] => {
            let rank = match *rank {
                "top" => Rank::Top,
                "rare" => Rank::Rare,
                _ => Rank::New,
            };
            let most = most.parse().unwrap();
            lake.values(&scope, &condition(), field, rank, most, NOW).await
        }
        ["distinct", field] => lake.distinct(&scope, &condition(), field, NOW).await,
        _ => panic!("no such block: {head}"),
    };
    results.unwrap().all().await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_have_the_answers_that_were_reviewed() {
    let stand = Stand::sampled(&[12_000, 9000, 3000], 600).await;
    let text = std::fs::read_to_string(FILE).unwrap();
    let mut written = String::new();
    let mut count = 0;
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        if block.starts_with('#') {
            writeln!(written, "{block}\n").unwrap();
            continue;
        }
        let (asked, _) = block.split_once("\n----").unwrap_or((block, ""));
        let (head, question) = asked.split_once('\n').unwrap();
        let mut rows: Vec<String> = cells(&answer(&stand, head, question).await)
            .into_iter()
            .map(|row| row.join("|"))
            .collect();
        if head.starts_with("histogram") {
            rows.sort();
        }
        let rows = rows.join("\n");
        writeln!(written, "{asked}\n----\n{rows}\n").unwrap();
        count += 1;
    }
    assert!(count >= 20, "{count} questions");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FILE, &written).unwrap();
    }
    let plain = |text: &str| text.trim_end().to_owned();
    for (have, want) in plain(&text).split("\n\n").zip(plain(&written).split("\n\n")) {
        assert_eq!(have, want);
    }
    assert_eq!(plain(&text), plain(&written));
}
