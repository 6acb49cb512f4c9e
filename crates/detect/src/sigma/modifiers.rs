//! The modifiers after a field's name, read in the order written and checked against each other.

use super::ast::{Ordering, Part, Place, TimePart};
use super::encode;
use super::pattern::{open_end, open_start, plain_text};
use super::refusal::Fault;
use super::yaml::Node;

/// What kind of test the modifiers make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Regex { ignore_case: bool, multi_line: bool, dot_all: bool },
    Cidr,
    Compare(Ordering),
    Exists,
    FieldRef,
    Time(TimePart, Ordering),
}

/// A change of the text, applied in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Contains,
    StartsWith,
    EndsWith,
    Windash,
    Base64,
    Base64Offset,
    Utf16le,
    Utf16be,
    Utf16,
}

impl Step {
    fn is_place(self) -> bool {
        matches!(self, Self::Contains | Self::StartsWith | Self::EndsWith)
    }
}

/// A key of a selection: the field and what its modifiers say.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a modifier that is there or not")]
pub(crate) struct Modifiers<'n> {
    /// `None` for keywords.
    pub(crate) field: Option<&'n str>,
    pub(crate) kind: Kind,
    pub(crate) steps: Vec<Step>,
    pub(crate) all: bool,
    pub(crate) cased: bool,
    pub(crate) neq: bool,
    pub(crate) expand: bool,
}

/// All modifiers, for refusals.
const KNOWN: &str = "all, base64, base64offset, cased, cidr, contains, day, endswith, exists, expand, fieldref, gt, \
                     gte, hour, i, lt, lte, m, minute, month, neq, re, s, startswith, utf16, utf16be, utf16le, \
                     week, wide, windash, year";

impl<'n> Modifiers<'n> {
    /// No field and no modifier.
    pub(crate) const KEYWORD: Self = Self {
        field: None,
        kind: Kind::Text,
        steps: Vec::new(),
        all: false,
        cased: false,
        neq: false,
        expand: false,
    };

    /// Reads a key such as `CommandLine|contains|all`.
    pub(crate) fn parse(key: &'n Node<'_>) -> Result<Self, Fault> {
        let text = key.text().unwrap_or_default();
        let mut words = text.split('|');
        let field = words.next().filter(|name| !name.is_empty());
        let mut read = Self { field, ..Self::KEYWORD };
        let mut at = field.map_or(0, |name| name.chars().count()) + 1;
        let mut seen: Vec<&str> = Vec::new();
        for word in words {
            let fault =
                |reason: String, way_out: &str| Fault::at(key.place_within(at), reason, way_out);
            if seen.contains(&word) {
                return Err(fault(format!("the modifier '{word}' stands twice"), "remove one"));
            }
            read.take(word).map_err(|misfit| match misfit {
                Misfit::Unknown => {
                    fault(format!("no modifier '{word}'"), &format!("the modifiers are {KNOWN}"))
                }
                Misfit::Combination(way_out) => {
                    let before = seen.join("|");
                    fault(format!("the modifier '{word}' cannot follow '{before}'"), way_out)
                }
                Misfit::Field => {
                    fault(format!("the modifier '{word}' needs a field"), "name a field before it")
                }
            })?;
            seen.push(word);
            at += word.chars().count() + 1;
        }
        Ok(read)
    }

    fn take(&mut self, word: &str) -> Result<(), Misfit> {
        if let Some(step) = step_of(word) {
            return self.take_step(step);
        }
        match word {
            "all" => self.all = true,
            "cased" => self.cased = true,
            "neq" => self.neq = true,
            "expand" => self.expand = true,
            "re" => self.set_kind(
                Kind::Regex { ignore_case: false, multi_line: false, dot_all: false },
                false,
            )?,
            "cidr" => self.set_kind(Kind::Cidr, true)?,
            "exists" => self.set_kind(Kind::Exists, true)?,
            "fieldref" if self.steps.iter().all(|step| step.is_place()) && self.steps.len() < 2 => {
                let steps = std::mem::take(&mut self.steps);
                self.set_kind(Kind::FieldRef, true)?;
                self.steps = steps;
            }
            "fieldref" => {
                return Err(Misfit::Combination(
                    "combine fieldref with one of contains, startswith, endswith",
                ));
            }
            "i" | "m" | "s" => {
                let Kind::Regex { ignore_case, multi_line, dot_all } = &mut self.kind else {
                    return Err(Misfit::Combination("write it after 're'"));
                };
                let flag = if word == "i" {
                    ignore_case
                } else if word == "m" {
                    multi_line
                } else {
                    dot_all
                };
                *flag = true;
            }
            "lt" => self.compare(Ordering::Lt)?,
            "lte" => self.compare(Ordering::Lte)?,
            "gt" => self.compare(Ordering::Gt)?,
            "gte" => self.compare(Ordering::Gte)?,
            "minute" => self.time(TimePart::Minute)?,
            "hour" => self.time(TimePart::Hour)?,
            "day" => self.time(TimePart::Day)?,
            "week" => self.time(TimePart::Week)?,
            "month" => self.time(TimePart::Month)?,
            "year" => self.time(TimePart::Year)?,
            _ => return Err(Misfit::Unknown),
        }
        Ok(())
    }

    fn take_step(&mut self, step: Step) -> Result<(), Misfit> {
        let is_placed = self.steps.iter().any(|step| step.is_place());
        match self.kind {
            Kind::Text if is_placed && !step.is_place() && step != Step::Windash => Err(
                Misfit::Combination("encode first: write contains, startswith and endswith last"),
            ),
            Kind::FieldRef if !step.is_place() || is_placed => Err(Misfit::Combination(
                "combine fieldref with one of contains, startswith, endswith",
            )),
            Kind::Text | Kind::FieldRef => {
                self.steps.push(step);
                Ok(())
            }
            Kind::Regex { .. } => {
                Err(Misfit::Combination("write anchors and text in the regular expression"))
            }
            _ => Err(Misfit::Combination("use one of them")),
        }
    }

    fn set_kind(&mut self, kind: Kind, needs_field: bool) -> Result<(), Misfit> {
        if self.kind != Kind::Text || !self.steps.is_empty() {
            return Err(Misfit::Combination("use one of them"));
        }
        if needs_field && self.field.is_none() {
            return Err(Misfit::Field);
        }
        self.kind = kind;
        Ok(())
    }

    fn compare(&mut self, ordering: Ordering) -> Result<(), Misfit> {
        if let Kind::Time(part, Ordering::Eq) = self.kind {
            self.kind = Kind::Time(part, ordering);
            return Ok(());
        }
        self.set_kind(Kind::Compare(ordering), true)
    }

    fn time(&mut self, part: TimePart) -> Result<(), Misfit> {
        if let Kind::Compare(ordering) = self.kind {
            self.kind = Kind::Time(part, ordering);
            return Ok(());
        }
        self.set_kind(Kind::Time(part, Ordering::Eq), true)
    }

    /// Where a referenced field's value must stand.
    pub(crate) fn place(&self) -> Place {
        match self.steps.first() {
            Some(Step::Contains) => Place::Within,
            Some(Step::StartsWith) => Place::Start,
            Some(Step::EndsWith) => Place::End,
            _ => Place::Whole,
        }
    }
}

/// Why a modifier does not fit.
enum Misfit {
    Unknown,
    Combination(&'static str),
    Field,
}

fn step_of(word: &str) -> Option<Step> {
    Some(match word {
        "contains" => Step::Contains,
        "startswith" => Step::StartsWith,
        "endswith" => Step::EndsWith,
        "windash" => Step::Windash,
        "base64" => Step::Base64,
        "base64offset" => Step::Base64Offset,
        "utf16le" | "wide" => Step::Utf16le,
        "utf16be" => Step::Utf16be,
        "utf16" => Step::Utf16,
        _ => return None,
    })
}

/// A value between two steps: still text, or already bytes.
enum Stage {
    Parts(Vec<Part>),
    Bytes(Vec<u8>),
}

/// Reason and way out.
type Words = (String, &'static str);

/// Applies the steps to a text. One text can become several patterns.
pub(crate) fn apply(steps: &[Step], parts: Vec<Part>) -> Result<Vec<Vec<Part>>, Words> {
    let mut stages = vec![Stage::Parts(parts)];
    for step in steps {
        let mut next = Vec::with_capacity(stages.len());
        for stage in stages {
            apply_one(*step, stage, &mut next)?;
        }
        stages = next;
    }
    stages.into_iter().map(into_parts).collect()
}

fn apply_one(step: Step, stage: Stage, next: &mut Vec<Stage>) -> Result<(), Words> {
    match step {
        Step::Contains | Step::StartsWith | Step::EndsWith => {
            let mut parts = into_parts(stage)?;
            if step != Step::StartsWith {
                open_start(&mut parts);
            }
            if step != Step::EndsWith {
                open_end(&mut parts);
            }
            next.push(Stage::Parts(parts));
        }
        Step::Windash => {
            let variants = encode::windash(&into_parts(stage)?).ok_or_else(|| {
                let reason = format!(
                    "windash: the value has more than {} dashes and slashes",
                    encode::DASHES_MAX
                );
                (reason, "use windash on the flag alone and the rest in another 'contains'")
            })?;
            next.extend(variants.into_iter().map(Stage::Parts));
        }
        Step::Base64 => next.push(text_stage(encode::base64(&into_bytes(stage)?))),
        Step::Base64Offset => {
            let offsets = encode::base64_offsets(&into_bytes(stage)?);
            if offsets.is_empty() {
                return Err((
                    "base64offset: the value is too short".to_owned(),
                    "use a longer value",
                ));
            }
            next.extend(offsets.into_iter().map(text_stage));
        }
        Step::Utf16le => next.push(Stage::Bytes(encode::utf16le(&into_text(stage)?))),
        Step::Utf16be => next.push(Stage::Bytes(encode::utf16be(&into_text(stage)?))),
        Step::Utf16 => next.push(Stage::Bytes(encode::utf16(&into_text(stage)?))),
    }
    Ok(())
}

fn text_stage(text: String) -> Stage {
    Stage::Parts(vec![Part::Literal(text.into())])
}

fn into_text(stage: Stage) -> Result<String, Words> {
    let wildcard = || {
        (
            "a value with wildcards cannot be encoded".to_owned(),
            "escape '*' and '?' with a backslash, or remove them",
        )
    };
    match stage {
        Stage::Parts(parts) => plain_text(&parts).map(str::to_owned).ok_or_else(wildcard),
        Stage::Bytes(_) => {
            Err(("the value is already UTF-16".to_owned(), "use one UTF-16 modifier"))
        }
    }
}

fn into_bytes(stage: Stage) -> Result<Vec<u8>, Words> {
    match stage {
        Stage::Bytes(bytes) => Ok(bytes),
        text @ Stage::Parts(_) => into_text(text).map(String::into_bytes),
    }
}

fn into_parts(stage: Stage) -> Result<Vec<Part>, Words> {
    match stage {
        Stage::Parts(parts) => Ok(parts),
        Stage::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(vec![Part::Literal(text.into())]),
            Err(_) => Err((
                "the UTF-16 form of the value is not text".to_owned(),
                "follow it with base64 or base64offset",
            )),
        },
    }
}
