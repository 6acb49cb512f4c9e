//! SQL over the tables of a tenant: one SELECT, nothing else.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use datafusion::catalog::memory::{MemoryCatalogProvider, MemorySchemaProvider};
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProviderList, SchemaProvider,
};
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SQLOptions;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, Ident, Statement as SqlStatement, visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::columns::Columns;
use crate::error::LakeError;
use crate::lake::{Lake, Scope};
use crate::results::Results;

/// Letters of a statement.
const SQL_MAX: usize = 64 << 10;
/// Brackets within brackets.
const DEPTH_MAX: usize = 50;

/// Operators and keywords: a chain of them is a tree as deep as it is long. Names, values and commas do not count.
const OPERATORS_MAX: usize = 500;

fn is_operator(token: &Token) -> bool {
    let is_flat = match token {
        Token::Word(word) => word.keyword == Keyword::NoKeyword || word.quote_style.is_some(),
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Whitespace(_) => true,
        Token::Comma | Token::Period | Token::SemiColon | Token::EOF => true,
        // Brackets within brackets have a limit of their own.
        Token::LParen | Token::RParen => true,
        _ => false,
    };
    !is_flat
}

fn refused(words: impl Into<String>) -> LakeError {
    LakeError::Refused(words.into())
}

impl Lake {
    /// The answer to one SELECT over the scope's table. Columns with dots need no quotes. The time range of the scope
    /// applies besides what the statement says.
    pub async fn sql(&self, scope: &Scope, sql: &str) -> Result<Results, LakeError> {
        let started = Instant::now();
        let mut statement = select(sql)?;
        let view = self.view(scope).await?;
        if let Statement::Statement(statement) = &mut statement {
            join_names(statement, &view.columns);
        }
        // Every query has a catalog of its own: none sees the tables of another.
        let schema = MemorySchemaProvider::new();
        schema.register_table(scope.table.clone(), view.bounded(scope)?)?;
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema("public", Arc::new(schema))?;
        let list = MemoryCatalogProviderList::new();
        list.register_catalog("datafusion".to_owned(), Arc::new(catalog));
        let state = SessionStateBuilder::new_from_existing(self.state())
            .with_catalog_list(Arc::new(list))
            .build();
        let plan = state.statement_to_plan(statement).await;
        let plan = plan.map_err(|error| refused(error.strip_backtrace()))?;
        let read_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        read_only.verify_plan(&plan).map_err(|error| refused(error.strip_backtrace()))?;
        self.run(&state, &plan, view, scope.budget, started).await
    }
}

/// The only statement of a text, when it is a SELECT.
fn select(sql: &str) -> Result<Statement, LakeError> {
    if sql.len() > SQL_MAX {
        return Err(refused(format!("the statement is longer than {SQL_MAX} bytes")));
    }
    let dialect = PostgreSqlDialect {};
    let mut operators = 0;
    for token in Tokenizer::new(&dialect, sql).tokenize().map_err(|it| refused(it.to_string()))? {
        operators += usize::from(is_operator(&token));
    }
    if operators > OPERATORS_MAX {
        let most = OPERATORS_MAX;
        return Err(refused(format!("the statement has more than {most} operators and keywords")));
    }
    let parsed = DFParserBuilder::new(sql)
        .with_dialect(&dialect)
        .with_recursion_limit(DEPTH_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements());
    let mut statements: VecDeque<Statement> =
        parsed.map_err(|error| refused(error.strip_backtrace()))?;
    match (statements.pop_front(), statements.len()) {
        (Some(Statement::Statement(statement)), 0)
            if matches!(*statement, SqlStatement::Query(_)) =>
        {
            Ok(Statement::Statement(statement))
        }
        (None, _) => Err(refused("there is no statement")),
        (_, 0) => Err(refused("only SELECT is allowed: events are never changed by a query")),
        _ => Err(refused("only one statement is allowed at a time")),
    }
}

/// `src_endpoint.ip` is a column's name here, not a part of a table.
fn join_names(statement: &mut SqlStatement, columns: &Columns) {
    let walked = visit_expressions_mut(statement, |expression| {
        if let SqlExpr::CompoundIdentifier(parts) = expression {
            let joined: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
            let joined = joined.join(".");
            if columns.get(&joined).is_some() {
                *expression = SqlExpr::Identifier(Ident::with_quote('"', joined));
            }
        }
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(walked.is_continue());
}
