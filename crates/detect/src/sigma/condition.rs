//! The condition of a rule: words over selections, to an expression.

use super::ast::Expr;
use super::detection::ATOMS_MAX;
use super::refusal::Fault;
use super::yaml::Node;

/// Deepest nesting of brackets and negations.
const DEPTH_MAX: usize = 64;

/// A selection, its expression and how many comparisons it holds.
pub(crate) struct Selection {
    pub(crate) name: Box<str>,
    pub(crate) expr: Expr,
    pub(crate) atoms: usize,
}

/// Reads a condition: a text, or a list of texts of which any may hold.
pub(crate) fn parse(node: &Node<'_>, selections: &[Selection]) -> Result<Expr, Fault> {
    let mut atoms = 0;
    if let super::yaml::Content::List(items) = &node.content {
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            parts.push(parse_text(item, selections, &mut atoms)?);
        }
        return match parts.len() {
            0 => Err(Fault::node(node, "an empty condition", "name the selections that must hold")),
            1 => Ok(parts.swap_remove(0)),
            _ => Ok(Expr::Or("".into(), parts)),
        };
    }
    parse_text(node, selections, &mut atoms)
}

fn parse_text(node: &Node<'_>, selections: &[Selection], atoms: &mut usize) -> Result<Expr, Fault> {
    let Some(text) = node.text() else {
        return Err(Fault::node(
            node,
            format!("the condition is {}", node.kind()),
            "write it as text",
        ));
    };
    let tokens = tokens(text);
    let mut reader = Reader { node, tokens: &tokens, next: 0, selections, depth: 0, atoms };
    if reader.tokens.is_empty() {
        return Err(Fault::node(node, "an empty condition", "name the selections that must hold"));
    }
    let expr = reader.or()?;
    match reader.peek() {
        None => Ok(expr),
        Some(")") => Err(reader.fault("a closing bracket without an opening one", "remove it")),
        Some("|") => Err(reader.aggregation()),
        Some(word) => {
            let reason = format!("'{word}' where 'and' or 'or' is expected");
            Err(reader.fault(reason, "join selections with 'and', 'or' and 'not'"))
        }
    }
}

/// Words, brackets and pipes, each with its offset in characters.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut word: Option<(usize, usize)> = None;
    let end_word = |word: &mut Option<(usize, usize)>, end: usize, tokens: &mut Vec<(usize, _)>| {
        if let Some((at, start)) = word.take() {
            tokens.extend(text.get(start..end).map(|word| (at, word)));
        }
    };
    for (chars, (at, c)) in text.char_indices().enumerate() {
        if c.is_whitespace() || matches!(c, '(' | ')' | '|') {
            end_word(&mut word, at, &mut tokens);
            if !c.is_whitespace() {
                tokens.extend(text.get(at..=at).map(|bracket| (chars, bracket)));
            }
        } else if word.is_none() {
            word = Some((chars, at));
        }
    }
    end_word(&mut word, text.len(), &mut tokens);
    tokens
}

struct Reader<'r, 'n> {
    node: &'r Node<'n>,
    tokens: &'r [(usize, &'r str)],
    next: usize,
    selections: &'r [Selection],
    depth: usize,
    atoms: &'r mut usize,
}

impl<'r> Reader<'r, '_> {
    fn peek(&self) -> Option<&'r str> {
        self.tokens.get(self.next).map(|(_, word)| *word)
    }

    fn is_word(&self, wanted: &str) -> bool {
        self.peek().is_some_and(|word| word.eq_ignore_ascii_case(wanted))
    }

    fn fault_at(
        &self,
        token: usize,
        reason: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Fault {
        let last = self.tokens.last().map_or(0, |(at, word)| at + word.chars().count());
        let chars = self.tokens.get(token).map_or(last, |(at, _)| *at);
        Fault::at(self.node.place_within(chars), reason, way_out)
    }

    fn fault(&self, reason: impl Into<String>, way_out: impl Into<String>) -> Fault {
        self.fault_at(self.next, reason, way_out)
    }

    fn aggregation(&self) -> Fault {
        self.fault(
            "the condition counts or relates events after '|', which Sigma 2 has not",
            "write a correlation rule (type event_count, value_count or temporal) that refers to this rule",
        )
    }

    fn or(&mut self) -> Result<Expr, Fault> {
        let mut parts = vec![self.and()?];
        while self.is_word("or") {
            self.next += 1;
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Expr::Or("".into(), parts) })
    }

    fn and(&mut self) -> Result<Expr, Fault> {
        let mut parts = vec![self.not()?];
        while self.is_word("and") {
            self.next += 1;
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Expr::And("".into(), parts) })
    }

    fn not(&mut self) -> Result<Expr, Fault> {
        if self.is_word("not") {
            self.next += 1;
            self.deeper()?;
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        self.operand()
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let reason = format!("the condition nests deeper than {DEPTH_MAX}");
            return Err(self.fault(reason, "split the rule"));
        }
        Ok(())
    }

    fn operand(&mut self) -> Result<Expr, Fault> {
        let Some(word) = self.peek() else {
            return Err(
                self.fault("the condition ends where a selection is expected", "name a selection")
            );
        };
        match word {
            "(" => {
                let opened = self.next;
                self.next += 1;
                self.deeper()?;
                let inner = self.or()?;
                self.depth -= 1;
                if self.peek() == Some("|") {
                    return Err(self.aggregation());
                }
                if self.peek() != Some(")") {
                    return Err(self.fault_at(opened, "a bracket that is not closed", "close it"));
                }
                self.next += 1;
                Ok(inner)
            }
            ")" => {
                Err(self
                    .fault("a closing bracket where a selection is expected", "name a selection"))
            }
            "|" => Err(self.aggregation()),
            _ if self
                .tokens
                .get(self.next + 1)
                .is_some_and(|(_, of)| of.eq_ignore_ascii_case("of")) =>
            {
                self.of(word)
            }
            _ => self.single(word),
        }
    }

    fn single(&mut self, word: &str) -> Result<Expr, Fault> {
        let Some(selection) = self.selections.iter().find(|selection| &*selection.name == word)
        else {
            if word.eq_ignore_ascii_case("near") {
                return Err(self.aggregation());
            }
            if word.contains('*') {
                let reason = format!("the pattern '{word}' without a number");
                return Err(self.fault(reason, format!("write '1 of {word}' or 'all of {word}'")));
            }
            let names: Vec<&str> =
                self.selections.iter().map(|selection| &*selection.name).collect();
            let reason = format!("no selection '{word}'");
            return Err(self.fault(reason, format!("the selections are {}", names.join(", "))));
        };
        let expr = self.charge(selection)?;
        self.next += 1;
        Ok(expr)
    }

    /// A selection may be named often; each time its comparisons count.
    fn charge(&mut self, selection: &Selection) -> Result<Expr, Fault> {
        *self.atoms += selection.atoms;
        if *self.atoms > ATOMS_MAX {
            let reason = format!("the condition has more than {ATOMS_MAX} comparisons");
            return Err(self.fault(reason, "split it into several rules"));
        }
        Ok(selection.expr.clone())
    }

    /// `1 of pattern`, `all of them` …
    fn of(&mut self, quantity: &str) -> Result<Expr, Fault> {
        let wanted = match quantity.to_ascii_lowercase().as_str() {
            "all" => None,
            "any" => Some(1),
            number => match number.parse::<usize>() {
                Ok(number) if number > 0 => Some(number),
                _ => {
                    let reason = format!("'{quantity}' before 'of'");
                    return Err(self.fault(reason, "write 'all' or a number from 1"));
                }
            },
        };
        self.next += 2;
        let Some(pattern) = self.peek().filter(|word| !matches!(*word, "(" | ")" | "|")) else {
            return Err(self.fault(
                "'of' without a pattern",
                "write a pattern such as 'selection_*', or 'them'",
            ));
        };
        let glob = if pattern.eq_ignore_ascii_case("them") { "*" } else { pattern };
        // Names that begin with an underscore are left out unless the pattern asks for them.
        let named = |selection: &&Selection| {
            (glob.starts_with('_') || !selection.name.starts_with('_'))
                && glob_matches(glob, &selection.name)
        };
        let selections = self.selections;
        let found: Vec<&Selection> = selections.iter().filter(named).collect();
        if found.is_empty() {
            let reason = format!("no selection matches '{pattern}'");
            return Err(self.fault(reason, "name the selections so that the pattern meets them"));
        }
        if wanted.is_some_and(|wanted| wanted > found.len()) {
            let reason =
                format!("'{quantity} of {pattern}' can never hold: only {} match", found.len());
            return Err(self.fault(reason, "ask for fewer, or add selections"));
        }
        let mut parts = Vec::with_capacity(found.len());
        for selection in found {
            parts.push(self.charge(selection)?);
        }
        self.next += 1;
        let label =
            format!("{} of {pattern}", if wanted == Some(1) { "1" } else { quantity }).into();
        Ok(match wanted {
            None => Expr::And(label, parts),
            Some(1) => Expr::Or(label, parts),
            Some(number) => Expr::AtLeast(label, number, parts),
        })
    }
}

/// `*` at any place of a selection pattern.
fn glob_matches(glob: &str, name: &str) -> bool {
    let mut pieces = glob.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn selections() -> Vec<Selection> {
        ["sel_a", "sel_b", "filter_x", "_hidden", "kw"]
            .into_iter()
            .map(|name| Selection {
                name: name.into(),
                expr: Expr::And(name.into(), Vec::new()),
                atoms: 1,
            })
            .collect()
    }

    fn of(condition: &str) -> Result<String, Fault> {
        let text = format!("'{condition}'");
        let (documents, _) = super::super::yaml::parse(&text);
        parse(documents.first().unwrap(), &selections()).map(|expr| show(&expr))
    }

    /// Brackets that show how it was read.
    fn show(expr: &Expr) -> String {
        let all = |parts: &[Expr]| parts.iter().map(show).collect::<Vec<_>>().join(" ");
        match expr {
            Expr::And(label, parts) if parts.is_empty() => label.to_string(),
            Expr::And(label, parts) => format!("&{label}({})", all(parts)),
            Expr::Or(label, parts) => format!("|{label}({})", all(parts)),
            Expr::AtLeast(label, _, parts) => format!("#{label}({})", all(parts)),
            Expr::Not(inner) => format!("!{}", show(inner)),
            Expr::Atom(_) => "atom".to_owned(),
        }
    }

    #[test]
    fn precedence_is_not_before_and_before_or() {
        assert_eq!(of("sel_a or not sel_b and kw").unwrap(), "|(sel_a &(!sel_b kw))");
        assert_eq!(of("(sel_a OR sel_b) AND NOT kw").unwrap(), "&(|(sel_a sel_b) !kw)");
        assert_eq!(of("not 1 of sel_* and kw").unwrap(), "&(!|1 of sel_*(sel_a sel_b) kw)");
    }

    #[test]
    fn quantities_over_patterns_and_them() {
        assert_eq!(of("all of them").unwrap(), "&all of them(sel_a sel_b filter_x kw)");
        assert_eq!(of("2 of *e*_*").unwrap(), "#2 of *e*_*(sel_a sel_b filter_x)");
        assert_eq!(of("1 of _*").unwrap(), "|1 of _*(_hidden)");
        assert_eq!(of("1 of kw").unwrap(), "|1 of kw(kw)");
    }

    #[test]
    fn refusals_name_the_place() {
        let fault = |condition: &str| {
            let fault = of(condition).unwrap_err();
            (fault.column, fault.reason)
        };
        assert_eq!(fault("sel_a and nope"), (12, "no selection 'nope'".to_owned()));
        assert!(fault("sel_a | count() > 5").1.contains("Sigma 2"));
        assert!(fault("(sel_a | count() > 5)").1.contains("Sigma 2"));
        assert_eq!(fault("(sel_a").0, 2);
        assert!(fault("sel_a kw").1.contains("'kw'"));
        assert!(fault("sel_a and").1.contains("ends"));
        assert!(fault("3 of sel_*").1.contains("never"));
        assert!(fault("sel_*").1.contains("without a number"));
        assert!(fault(&"not ".repeat(100)).1.contains("nests"));
        assert!(fault(")").1.contains("bracket"));
    }
}
