//! Text of any kind is read or refused, never more.

use proptest::prelude::*;

use super::samples::load;

/// Pieces that meet each other in rules, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "title: a\n",
        "logsource:\n  product: b\n",
        "detection:\n",
        "  sel:\n",
        "    f: x\n",
        "    f|re: 'a(b'\n",
        "    - kw\n",
        "  condition: sel\n",
        "  condition: 1 of them | count() > 5\n",
        "correlation:\n",
        "  type: temporal\n",
        "  rules: [a, b]\n",
        "filter:\n",
        "---\n",
        "...\n",
        "&a ",
        "*a",
        "'",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
        "? ",
        "| ",
        "> ",
        "!!str ",
        "%YAML 1.2\n",
        "#",
        "\t",
        "\n",
        "  ",
        "\u{feff}",
        "\u{0}",
        "é",
        "|contains|all: [a, '*']\n",
        "<<: *a\n",
        "    f|windash|base64offset|contains: '-a'\n",
        "    f|expand: '%x%'\n",
        "not ",
        "(",
        ")",
        "\\",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn mangled_documents_are_refused_in_words(text in pieces()) {
        for refusal in load(&text).1 {
            prop_assert!(!refusal.reason.is_empty() && !refusal.way_out.is_empty() && refusal.line > 0);
        }
    }

    #[test]
    fn any_text_is_refused_in_words(text in "\\PC{0,60}") {
        let (set, refusals) = load(&text);
        prop_assert!(set.rules.is_empty() && !refusals.is_empty());
    }
}
