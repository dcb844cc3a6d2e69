//! Loops with two variables and sorting by a key: what the server's parser makes of them, and what the evaluator can run.
//!
//! A loop with two variables is checked as it stands. The evaluator knows one variable; it is given the pairs, and the names are
//! bound to their halves.

use std::sync::Arc;

use kube_cel::cel::{
    Context, ExecutionError, ResolveResult, Value as Cel,
    common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr, operators},
    extractors::{Arguments, This},
    objects::{Key, Map},
};

use super::rewrite::{bind, within};

/// What a loop has made so far.
const RESULT: &str = "@result";
const PAIR: &str = "@pair";
const ENTRIES: &str = "@entries";
/// Puts an entry into a map, or all of another map.
pub const INSERT: &str = "cel.@mapInsert";
const SORTED: &str = "@sortByAssociatedKeys";
const INPUT: &str = "@__sortBy_input__";

/// Makes parts of an expression that all stand at one place.
struct At(u64);

impl At {
    fn made(&self, expr: Expr) -> IdedExpr {
        IdedExpr { id: self.0, expr }
    }

    fn ident(&self, name: &str) -> IdedExpr {
        self.made(Expr::Ident(name.to_owned()))
    }

    fn result(&self) -> IdedExpr {
        self.ident(RESULT)
    }

    fn call(&self, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.made(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
    }

    fn literal(&self, value: LiteralValue) -> IdedExpr {
        self.made(Expr::Literal(value))
    }

    fn list(&self, elements: Vec<IdedExpr>) -> IdedExpr {
        self.made(Expr::List(ListExpr::new(elements)))
    }
}

/// The loop that a macro stands for, where it is one of these. Arguments that are no names stand for nothing.
pub fn expand(id: u64, name: &str, on: &IdedExpr, args: &[IdedExpr]) -> Option<Expr> {
    let at = At(id);
    let ident = |one: &IdedExpr| match &one.expr {
        Expr::Ident(name) => Some(name.clone()),
        _ => None,
    };
    if name == "sortBy" && args.len() == 2 {
        return Some(sort(&at, on, &args[0], &args[1]));
    }
    let (first, second, rest) = match (name, args) {
        ("existsOne", [first, rest]) => (first, None, std::slice::from_ref(rest)),
        ("all" | "exists" | "existsOne" | "exists_one", [first, second, rest]) => {
            (first, Some(second), std::slice::from_ref(rest))
        }
        ("transformList" | "transformMap" | "transformMapEntry", [first, second, rest @ ..])
            if matches!(rest.len(), 1 | 2) =>
        {
            (first, Some(second), rest)
        }
        _ => return None,
    };
    let Some(first) = ident(first) else { return Some(Expr::Unspecified) };
    let second = match second.map(ident) {
        None => None,
        Some(Some(second)) if second != first => Some(second),
        Some(_) => return Some(Expr::Unspecified),
    };
    let body = rest.last()?.clone();
    let truth = |value: bool| at.literal(LiteralValue::Boolean(value.into()));
    let number = |value: i64| at.literal(LiteralValue::Int(value.into()));
    let strictly = |one: IdedExpr| at.call(operators::NOT_STRICTLY_FALSE, vec![one]);
    let insert = |mut entry: Vec<IdedExpr>| {
        entry.insert(0, at.result());
        at.call(INSERT, entry)
    };
    let (begin, goes_on, step) = match name {
        "all" => (truth(true), strictly(at.result()), at.call(operators::LOGICAL_AND, vec![at.result(), body])),
        "exists" => {
            let not = at.call(operators::LOGICAL_NOT, vec![at.result()]);
            (truth(false), strictly(not), at.call(operators::LOGICAL_OR, vec![at.result(), body]))
        }
        "existsOne" | "exists_one" => {
            let more = at.call(operators::ADD, vec![at.result(), number(1)]);
            (number(0), truth(true), at.call(operators::CONDITIONAL, vec![body, more, at.result()]))
        }
        "transformList" => {
            (at.list(Vec::new()), truth(true), at.call(operators::ADD, vec![at.result(), at.list(vec![body])]))
        }
        "transformMap" => (at.made(Expr::Map(MapExpr::default())), truth(true), insert(vec![at.ident(&first), body])),
        _ => (at.made(Expr::Map(MapExpr::default())), truth(true), insert(vec![body])),
    };
    let step = match rest {
        [filter, _] => at.call(operators::CONDITIONAL, vec![filter.clone(), step, at.result()]),
        _ => step,
    };
    let result = match name {
        "existsOne" | "exists_one" => at.call(operators::EQUALS, vec![at.result(), number(1)]),
        _ => at.result(),
    };
    Some(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: on.clone(),
        iter_var: first,
        iter_var2: second,
        accu_var: RESULT.to_owned(),
        accu_init: begin,
        loop_cond: goes_on,
        loop_step: step,
        result,
    })))
}

/// The list is named; its keys are made by a loop over it, and it is sorted by them.
fn sort(at: &At, on: &IdedExpr, name: &IdedExpr, key: &IdedExpr) -> Expr {
    let Expr::Ident(name) = &name.expr else { return Expr::Unspecified };
    let keys = at.made(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: at.ident(INPUT),
        iter_var: name.clone(),
        iter_var2: None,
        accu_var: RESULT.to_owned(),
        accu_init: at.list(Vec::new()),
        loop_cond: at.literal(LiteralValue::Boolean(true.into())),
        loop_step: at.call(operators::ADD, vec![at.result(), at.list(vec![key.clone()])]),
        result: at.result(),
    })));
    let sorted = at.made(Expr::Call(CallExpr {
        func_name: SORTED.to_owned(),
        target: Some(Box::new(at.ident(INPUT))),
        args: vec![keys],
    }));
    bind(at.0, INPUT.to_owned(), on.clone(), sorted)
}

/// The same with loops of one variable only.
pub fn lower(expression: IdedExpr) -> IdedExpr {
    let IdedExpr { id, expr } = expression;
    let expr = match within(expr, &lower) {
        Expr::Comprehension(mut inner) => {
            if let Some(second) = inner.iter_var2.take() {
                let at = At(id);
                let half = |half: i64| {
                    let number = at.literal(LiteralValue::Int(half.into()));
                    at.call(operators::INDEX, vec![at.ident(PAIR), number])
                };
                let first = std::mem::replace(&mut inner.iter_var, PAIR.to_owned());
                inner.iter_range = at.call(ENTRIES, vec![std::mem::take(&mut inner.iter_range)]);
                let step = std::mem::take(&mut inner.loop_step);
                let step = at.made(bind(id, second, half(1), step));
                inner.loop_step = at.made(bind(id, first, half(0), step));
            }
            Expr::Comprehension(inner)
        }
        other => other,
    };
    IdedExpr { id, expr }
}

/// Gives an evaluator the functions that these loops call.
pub fn register(context: &mut Context<'_>) {
    context.add_function(ENTRIES, entries);
    context.add_function(INSERT, insert);
    context.add_function(SORTED, sorted);
}

/// Index and item of a list, key and value of a map.
fn entries(of: Cel) -> ResolveResult {
    let pair = |key: Cel, value: &Cel| Cel::List(Arc::new(vec![key, value.clone()]));
    Ok(Cel::List(Arc::new(match of {
        Cel::List(list) => list
            .iter()
            .enumerate()
            .map(|(at, item)| pair(Cel::Int(i64::try_from(at).unwrap_or(i64::MAX)), item))
            .collect(),
        Cel::Map(map) => {
            let mut all: Vec<(&Key, &Cel)> = map.map.iter().collect();
            all.sort_by_key(|(key, _)| *key);
            all.into_iter().map(|(key, value)| pair(Cel::from(key), value)).collect()
        }
        _ => return Err(ExecutionError::NoSuchOverload),
    })))
}

fn insert(Arguments(args): Arguments) -> ResolveResult {
    let (map, entries): (&Map, Vec<(Key, Cel)>) = match args.as_slice() {
        [Cel::Map(map), key, value] => {
            let key: Key = key.clone().try_into().map_err(|_| ExecutionError::NoSuchOverload)?;
            (map, vec![(key, value.clone())])
        }
        [Cel::Map(map), Cel::Map(more)] => {
            (map, more.map.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        _ => return Err(ExecutionError::NoSuchOverload),
    };
    let mut made = std::collections::HashMap::clone(&map.map);
    for (key, value) in entries {
        let said = format!("insert failed: key {key} already exists");
        if made.insert(key, value).is_some() {
            return Err(ExecutionError::FunctionError { function: INSERT.to_owned(), message: said });
        }
    }
    Ok(Cel::Map(Map { map: Arc::new(made) }))
}

#[expect(clippy::needless_pass_by_value, reason = "the evaluator hands values over")]
fn sorted(This(list): This<Arc<Vec<Cel>>>, keys: Arc<Vec<Cel>>) -> ResolveResult {
    let mut incomparable = false;
    let mut all: Vec<(&Cel, &Cel)> = keys.iter().zip(list.iter()).collect();
    all.sort_by(|(a, _), (b, _)| {
        a.partial_cmp(b).unwrap_or_else(|| {
            incomparable = true;
            std::cmp::Ordering::Equal
        })
    });
    if incomparable {
        return Err(ExecutionError::NoSuchOverload);
    }
    Ok(Cel::List(Arc::new(all.into_iter().map(|(_, item)| item.clone()).collect())))
}
