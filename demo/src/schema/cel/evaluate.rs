//! Asking one expression, with the words of the server where it cannot answer.

use kube_cel::{
    KubeCelExt as _,
    cel::{
        Context, ExecutionError, Value as Cel,
        common::ast::{Expr, IdedExpr},
    },
};

use super::loops;

/// Kubernetes' functions, and the object.
pub struct Scope<'a> {
    context: Context<'a>,
}

impl Scope<'_> {
    /// All functions and no variables.
    pub fn functions() -> Scope<'static> {
        let mut context = Context::default().with_all();
        loops::register(&mut context);
        Scope { context }
    }

    /// The same with an object, and what it was before where that is known.
    pub fn with(&self, new: Cel, old: Option<Cel>) -> Scope<'_> {
        let mut context = self.context.new_inner_scope();
        context.add_variable_from_value("self", new);
        if let Some(old) = old {
            context.add_variable_from_value("oldSelf", old);
        }
        Scope { context }
    }

    /// The answer, or why there is none.
    pub fn ask(&self, expression: &IdedExpr) -> Result<Cel, Failure> {
        Cel::resolve(expression, &self.context).map_err(|error| match Failure::of(&error) {
            // The evaluator forgets on its way that a field was missing.
            Failure::Overload => self.missing(expression).unwrap_or(Failure::Overload),
            failure => failure,
        })
    }

    /// The first field in an expression that is not there, or what a loop in it cannot do.
    fn missing(&self, expression: &IdedExpr) -> Option<Failure> {
        match &expression.expr {
            Expr::Select(select) if !select.test => self.missing(&select.operand).or_else(|| {
                let error = Cel::resolve(expression, &self.context).err()?;
                matches!(error, ExecutionError::NoSuchKey(_)).then(|| Failure::of(&error))
            }),
            // What a loop said is forgotten by the call around it.
            Expr::Comprehension(_) => {
                let error = Cel::resolve(expression, &self.context).err()?;
                Some(Failure::of(&error)).filter(|failure| matches!(failure, Failure::Said(_)))
            }
            Expr::Call(call) => {
                call.target.iter().map(AsRef::as_ref).chain(&call.args).find_map(|part| self.missing(part))
            }
            _ => None,
        }
    }
}

/// Why an expression has no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The evaluator does not know a function that the server knows.
    Unable,
    /// Values of types the function does not take.
    Overload,
    /// Anything else, in the server's words.
    Said(String),
}

impl Failure {
    fn of(error: &ExecutionError) -> Self {
        match error {
            ExecutionError::UndeclaredReference(_) => Self::Unable,
            ExecutionError::NoSuchKey(key) => Self::Said(format!("no such key: {key}")),
            ExecutionError::IndexOutOfBounds(Cel::Int(at)) => Self::Said(format!("index out of bounds: {at}")),
            ExecutionError::DivisionByZero(_) => Self::Said("division by zero".to_owned()),
            ExecutionError::RemainderByZero(_) => Self::Said("modulus by zero".to_owned()),
            ExecutionError::Overflow(..) => Self::Said("integer overflow".to_owned()),
            ExecutionError::FunctionError { function, message } => Self::Said(match function.as_str() {
                "duration" => "type conversion error from 'string' to 'google.protobuf.Duration'".to_owned(),
                "timestamp" => "type conversion error from 'string' to 'google.protobuf.Timestamp'".to_owned(),
                _ => message.clone(),
            }),
            _ => Self::Overload,
        }
    }
}
