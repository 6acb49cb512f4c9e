//! The plain evaluator: one rule, one event, straight from the specification. Nothing is cached and nothing is
//! clever, so it is the oracle for the fast matcher.
//!
//! Where the specification is silent or others differ:
//! - Null has no text: only `null` and `exists` see it ("`null` … is its own type and therefore shares no type with
//!   any other value"). rsigma agrees for text.
//! - `exists: true` holds for a field whose value is null ("only verifies the presence of a field, not its value, be
//!   it empty or null"). rsigma takes null as absent.
//! - `null` holds for an absent field, and for an empty value of a record that is not JSON.
//! - Booleans are themselves or their words; `1`, `yes` and the like are texts ("All values are treated as
//!   case-insensitive strings"). rsigma takes them as booleans.
//! - Keywords look at values and, for records that are not JSON, at the whole record, not at field names.
//!   With `'|all'` each keyword may stand in another value.
//! - `neq` negates the whole comparison, so it holds for an event without the field ("The field is different from the
//!   specified values").
//! - `windash` exchanges all five characters wherever they stand ("all possible permutations of the `-`, `/`, …
//!   characters"); rsigma exchanges `-` only.
//! - `base64offset` keeps only characters that do not depend on what follows ("except the first and last byte");
//!   rsigma keeps the last one.
//! - Case folds per character beyond ASCII too (see [`super::fold`]).

use std::borrow::Cow;

use model::{Catalog, EventRef, Section, Slot, Value};
use regex::Regex;

use super::ast::{Atom, Expr, Place, Test};
use super::fold::fold;
use super::regexes::{self, Regexes};
use super::values::{address_of, is_json, number_of, time_part_of};

/// Evaluates expressions over single events.
#[derive(Debug, Clone, Copy)]
pub struct Evaluator<'e> {
    pub(super) catalog: &'e Catalog,
    regexes: &'e Regexes,
}

/// What made a comparison hold.
pub(super) struct Hit<'v> {
    /// The slot that held the value; `None` for the raw record and for comparisons with an absent field.
    pub(super) slot: Option<&'v Slot>,
    /// The value's text.
    pub(super) text: Option<Cow<'v, str>>,
    /// Start and end in characters.
    pub(super) span: Option<(usize, usize)>,
}

impl<'e> Evaluator<'e> {
    /// An evaluator over the catalog that made the events and the compiled expressions of the rule set.
    pub fn new(catalog: &'e Catalog, regexes: &'e Regexes) -> Self {
        Self { catalog, regexes }
    }

    /// Whether an expression holds for an event. The log source is not looked at.
    pub fn holds(&self, expr: &Expr, event: EventRef<'_>) -> bool {
        match expr {
            Expr::And(_, parts) => parts.iter().all(|part| self.holds(part, event)),
            Expr::Or(_, parts) => parts.iter().any(|part| self.holds(part, event)),
            Expr::AtLeast(_, count, parts) => {
                parts.iter().filter(|part| self.holds(part, event)).count() >= *count
            }
            Expr::Not(inner) => !self.holds(inner, event),
            Expr::Atom(atom) => self.hit(atom, event).is_some(),
        }
    }

    /// The slots of a field by the name that a rule uses: native, attributes, aliases.
    pub(super) fn slots<'v>(
        &self,
        event: EventRef<'v>,
        field: &str,
    ) -> impl Iterator<Item = &'v Slot> {
        let fields = &self.catalog.fields;
        event
            .slots()
            .iter()
            .filter(move |slot| event.batch().field_name(slot.field, fields) == field)
    }

    /// The first value for which a comparison holds; `None` when it does not hold.
    pub(super) fn hit<'v>(&self, atom: &Atom, event: EventRef<'v>) -> Option<Hit<'v>> {
        let absent = Hit { slot: None, text: None, span: None };
        let Some(field) = atom.field.as_deref() else {
            return self.keyword(&atom.test, event);
        };
        let mut slots = self.slots(event, field);
        match &atom.test {
            Test::Exists(true) => slots.next().map(|slot| whole(event, slot)),
            Test::Exists(false) => slots.next().is_none().then_some(absent),
            Test::Null => {
                let mut slots = slots.peekable();
                if slots.peek().is_none() {
                    return Some(absent);
                }
                let cannot_say_null = !is_json(event);
                let is_null = |value| {
                    value == Value::Null
                        || cannot_say_null && event.bytes(value).is_some_and(<[u8]>::is_empty)
                };
                slots.find(|slot| is_null(slot.value)).map(|slot| whole(event, slot))
            }
            test => {
                let regex = self.regex(test);
                let mut seen = slots.filter(|slot| slot.value != Value::Null);
                seen.find_map(|slot| self.value(test, regex.as_deref(), event, slot))
            }
        }
    }

    /// One test against one value that is not null.
    fn value<'v>(
        &self,
        test: &Test,
        regex: Option<&Regex>,
        event: EventRef<'v>,
        slot: &'v Slot,
    ) -> Option<Hit<'v>> {
        let holds = match test {
            Test::Pattern(_) | Test::Regex(_) => {
                let text = event.text(slot.value);
                let span = text_span(test, regex, &text)?;
                return Some(Hit { slot: Some(slot), text: Some(text), span: Some(span) });
            }
            Test::Cidr(network) => address_of(&event.text(slot.value))
                .is_some_and(|address| network.contains(&address)),
            Test::Number(ordering, number) => {
                number_of(event, slot.value).is_some_and(|value| ordering.holds(value, *number))
            }
            Test::Bool(wanted) => {
                fold(&event.text(slot.value)) == if *wanted { "true" } else { "false" }
            }
            Test::TimePart(part, ordering, number) => time_part_of(event, slot.value, *part)
                .is_some_and(|value| ordering.holds(value as f64, *number as f64)),
            Test::FieldRef(other, place, is_cased) => {
                let others = self.slots(event, other).filter(|slot| slot.value != Value::Null);
                let text = event.text(slot.value);
                others
                    .map(|other| event.text(other.value))
                    .any(|other| stands(&text, &other, *place, *is_cased))
            }
            Test::Exists(_) | Test::Null => false,
        };
        holds.then(|| whole(event, slot))
    }

    /// A keyword: any native value, or the raw record when it is not JSON.
    fn keyword<'v>(&self, test: &Test, event: EventRef<'v>) -> Option<Hit<'v>> {
        let regex = self.regex(test);
        let native = event.section(Section::Native).iter().filter(|slot| slot.value != Value::Null);
        let in_values =
            native.into_iter().find_map(|slot| self.value(test, regex.as_deref(), event, slot));
        in_values.or_else(|| {
            if is_json(event) {
                return None;
            }
            let text = String::from_utf8_lossy(event.raw());
            let span = text_span(test, regex.as_deref(), &text)?;
            Some(Hit { slot: None, text: Some(text), span: Some(span) })
        })
    }

    /// The compiled expression of a test; one that the rule set does not know is compiled on the spot.
    fn regex(&self, test: &Test) -> Option<Cow<'e, Regex>> {
        let Test::Regex(source) = test else { return None };
        let known = self.regexes.get(source).map(Cow::Borrowed);
        known.or_else(|| regexes::compile(source).ok().map(Cow::Owned))
    }
}

fn whole<'v>(event: EventRef<'v>, slot: &'v Slot) -> Hit<'v> {
    let text = (slot.value != Value::Null).then(|| event.text(slot.value));
    Hit { slot: Some(slot), text, span: None }
}

/// Where a text test holds in a text, in characters.
fn text_span(test: &Test, regex: Option<&Regex>, text: &str) -> Option<(usize, usize)> {
    match test {
        Test::Pattern(pattern) => pattern.find(text),
        Test::Regex(_) => {
            let found = regex?.find(text)?;
            let chars = |end: usize| text.get(..end).map_or(0, |before| before.chars().count());
            Some((chars(found.start()), chars(found.end())))
        }
        _ => None,
    }
}

/// Whether `other` stands in `text` at the place.
pub(crate) fn stands(text: &str, other: &str, place: Place, is_cased: bool) -> bool {
    let (text, other) = if is_cased {
        (Cow::Borrowed(text), Cow::Borrowed(other))
    } else {
        (fold(text), fold(other))
    };
    match place {
        Place::Whole => text == other,
        Place::Within => text.contains(&*other),
        Place::Start => text.starts_with(&*other),
        Place::End => text.ends_with(&*other),
    }
}
