//! `%placeholders%` of the `expand` modifier.

use super::detection::Placeholders;

/// Most texts that one value may become.
const TEXTS_MAX: usize = 10_000;

/// Replaces each `%name%` by each of its values; `\%` is a plain percent sign. The values are Sigma text: their
/// wildcards count. Placeholders are replaced before other modifiers look at the text, whatever the order, because
/// no other modifier can mean anything on a value that is not known yet.
///
/// # Errors
/// Reason and way out: an unknown placeholder, none at all, or too many combinations.
pub(crate) fn expand(
    text: &str,
    placeholders: &Placeholders,
    used: &mut Vec<Box<str>>,
) -> Result<Vec<String>, (String, String)> {
    let mut texts = vec![String::new()];
    let mut rest = text;
    let mut found = false;
    while let Some((before, after)) = rest.split_once('%') {
        if let Some(plain) = before.strip_suffix('\\') {
            append(&mut texts, &[plain, "%"]);
            rest = after;
            continue;
        }
        let Some((name, tail)) = after.split_once('%').filter(|(name, _)| is_name(name)) else {
            append(&mut texts, &[before, "%"]);
            rest = after;
            continue;
        };
        let Some(values) = placeholders.get(name).filter(|values| !values.is_empty()) else {
            return Err((
                format!("the placeholder '%{name}%' has no values"),
                format!("give '{name}' a list of values in the placeholders of this installation"),
            ));
        };
        if texts.len() * values.len() > TEXTS_MAX {
            let reason =
                format!("the placeholders of one value make more than {TEXTS_MAX} combinations");
            return Err((reason, "use fewer placeholders in one value".to_owned()));
        }
        found = true;
        if !used.iter().any(|have| &**have == name) {
            used.push(name.into());
        }
        texts = texts
            .iter()
            .flat_map(|text| values.iter().map(move |value| format!("{text}{before}{value}")))
            .collect();
        rest = tail;
    }
    if !found {
        let way_out = "write %name% in the value, or remove the modifier 'expand'".to_owned();
        return Err(("the value has no placeholder".to_owned(), way_out));
    }
    append(&mut texts, &[rest]);
    Ok(texts)
}

fn append(texts: &mut [String], pieces: &[&str]) {
    for text in texts {
        text.extend(pieces.iter().copied());
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<String>, (String, String)> {
        let mut placeholders = Placeholders::default();
        placeholders.insert("name".into(), vec!["a*".into(), "b".into()]);
        expand(text, &placeholders, &mut Vec::new())
    }

    #[test]
    fn placeholders_become_their_values() {
        assert_eq!(of("%name%").unwrap(), ["a*", "b"]);
        assert_eq!(of(r"\%plain%name%").unwrap(), ["%plaina*", "%plainb"]);
        assert_eq!(of("x%name%-%name%y").unwrap().len(), 4);
        assert!(of("%other%").unwrap_err().0.contains("'%other%'"));
        assert!(of("50 % and more").is_err());
    }
}
