//! YAML text to a small tree that knows where every node stands, within budgets.
//!
//! Scalars follow the YAML 1.2 core schema: only unquoted scalars can be numbers, booleans or null.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::refusal::Fault;

/// Largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// Most nodes in a file; the nodes that an alias stands for count each time.
pub const NODES_MAX: usize = 100_000;
/// Most bytes of text that aliases may copy.
const ALIAS_BYTES_MAX: usize = 4 << 20;
/// Deepest nesting.
pub const DEPTH_MAX: usize = 32;

/// A node and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// One-based line.
    pub line: u32,
    /// One-based column, in characters.
    pub column: u32,
    /// What it is.
    pub content: Content<'a>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content<'a> {
    /// A scalar: its text and how it was written.
    Scalar(Cow<'a, str>, Style),
    /// A sequence.
    List(Vec<Node<'a>>),
    /// A mapping in the order of the file; keys are unique.
    Map(Vec<(Node<'a>, Node<'a>)>),
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes, on one line.
    Plain,
    /// Without quotes, over several lines.
    PlainLines,
    /// In single or double quotes on one line.
    Quoted,
    /// In any other way (block, several lines, tagged as text).
    Other,
}

impl Style {
    fn is_plain(self) -> bool {
        matches!(self, Self::Plain | Self::PlainLines)
    }
}

/// A scalar as the YAML 1.2 core schema reads it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'n> {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; the text as written.
    Int(i64, &'n str),
    /// A number with a fraction or beyond 64 bits; the text as written.
    Float(f64, &'n str),
    /// Text.
    Text(&'n str),
}

impl<'a> Node<'a> {
    /// Line and column.
    pub fn place(&self) -> (u32, u32) {
        (self.line, self.column)
    }

    /// Line and column of the `chars`th character of a scalar; of its beginning when it spans lines.
    pub fn place_within(&self, chars: usize) -> (u32, u32) {
        match self.content {
            Content::Scalar(_, Style::Plain) => (self.line, self.column + chars as u32),
            Content::Scalar(_, Style::Quoted) => (self.line, self.column + chars as u32 + 1),
            _ => self.place(),
        }
    }

    /// The scalar's text, whatever its type; `None` for lists and maps.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// The typed scalar; `None` for lists and maps.
    pub fn scalar(&self) -> Option<Scalar<'_>> {
        match &self.content {
            Content::Scalar(text, style) if style.is_plain() => Some(resolve(text)),
            Content::Scalar(text, _) => Some(Scalar::Text(text)),
            _ => None,
        }
    }

    /// The value under `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value of `key` of a map.
    pub fn entry(&self, key: &str) -> Option<&(Node<'a>, Node<'a>)> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(name, _)| name.text() == Some(key)),
            _ => None,
        }
    }

    /// A word for what this is, for refusals.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
            Content::Scalar(..) => match self.scalar() {
                Some(Scalar::Null) => "null",
                Some(Scalar::Bool(_)) => "a boolean",
                Some(Scalar::Int(..) | Scalar::Float(..)) => "a number",
                _ => "text",
            },
        }
    }

    fn size(&self) -> Size {
        let holding =
            |inner: Size| Size { nodes: inner.nodes + 1, depth: inner.depth + 1, ..inner };
        match &self.content {
            Content::Scalar(text, _) => Size { nodes: 1, bytes: text.len(), depth: 0 },
            Content::List(items) => {
                holding(items.iter().map(Node::size).fold(Size::default(), Size::beside))
            }
            Content::Map(entries) => {
                let sizes = entries.iter().flat_map(|(key, value)| [key.size(), value.size()]);
                holding(sizes.fold(Size::default(), Size::beside))
            }
        }
    }
}

/// How large a tree is: its nodes, the bytes of their text and how deep its lists and maps nest.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Size {
    fn beside(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            bytes: self.bytes + other.bytes,
            depth: self.depth.max(other.depth),
        }
    }
}

/// The core schema's reading of an unquoted scalar.
fn resolve(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        _ => {}
    }
    let bytes = text.as_bytes();
    let unsigned = text.trim_start_matches(['+', '-']);
    if bytes.len() - unsigned.len() > 1
        || !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return Scalar::Text(text);
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16)
            .map_or(Scalar::Text(text), |number| Scalar::Int(number, text));
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8)
            .map_or(Scalar::Text(text), |number| Scalar::Int(number, text));
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = text.parse::<i64>()
    {
        return Scalar::Int(number, text);
    }
    let is_number = unsigned.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    match text.parse::<f64>() {
        Ok(number) if is_number => Scalar::Float(number, text),
        _ => Scalar::Text(text),
    }
}

/// The documents of a file, and the fault that ended the reading early, if any.
pub(crate) fn parse(text: &str) -> (Vec<Node<'_>>, Option<Fault>) {
    if text.len() > FILE_BYTES_MAX {
        let reason = format!("the file has {} bytes, more than {FILE_BYTES_MAX}", text.len());
        return (
            Vec::new(),
            Some(Fault::at((1, 1), reason, "split it into files of one rule each")),
        );
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tree = Tree::default();
    let mut parser = Parser::new(StrInput::new(text));
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, span)) => tree.take(event, span),
            Err(error) => {
                let place = (error.marker().line() as u32, error.marker().col() as u32 + 1);
                Err(Fault::at(
                    place,
                    format!("not YAML: {}", error.info()),
                    "correct the indentation or the quotes",
                ))
            }
        };
        if let Err(fault) = step {
            return (tree.documents, Some(fault));
        }
    }
    (tree.documents, None)
}

/// A list or map that is still open.
struct Open<'a> {
    node: Node<'a>,
    anchor: usize,
    key: Option<Node<'a>>,
    seen: FxHashSet<String>,
}

#[derive(Default)]
struct Tree<'a> {
    documents: Vec<Node<'a>>,
    open: Vec<Open<'a>>,
    anchors: FxHashMap<usize, Node<'a>>,
    nodes: usize,
    alias_bytes: usize,
}

impl<'a> Tree<'a> {
    fn take(&mut self, event: Event<'a>, span: Span) -> Result<(), Fault> {
        let (line, column) = (span.start.line() as u32, span.start.col() as u32 + 1);
        let node = |content| Node { line, column, content };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_one_line = span.start.line() == span.end.line();
                let style = style_of(style, is_one_line, tag.as_deref(), (line, column))?;
                self.count((line, column), 1)?;
                self.close(node(Content::Scalar(text, style)), anchor)
            }
            Event::SequenceStart(anchor, _) => self.begin(node(Content::List(Vec::new())), anchor),
            Event::MappingStart(anchor, _) => self.begin(node(Content::Map(Vec::new())), anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.close(open.node, open.anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor) else {
                    return Err(Fault::at(
                        (line, column),
                        "the alias stands inside its own anchor",
                        "write it out",
                    ));
                };
                let size = target.size();
                if self.open.len() + size.depth > DEPTH_MAX {
                    return Err(too_deep((line, column)));
                }
                let mut copy = target.clone();
                (copy.line, copy.column) = (line, column);
                self.alias_bytes += size.bytes;
                self.count((line, column), size.nodes)?;
                self.close(copy, 0)
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {
                Ok(())
            }
        }
    }

    fn count(&mut self, place: (u32, u32), nodes: usize) -> Result<(), Fault> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX || self.alias_bytes > ALIAS_BYTES_MAX {
            let reason = format!("the file has more than {NODES_MAX} nodes, aliases expanded");
            return Err(Fault::at(
                place,
                reason,
                "split it into files of one rule each, without aliases",
            ));
        }
        Ok(())
    }

    fn begin(&mut self, node: Node<'a>, anchor: usize) -> Result<(), Fault> {
        self.count(node.place(), 1)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(too_deep(node.place()));
        }
        self.open.push(Open { node, anchor, key: None, seen: FxHashSet::default() });
        Ok(())
    }

    /// Puts a complete node where it belongs.
    fn close(&mut self, node: Node<'a>, anchor: usize) -> Result<(), Fault> {
        if anchor > 0 {
            let size = node.size();
            self.alias_bytes += size.bytes;
            self.count(node.place(), size.nodes)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match &mut parent.node.content {
            Content::List(items) => items.push(node),
            Content::Map(entries) => {
                if let Some(key) = parent.key.take() {
                    entries.push((key, node));
                    return Ok(());
                }
                let Some(name) = node.text() else {
                    return Err(Fault::node(
                        &node,
                        format!("a key is {}", node.kind()),
                        "write a name as key",
                    ));
                };
                if name == "<<" {
                    return Err(Fault::node(
                        &node,
                        "'<<' merges maps, which YAML 1.2 has not",
                        "write it out",
                    ));
                }
                if !is_new(entries, &mut parent.seen, name) {
                    let reason = format!("the key '{name}' stands twice in the same map");
                    return Err(Fault::node(&node, reason, "join both into one, or rename one"));
                }
                parent.key = Some(node);
            }
            Content::Scalar(..) => {}
        }
        Ok(())
    }
}

fn too_deep(place: (u32, u32)) -> Fault {
    Fault::at(place, format!("nested deeper than {DEPTH_MAX} levels"), "flatten the document")
}

/// Whether a map has no such key yet. Small maps are searched, large ones hashed.
fn is_new(entries: &[(Node<'_>, Node<'_>)], seen: &mut FxHashSet<String>, name: &str) -> bool {
    const SMALL: usize = 16;
    if entries.len() < SMALL {
        return entries.iter().all(|(key, _)| key.text() != Some(name));
    }
    if seen.is_empty() {
        seen.extend(entries.iter().filter_map(|(key, _)| key.text()).map(str::to_owned));
    }
    seen.insert(name.to_owned())
}

fn style_of(
    style: ScalarStyle,
    is_one_line: bool,
    tag: Option<&Tag>,
    place: (u32, u32),
) -> Result<Style, Fault> {
    if let Some(tag) = tag {
        if tag.suffix == "str" || tag.suffix.is_empty() {
            return Ok(Style::Other);
        }
        let reason = format!("the tag '{}{}' is not used in Sigma", tag.handle, tag.suffix);
        return Err(Fault::at(place, reason, "remove the tag"));
    }
    Ok(match (style, is_one_line) {
        (ScalarStyle::Plain, true) => Style::Plain,
        (ScalarStyle::Plain, false) => Style::PlainLines,
        (ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted, true) => Style::Quoted,
        _ => Style::Other,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn one(text: &str) -> Node<'_> {
        let (mut documents, fault) = parse(text);
        assert_eq!(fault, None);
        documents.remove(0)
    }

    #[test]
    fn scalars_know_their_type_and_place() {
        let node = one("a: 1\nb: '1'\nc: ~\nd: true\ne: \"null\"\nf: 2023-06-16\ng: -1.5e3\nh:\n");
        let of = |key: &str| node.get(key).unwrap();
        assert_eq!(of("a").scalar(), Some(Scalar::Int(1, "1")));
        assert_eq!(of("b").scalar(), Some(Scalar::Text("1")));
        assert_eq!(of("c").scalar(), Some(Scalar::Null));
        assert_eq!(of("d").scalar(), Some(Scalar::Bool(true)));
        assert_eq!(of("e").scalar(), Some(Scalar::Text("null")));
        assert_eq!(of("f").scalar(), Some(Scalar::Text("2023-06-16")));
        assert_eq!(of("g").scalar(), Some(Scalar::Float(-1500.0, "-1.5e3")));
        assert_eq!(of("h").scalar(), Some(Scalar::Null));
        assert_eq!(of("b").place(), (2, 4));
    }

    #[test]
    fn several_documents_and_a_broken_one() {
        let (documents, fault) = parse("a: 1\n---\nb: 2\n---\nc: [1\n");
        assert_eq!(documents.len(), 2);
        assert!(fault.unwrap().reason.starts_with("not YAML"));
    }

    #[test]
    fn duplicate_keys_are_named_with_their_place() {
        let fault = parse("a: 1\nb: 2\na: 3\n").1.unwrap();
        assert_eq!((fault.line, fault.column), (3, 1));
        assert!(fault.reason.contains("'a'"));
        let many = (0..40).map(|i| format!("k{i}: 1")).collect::<Vec<_>>().join("\n");
        assert_eq!(parse(&format!("{many}\nk20: 2\n")).1.unwrap().line, 41);
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        use std::fmt::Write as _;
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            let items = [below.as_str(); 9].join(", ");
            writeln!(text, "a{level}: &a{level} [{items}]").unwrap();
        }
        assert!(parse(&text).1.unwrap().reason.contains("nodes"));
    }

    #[test]
    fn depth_and_size_are_limited() {
        let deep = "[".repeat(40) + &"]".repeat(40);
        assert!(parse(&deep).1.unwrap().reason.contains("deeper"));
        assert!(parse(&" ".repeat(FILE_BYTES_MAX + 1)).1.unwrap().reason.contains("bytes"));
    }
}
