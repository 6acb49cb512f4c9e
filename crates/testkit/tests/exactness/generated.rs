//! Generated rules and values from small alphabets, so that matches are frequent.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

/// Pieces of texts: letters that fold in each way that Unicode has, what Sigma and paths write, and separators.
const PIECES: [&str; 32] = [
    "a",
    "A",
    "b",
    "s",
    "S",
    "ſ",
    "k",
    "K",
    "\u{212a}",
    "ä",
    "Ä",
    "ß",
    "ẞ",
    "i",
    "İ",
    "ı",
    "σ",
    "ς",
    "Σ",
    "\\",
    "/",
    "*",
    "?",
    "-",
    "–",
    "1",
    "0",
    ".exe",
    " ",
    "\n",
    "\\\\",
    "\u{1f600}",
];

/// Texts that read as something else than text.
const SPECIAL: [&str; 24] = [
    "",
    "10.1.2.3",
    "10.0.0.255",
    "192.168.0.1",
    "::ffff:10.1.2.3",
    "fe80::1%eth0",
    "0",
    "-0",
    "1",
    "1.0",
    "1e0",
    "+1",
    "-1",
    "007",
    "true",
    "TRUE",
    "false",
    "null",
    "2026-03-04T05:06:07Z",
    "2026-03-04",
    "1772600000",
    "inf",
    ".5",
    "9007199254740993",
];

const REGEX_PIECES: [&str; 34] = [
    "a", "A", "b", "s", "S", "ſ", "k", "\u{212a}", "ä", "σ", "1", ".", ".*", ".+", "a+", "(a|b)",
    "(?:as)+", "[a-c]", "[^a]", "[äs]", r"\w", r"\d", r"\s", r"\S", r"\b", "^", "$", r"\\",
    r"\.exe", "a?", "k{2,}", "(?i)k", r"\p{Lu}", "(?i:ſ)",
];

const PLACES: [&str; 15] = [
    "",
    "|contains",
    "|startswith",
    "|endswith",
    "|cased",
    "|contains|cased",
    "|startswith|cased",
    "|endswith|cased",
    "|neq",
    "|contains|neq",
    "|windash|contains",
    "|base64offset|contains",
    "|base64",
    "|wide|base64offset|contains",
    "|expand",
];

const CONDITIONS: [&str; 20] = [
    "sel_a",
    "not sel_a",
    "sel_a and sel_b",
    "sel_a or sel_b",
    "sel_a and not filter",
    "sel_a or not filter",
    "1 of sel_*",
    "all of sel_*",
    "2 of sel_*",
    "1 of them",
    "all of them",
    "2 of them",
    "3 of them",
    "not 1 of them",
    "not all of sel_*",
    "not 2 of them",
    "sel_a and (sel_b or not filter)",
    "(sel_a or filter) and not (sel_b and filter)",
    "not (sel_a and not (sel_b or filter))",
    "sel_a and 2 of them",
];

/// A text of an event or a rule.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let joined = vec(select(&PIECES[..]), 0..4).prop_map(|pieces| pieces.concat());
    prop_oneof![5 => joined, 2 => select(&SPECIAL[..]).prop_map(str::to_owned)]
}

fn one_or_more(
    value: impl Strategy<Value = Json> + Clone + 'static,
) -> impl Strategy<Value = Json> {
    prop_oneof![2 => value.clone(), 1 => vec(value, 1..4).prop_map(Json::from)]
}

/// A number as rules and events write it.
pub(crate) fn number() -> impl Strategy<Value = Json> {
    select(vec![
        json!(0),
        json!(-0.0),
        json!(1),
        json!(-1),
        json!(1.0),
        json!(0.5),
        json!(7),
        json!(1e3),
        json!(9_007_199_254_740_993_i64),
    ])
}

fn regex() -> impl Strategy<Value = Json> + Clone {
    vec(select(&REGEX_PIECES[..]), 1..4).prop_map(|pieces| Json::from(pieces.concat()))
}

/// A key without its field, and its values.
fn test(fields: &'static [&'static str]) -> impl Strategy<Value = (String, Json)> {
    let texts = text().prop_map(Json::from).boxed();
    let placed = (
        select(&PLACES[..]),
        one_or_more(prop_oneof![9 => texts.clone(), 1 => Just(json!("%list%"))].boxed()),
    );
    let all = (
        select(&["|all", "|contains|all", "|endswith|all|cased"][..]),
        vec(texts, 2..4).prop_map(Json::from),
    );
    let expressions = (
        select(&["|re", "|re|i", "|re|s", "|re|m", "|re|i|m|s", "|re|neq"][..]),
        one_or_more(regex()),
    );
    let networks = ["10.0.0.0/8", "10.1.2.3", "192.168.0.0/24", "fe80::/10", "0.0.0.0/0", "::/0"];
    let network = (Just("|cidr"), one_or_more(select(networks.to_vec()).prop_map(Json::from)));
    let compared = (select(&["|lt", "|lte", "|gt", "|gte"][..]), number());
    let plain =
        prop_oneof![3 => number(), 1 => Just(Json::Null), 1 => any::<bool>().prop_map(Json::from)];
    let bare = (select(&["", "|neq"][..]), plain);
    let exists = (Just("|exists"), any::<bool>().prop_map(Json::from));
    let words = [
        "|fieldref",
        "|fieldref|contains",
        "|fieldref|startswith",
        "|endswith|fieldref",
        "|fieldref|cased",
        "|fieldref|neq",
    ];
    let reference = (select(words.to_vec()), select(fields).prop_map(Json::from));
    let parts = ["|minute", "|hour", "|day", "|week", "|month", "|year", "|hour|gte", "|lt|day"];
    let time = (select(parts.to_vec()), select(vec![3, 4, 5, 6, 10, 2026]).prop_map(Json::from));
    prop_oneof![
        8 => placed, 2 => all, 4 => expressions, 1 => network, 2 => compared, 4 => bare, 1 => exists, 2 => reference,
        1 => time,
    ]
    .prop_map(|(key, value)| (key.to_owned(), value))
}

fn map(fields: &'static [&'static str]) -> impl Strategy<Value = Json> {
    let item = (select(fields), test(fields))
        .prop_map(|(field, (key, value))| (format!("{field}{key}"), value));
    vec(item, 1..4).prop_map(|items| Json::from(items.into_iter().collect::<Map<_, _>>()))
}

fn keywords() -> impl Strategy<Value = Json> {
    let texts = vec(
        text()
            .prop_filter("an empty keyword is met by all", |text| !text.is_empty())
            .prop_map(Json::from),
        1..4,
    );
    let keyed = prop_oneof![
        vec(text().prop_map(Json::from), 2..4).prop_map(|values| json!({"|all": values})),
        regex().prop_map(|value| json!({"|re": value})),
        text().prop_map(|value| json!({"|cased": value})),
    ];
    prop_oneof![2 => texts.prop_map(Json::from), 1 => keyed]
}

fn selection(fields: &'static [&'static str]) -> impl Strategy<Value = Json> {
    prop_oneof![
        6 => map(fields),
        1 => vec(map(fields), 2..4).prop_map(Json::from),
        1 => keywords(),
        1 => (map(fields), text()).prop_map(|(map, keyword)| json!([map, keyword])),
    ]
}

/// A rule over these fields for one of these log sources, as JSON, which is YAML.
pub(crate) fn rule(
    fields: &'static [&'static str],
    logsources: Vec<Json>,
) -> impl Strategy<Value = String> {
    (
        select(logsources),
        selection(fields),
        selection(fields),
        selection(fields),
        select(&CONDITIONS[..]),
    )
        .prop_map(|(logsource, first, second, filter, condition)| {
            let detection =
                json!({"sel_a": first, "sel_b": second, "filter": filter, "condition": condition});
            json!({"title": "Generated", "logsource": logsource, "detection": detection})
                .to_string()
        })
}
