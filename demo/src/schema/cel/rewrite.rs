//! Macros that the parser does not know, put in other words: `cel.bind`, `optMap`, `optFlatMap`, and the optional field.

use super::loops;
use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators,
};

/// Expands them everywhere in an expression.
pub fn expand(expression: IdedExpr) -> IdedExpr {
    let IdedExpr { id, expr } = expression;
    let expr = match expr {
        Expr::Call(call) => self::call(id, call),
        other => within(other, &expand),
    };
    IdedExpr { id, expr }
}

/// An expression whose parts are made others.
pub fn within(expr: Expr, other: &dyn Fn(IdedExpr) -> IdedExpr) -> Expr {
    match expr {
        Expr::Call(CallExpr { func_name, target, args }) => Expr::Call(CallExpr {
            func_name,
            target: target.map(|target| Box::new(other(*target))),
            args: args.into_iter().map(other).collect(),
        }),
        Expr::Select(mut select) => {
            *select.operand = other(*select.operand);
            Expr::Select(select)
        }
        Expr::List(mut list) => {
            list.elements = list.elements.into_iter().map(other).collect();
            Expr::List(list)
        }
        Expr::Map(mut map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(inner) = &mut entry.expr {
                    inner.key = other(std::mem::take(&mut inner.key));
                    inner.value = other(std::mem::take(&mut inner.value));
                }
            }
            Expr::Map(map)
        }
        Expr::Comprehension(inner) => {
            let mut inner = *inner;
            for part in [
                &mut inner.iter_range,
                &mut inner.accu_init,
                &mut inner.loop_cond,
                &mut inner.loop_step,
                &mut inner.result,
            ] {
                *part = other(std::mem::take(part));
            }
            Expr::Comprehension(Box::new(inner))
        }
        other => other,
    }
}

fn call(id: u64, call: CallExpr) -> Expr {
    let CallExpr { func_name, target, args } = call;
    let target = target.map(|target| Box::new(expand(*target)));
    let mut args: Vec<IdedExpr> = args.into_iter().map(expand).collect();
    let made = |expr| IdedExpr { id, expr };
    let ident = |one: &IdedExpr| match &one.expr {
        Expr::Ident(name) => Some(name.clone()),
        _ => None,
    };
    if let Some(made) = target.as_deref().and_then(|on| loops::expand(id, &func_name, on, &args)) {
        return made;
    }
    match (func_name.as_str(), target.as_deref(), args.len()) {
        // A field that may be missing is looked up as a key that may be.
        (operators::OPT_SELECT, None, 2) => {
            Expr::Call(CallExpr { func_name: operators::OPT_INDEX.to_owned(), target: None, args })
        }
        ("bind", Some(IdedExpr { expr: Expr::Ident(cel), .. }), 3) if cel == "cel" => {
            let body = args.pop().unwrap_or_default();
            let bound = args.pop().unwrap_or_default();
            match args.first().and_then(ident) {
                Some(name) => bind(id, name, bound, body),
                None => Expr::Unspecified,
            }
        }
        ("optMap" | "optFlatMap", Some(of), 2) => {
            let body = args.pop().unwrap_or_default();
            let Some(name) = args.first().and_then(ident) else { return Expr::Unspecified };
            let on = |function: &str| {
                made(Expr::Call(CallExpr {
                    func_name: function.to_owned(),
                    target: Some(Box::new(of.clone())),
                    args: Vec::new(),
                }))
            };
            let optional = |function: &str, args: Vec<IdedExpr>| {
                made(Expr::Call(CallExpr {
                    func_name: function.to_owned(),
                    target: Some(Box::new(made(Expr::Ident("optional".to_owned())))),
                    args,
                }))
            };
            let bound = made(bind(id, name, on("value"), body));
            let some = if func_name == "optMap" { optional("of", vec![bound]) } else { bound };
            Expr::Call(CallExpr {
                func_name: operators::CONDITIONAL.to_owned(),
                target: None,
                args: vec![on("hasValue"), some, optional("none", Vec::new())],
            })
        }
        _ => Expr::Call(CallExpr { func_name, target, args }),
    }
}

/// A name for a value: a loop over nothing that begins with it.
pub fn bind(id: u64, name: String, bound: IdedExpr, body: IdedExpr) -> Expr {
    let made = |expr| IdedExpr { id, expr };
    Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: made(Expr::List(ListExpr::default())),
        iter_var: "#unused".to_owned(),
        iter_var2: None,
        accu_var: name.clone(),
        accu_init: bound,
        loop_cond: made(Expr::Literal(LiteralValue::Boolean(false.into()))),
        loop_step: made(Expr::Ident(name)),
        result: body,
    }))
}
