//! Conditions in the Common Expression Language (CEL), bounded before they run.
//!
//! A rule is written by strangers. So the source is short, the parser stops at a depth, and what it made is walked before
//! anything runs: only known operators and functions, only signals that the rule names, no macro inside a macro. Signals
//! are numbers, texts and truth values, so the lists that a macro runs over are those that stand in the source, and the
//! time and memory of an evaluation are bounded by its length. Both happen on a thread with a stack of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::parser::PrattParser;
use cel::{Context, Value};

/// Bytes of a source.
pub const LONGEST: usize = 1_024;
/// Depth at which the parser stops.
const DEEPEST: u16 = 32;
/// Nodes of a parsed source.
const MOST_NODES: usize = 1_000;
/// A chain of operators is as deep as it is long; so much stack suffices for [`MOST_NODES`].
const STACK: usize = 16 * 1024 * 1024;
/// Everything that may be called; operators by the names that CEL gives them.
const CALLS: [&str; 26] = [
    "_+_",
    "_-_",
    "_*_",
    "_/_",
    "_%_",
    "-_",
    "!_",
    "_==_",
    "_!=_",
    "_<_",
    "_<=_",
    "_>_",
    "_>=_",
    "_&&_",
    "_||_",
    "_?_:_",
    "@in",
    "_[_]",
    "@not_strictly_false",
    "size",
    "int",
    "double",
    "string",
    "startsWith",
    "endsWith",
    "contains",
];

/// A condition that may run.
#[derive(Clone, Debug)]
pub struct Expression(Arc<IdedExpr>);

/// Why a source may not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("an expression has at most {LONGEST} bytes")]
    TooLong,
    #[error("it does not read: {0}")]
    Syntax(String),
    #[error("it is too large or too deep")]
    TooComplex,
    #[error("{0} is not a signal of this rule")]
    UnknownName(String),
    #[error("{0} may not be called here")]
    UnknownCall(String),
    #[error("a macro may not stand inside another one")]
    NestedMacro,
    #[error("this may not be used here: {0}")]
    Unsupported(&'static str),
}

/// What a signal says.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    Number(f64),
    Text(String),
    Truth(bool),
}

/// Names and what they say.
pub type Terms = Vec<(String, Term)>;

/// Why an evaluation gave no answer; the rule stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failed(String);

impl Expression {
    /// Reads `source`, which may use `names`.
    ///
    /// # Errors
    /// [`Rejected`]; nothing of it has run.
    pub fn compile<'a>(
        source: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Rejected> {
        if source.len() > LONGEST {
            return Err(Rejected::TooLong);
        }
        let names: BTreeSet<&str> = names.into_iter().collect();
        with_stack(|| {
            let parser = PrattParser::default()
                .max_recursion_depth(DEEPEST)
                .max_expression_node_count(MOST_NODES);
            let parsed = parser.parse(source).map_err(|errors| {
                let first = errors.errors.first().map(|error| error.msg.clone());
                match first {
                    Some(message) if message.contains("limit") => Rejected::TooComplex,
                    Some(message) => Rejected::Syntax(message),
                    None => Rejected::TooComplex,
                }
            })?;
            let mut walk = Walk {
                names,
                bound: vec![],
                nodes: 0,
            };
            walk.visit(&parsed)?;
            Ok(Self(Arc::new(parsed)))
        })
    }

    /// Evaluates many at once, each with its own names.
    pub fn evaluate_all(all: &[(Expression, Terms)]) -> Vec<Result<bool, Failed>> {
        if all.is_empty() {
            return vec![];
        }
        with_stack(|| {
            let root = Context::default();
            let each = all.iter().map(|(expression, terms)| {
                let mut scope = root.new_inner_scope();
                for (name, term) in terms {
                    scope.add_variable_from_value(name.clone(), value(term));
                }
                match Value::resolve(&expression.0, &scope) {
                    Ok(Value::Bool(answer)) => Ok(answer),
                    Ok(_) => Err(Failed("it is neither true nor false".to_owned())),
                    Err(error) => Err(Failed(error.to_string().chars().take(200).collect())),
                }
            });
            each.collect()
        })
    }
}

fn value(term: &Term) -> Value {
    match term {
        Term::Number(number) => Value::Float(*number),
        Term::Text(text) => Value::String(Arc::new(text.clone())),
        Term::Truth(truth) => Value::Bool(*truth),
    }
}

/// Does `work` on a thread whose stack is deep enough for it.
fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // Without a thread there is no process to go on with.
            Err(error) => panic!("no thread for an expression: {error}"),
        }
    })
}

struct Walk<'a> {
    names: BTreeSet<&'a str>,
    /// Names that a macro binds, while inside it.
    bound: Vec<String>,
    nodes: usize,
}

impl Walk<'_> {
    fn visit(&mut self, node: &IdedExpr) -> Result<(), Rejected> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(Rejected::TooComplex);
        }
        match &node.expr {
            Expr::Unspecified => Err(Rejected::Unsupported("nothing")),
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => {
                let known = self.names.contains(name.as_str()) || self.bound.contains(name);
                match known {
                    true => Ok(()),
                    false => Err(Rejected::UnknownName(name.clone())),
                }
            }
            Expr::Call(call) => {
                if !CALLS.contains(&call.func_name.as_str()) {
                    return Err(Rejected::UnknownCall(call.func_name.clone()));
                }
                if let Some(target) = &call.target {
                    self.visit(target)?;
                }
                call.args.iter().try_for_each(|one| self.visit(one))
            }
            Expr::List(list) => list.elements.iter().try_for_each(|one| self.visit(one)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.visit(&entry.key)?;
                    self.visit(&entry.value)
                }
                EntryExpr::StructField(_) => Err(Rejected::Unsupported("a message")),
            }),
            Expr::Comprehension(macros) => self.comprehension(macros),
            Expr::Select(_) => Err(Rejected::Unsupported("a field")),
            Expr::Struct(_) => Err(Rejected::Unsupported("a message")),
        }
    }

    fn comprehension(
        &mut self,
        macros: &cel::common::ast::ComprehensionExpr,
    ) -> Result<(), Rejected> {
        if !self.bound.is_empty() {
            return Err(Rejected::NestedMacro);
        }
        self.visit(&macros.iter_range)?;
        self.visit(&macros.accu_init)?;
        self.bound = vec![macros.iter_var.clone(), macros.accu_var.clone()];
        self.bound.extend(macros.iter_var2.clone());
        for part in [&macros.loop_cond, &macros.loop_step, &macros.result] {
            self.visit(part)?;
        }
        self.bound.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
