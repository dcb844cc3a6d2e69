//! The check of types: names nobody declared, fields nobody has, functions that do not take such values.
//!
//! What it says is what the server would say; of what it is not sure it says nothing.

use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::{
    parse::Places,
    signatures::{self, Found},
    types::{BOOL, INT, Type},
};

/// An error: the part it is in, and what is wrong.
pub type Fault = (u64, String);

/// The type of an expression and what is wrong in it.
pub fn check<'a>(expression: &IdedExpr, variables: Vec<(String, Type<'a>)>) -> (Type<'a>, Vec<Fault>) {
    let mut checker = Checker { scope: variables, faults: Vec::new() };
    let found = checker.of(expression);
    (found, checker.faults)
}

/// Errors in the order of their places, as the server lists them.
pub fn listed(places: &Places, faults: &[Fault]) -> String {
    let mut lines: Vec<(usize, String)> = faults.iter().map(|(id, why)| places.told(*id, why)).collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

struct Checker<'a> {
    scope: Vec<(String, Type<'a>)>,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn fault(&mut self, id: u64, why: String) -> Type<'a> {
        self.faults.push((id, why));
        Type::Dyn
    }

    fn of(&mut self, expression: &IdedExpr) -> Type<'a> {
        let id = expression.id;
        match &expression.expr {
            Expr::Literal(literal) => Type::Plain(match literal {
                LiteralValue::Boolean(_) => "bool",
                LiteralValue::Bytes(_) => "bytes",
                LiteralValue::Double(_) => "double",
                LiteralValue::Int(_) => "int",
                LiteralValue::Null => return Type::Null,
                LiteralValue::String(_) => "string",
                LiteralValue::UInt(_) => "uint",
            }),
            Expr::Ident(name) => self.ident(id, name),
            Expr::Select(select) => {
                let on = self.of(&select.operand);
                let found = self.select(id, &on, &select.field);
                if select.test { BOOL } else { found }
            }
            Expr::Call(call) => self.call(id, call),
            Expr::List(list) => {
                let of = list.elements.iter().map(|one| self.of(one)).reduce(joined);
                Type::List(Box::new(of.unwrap_or(Type::Dyn)))
            }
            Expr::Map(map) => {
                let (mut keys, mut values) = (None, None);
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(inner) = &entry.expr {
                        let (key, value) = (self.of(&inner.key), self.of(&inner.value));
                        keys = Some(keys.map_or(key.clone(), |has| joined(has, key)));
                        values = Some(values.map_or(value.clone(), |has| joined(has, value)));
                    }
                }
                Type::Map(Box::new(keys.unwrap_or(Type::Dyn)), Box::new(values.unwrap_or(Type::Dyn)))
            }
            Expr::Comprehension(inner) => self.comprehension(inner),
            Expr::Struct(made) => {
                self.fault(id, format!("undeclared reference to '{}' (in container '')", made.type_name))
            }
            Expr::Unspecified => self.fault(id, "unsupported expression".to_owned()),
        }
    }

    fn ident(&mut self, id: u64, name: &str) -> Type<'a> {
        const TYPES: [&str; 10] =
            ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"];
        if let Some((_, found)) = self.scope.iter().rev().find(|(has, _)| has == name) {
            return found.clone();
        }
        if TYPES.contains(&name) {
            return Type::Plain("type");
        }
        self.fault(id, format!("undeclared reference to '{name}' (in container '')"))
    }

    fn select(&mut self, id: u64, on: &Type<'a>, field: &str) -> Type<'a> {
        match on {
            Type::Dyn => Type::Dyn,
            Type::Map(_, values) => values.as_ref().clone(),
            Type::Optional(of) => match of.as_ref() {
                Type::Dyn => Type::Dyn,
                of => Type::Optional(Box::new(self.select(id, of, field))),
            },
            Type::Object(..) | Type::Meta => match on.field(field) {
                Some(found) => found,
                None => self.fault(id, format!("undefined field '{field}'")),
            },
            other => self.fault(id, format!("type '{other}' does not support field selection")),
        }
    }

    fn call(&mut self, id: u64, call: &CallExpr) -> Type<'a> {
        let name = call.func_name.as_str();
        if let (operators::OPT_INDEX, None, [on, key]) = (name, &call.target, call.args.as_slice()) {
            return self.optional(id, on, key);
        }
        // `sets.contains(…)` is called on nothing: the first word belongs to the name.
        if let Some(Expr::Ident(first)) = call.target.as_ref().map(|target| &target.expr) {
            let full = format!("{first}.{name}");
            if signatures::is_known(&full) && !self.scope.iter().any(|(has, _)| has == first) {
                if signatures::is_open(&full) {
                    call.args.iter().for_each(|arg| drop(self.of(arg)));
                    return Type::Dyn;
                }
                let args: Vec<Type<'a>> = call.args.iter().map(|arg| self.of(arg)).collect();
                return self.found(id, &full, None, &args);
            }
        }
        let on = call.target.as_ref().map(|target| self.of(target));
        let args: Vec<Type<'a>> = call.args.iter().map(|arg| self.of(arg)).collect();
        match if on.is_none() { operator(name, &args) } else { Found::Unknown } {
            Found::Gives(found) => found,
            Found::NoOverload => self.no_overload(id, name, None, &args),
            Found::Unknown => self.found(id, name, on.as_ref(), &args),
        }
    }

    fn found(&mut self, id: u64, name: &str, on: Option<&Type<'a>>, args: &[Type<'a>]) -> Type<'a> {
        match signatures::find(name, on, args) {
            Found::Gives(found) => found,
            Found::NoOverload => self.no_overload(id, name, on, args),
            Found::Unknown => self.fault(id, format!("undeclared reference to '{name}' (in container '')")),
        }
    }

    fn no_overload(&mut self, id: u64, name: &str, on: Option<&Type<'a>>, args: &[Type<'a>]) -> Type<'a> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let on = on.map(|on| format!("{on}.")).unwrap_or_default();
        self.fault(id, format!("found no matching overload for '{name}' applied to '{on}({})'", args.join(", ")))
    }

    fn optional(&mut self, id: u64, on: &IdedExpr, key: &IdedExpr) -> Type<'a> {
        let (of, by) = (self.of(on), self.of(key));
        let inner = match &of {
            Type::Optional(inner) => inner.as_ref().clone(),
            other => other.clone(),
        };
        let found = match (&inner, &key.expr) {
            (Type::Object(..) | Type::Meta, Expr::Literal(LiteralValue::String(name))) => {
                let name = name.inner().to_owned();
                self.select(id, &inner, &name)
            }
            _ => index(&inner, &by).unwrap_or(Type::Dyn),
        };
        Type::Optional(Box::new(found))
    }

    fn comprehension(&mut self, inner: &ComprehensionExpr) -> Type<'a> {
        let range = self.of(&inner.iter_range);
        let two = inner.iter_var2.is_some();
        let mut second = Type::Dyn;
        let of = match &range {
            Type::List(of) if two => {
                second = of.as_ref().clone();
                INT
            }
            Type::List(of) => of.as_ref().clone(),
            Type::Map(keys, values) => {
                second = values.as_ref().clone();
                keys.as_ref().clone()
            }
            Type::Dyn => Type::Dyn,
            other => {
                let why = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.fault(inner.iter_range.id, why)
            }
        };
        let begin = self.of(&inner.accu_init);
        let depth = self.scope.len();
        self.scope.push((inner.accu_var.clone(), begin.clone()));
        self.scope.push((inner.iter_var.clone(), of));
        self.scope.extend(inner.iter_var2.clone().map(|name| (name, second)));
        self.of(&inner.loop_cond);
        let step = self.of(&inner.loop_step);
        self.scope.truncate(depth);
        self.scope.push((inner.accu_var.clone(), joined(step, begin)));
        let result = self.of(&inner.result);
        self.scope.truncate(depth);
        result
    }
}

/// What two types have in common.
fn joined<'a>(a: Type<'a>, b: Type<'a>) -> Type<'a> {
    match (a, b) {
        (Type::List(a), Type::List(b)) => match (*a, *b) {
            (Type::Dyn, other) | (other, Type::Dyn) => Type::List(Box::new(other)),
            (a, b) => Type::List(Box::new(joined(a, b))),
        },
        (a, b) if a.is_like(&b) => a,
        _ => Type::Dyn,
    }
}

fn index<'a>(of: &Type<'a>, by: &Type<'a>) -> Option<Type<'a>> {
    match of {
        Type::List(inner) if by.is_number() || matches!(by, Type::Dyn) => Some(inner.as_ref().clone()),
        Type::Map(keys, values) if keys.is_like(by) => Some(values.as_ref().clone()),
        Type::Optional(inner) => index(inner, by).map(|found| Type::Optional(Box::new(found))),
        Type::Dyn => Some(Type::Dyn),
        _ => None,
    }
}

/// What an operator gives.
fn operator<'a>(name: &str, args: &[Type<'a>]) -> Found<'a> {
    let both = |names: &[&str]| match args {
        [Type::Plain(a), Type::Plain(b)] => a == b && names.contains(a),
        [Type::Plain(a), Type::Dyn] | [Type::Dyn, Type::Plain(a)] => names.contains(a),
        [Type::Dyn, Type::Dyn] => true,
        _ => false,
    };
    let known = || match args {
        [Type::Plain(name), _] | [_, Type::Plain(name)] => Type::Plain(name),
        _ => Type::Dyn,
    };
    let when = |fine: bool, found: Type<'a>| if fine { Found::Gives(found) } else { Found::NoOverload };
    let all_bool = args.iter().all(|arg| arg.is_like(&BOOL));
    match (name, args) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _) => when(all_bool, BOOL),
        (operators::NEGATE, [of]) => when(matches!(of, Type::Plain("int" | "double") | Type::Dyn), of.clone()),
        (operators::CONDITIONAL, [test, yes, no]) => {
            when(test.is_like(&BOOL) && yes.is_like(no), joined(yes.clone(), no.clone()))
        }
        (operators::EQUALS | operators::NOT_EQUALS, [a, b]) => when(a.is_like(b), BOOL),
        (operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS, [a, b]) => {
            let alike = both(&["bool", "int", "uint", "double", "string", "bytes", "duration", "timestamp"]);
            when(alike || (a.is_number() && b.is_number()), BOOL)
        }
        (operators::ADD, [a, b]) => match (a, b) {
            (Type::List(_), Type::List(_)) => when(a.is_like(b), joined(a.clone(), b.clone())),
            (list @ Type::List(_), Type::Dyn) | (Type::Dyn, list @ Type::List(_)) => when(true, list.clone()),
            (Type::Plain("timestamp"), Type::Plain("duration"))
            | (Type::Plain("duration"), Type::Plain("timestamp")) => when(true, Type::Plain("timestamp")),
            _ => when(both(&["int", "uint", "double", "string", "bytes", "duration"]), known()),
        },
        (operators::SUBSTRACT, [a, b]) => match (a, b) {
            (Type::Plain("timestamp"), Type::Plain("timestamp")) => when(true, Type::Plain("duration")),
            (Type::Plain("timestamp"), Type::Plain("duration")) => when(true, Type::Plain("timestamp")),
            _ => when(both(&["int", "uint", "double", "duration"]), known()),
        },
        (operators::MULTIPLY | operators::DIVIDE, _) => when(both(&["int", "uint", "double"]), known()),
        (operators::MODULO, _) => when(both(&["int", "uint"]), known()),
        (operators::INDEX, [of, by]) => index(of, by).map_or(Found::NoOverload, Found::Gives),
        (operators::IN, [one, all]) => {
            let fine = match all {
                Type::List(of) => of.is_like(one),
                Type::Map(keys, _) => keys.is_like(one),
                Type::Dyn => true,
                _ => false,
            };
            when(fine, BOOL)
        }
        ("@not_strictly_false", _) => when(true, BOOL),
        _ => Found::Unknown,
    }
}
