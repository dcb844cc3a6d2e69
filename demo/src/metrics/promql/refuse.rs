//! What the grammar knows and this Prometheus does not: newer than 3.5, or experimental and not enabled.

use promql_parser::parser::{
    Expr,
    token::{T_LIMIT_RATIO, T_LIMITK},
};

/// Functions that came after 3.5.
const NEWER: [&str; 10] = [
    "first_over_time",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
    "start_timestamp",
    "histogram_quantiles",
    "integral",
    "max_of",
    "min_of",
];

/// The words of the refusal, if there is one in an expression.
pub(super) fn reason(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Aggregate(one) => {
            if matches!(one.op.id(), T_LIMITK | T_LIMIT_RATIO) {
                return Some(format!("parse error: {} is experimental and not enabled", one.op));
            }
            one.param.iter().find_map(|param| reason(param)).or_else(|| reason(&one.expr))
        }
        Expr::Unary(unary) => reason(&unary.expr),
        Expr::Binary(one) => {
            let filled = one
                .modifier
                .as_ref()
                .is_some_and(|modifier| modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some());
            if filled {
                return Some("parse error: unexpected fill modifier".to_owned());
            }
            reason(&one.lhs).or_else(|| reason(&one.rhs))
        }
        Expr::Paren(paren) => reason(&paren.expr),
        Expr::Subquery(subquery) => reason(&subquery.expr),
        Expr::Call(call) if NEWER.contains(&call.func.name) => {
            Some(format!("parse error: unknown function with name \"{}\"", call.func.name))
        }
        Expr::Call(call) if call.func.experimental => {
            Some(format!("parse error: function \"{}\" is not enabled", call.func.name))
        }
        Expr::Call(call) => call.args.args.iter().find_map(|arg| reason(arg)),
        Expr::VectorSelector(selector) if !selector.matchers.or_matchers.is_empty() => {
            Some("parse error: unexpected \"or\" in label matching".to_owned())
        }
        _ => None,
    }
}
