//! Operators between numbers and series.

use std::collections::HashMap;

use promql_parser::parser::{
    BinModifier, BinaryExpr, LabelModifier, VectorMatchCardinality,
    token::{
        T_ADD, T_ATAN2, T_DIV, T_EQLC, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS, T_MOD, T_MUL, T_NEQ,
        T_POW, T_SUB,
    },
};

use super::{
    Grid, Matrix, QueryError, Row,
    eval::{Eval, distinct},
};
use crate::metrics::tags::Tags;

pub(super) fn binary(eval: Eval<'_>, one: &BinaryExpr, grid: Grid) -> Result<Matrix, QueryError> {
    let (left, right) = (eval.eval(&one.lhs, grid)?, eval.eval(&one.rhs, grid)?);
    let op = Op { id: one.op.id(), compares: one.op.is_comparison_operator(), bool: one.return_bool() };
    match (left, right) {
        (Matrix::Scalar(a), Matrix::Scalar(b)) => {
            let values =
                a.into_iter().zip(b).map(|(a, b)| if op.compares { truth(op.compare(a, b)) } else { op.compute(a, b) });
            Ok(Matrix::Scalar(values.collect()))
        }
        (Matrix::Vector(rows), Matrix::Scalar(numbers)) => Ok(Matrix::Vector(op.with_numbers(rows, &numbers, false)?)),
        (Matrix::Scalar(numbers), Matrix::Vector(rows)) => Ok(Matrix::Vector(op.with_numbers(rows, &numbers, true)?)),
        (Matrix::Vector(a), Matrix::Vector(b)) => {
            let modifier = one.modifier.as_ref();
            let rows = match op.id {
                T_LAND | T_LOR | T_LUNLESS => sets(op.id, a, b, modifier, grid),
                _ => op.joined(a, b, modifier, grid)?,
            };
            Ok(Matrix::Vector(rows))
        }
        _ => Err(QueryError::Execution("operators work on numbers and instant vectors".to_owned())),
    }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[derive(Clone, Copy)]
struct Op {
    id: u16,
    compares: bool,
    bool: bool,
}

impl Op {
    fn compute(self, a: f64, b: f64) -> f64 {
        match self.id {
            T_ADD => a + b,
            T_SUB => a - b,
            T_MUL => a * b,
            T_DIV => a / b,
            T_MOD => a % b,
            T_POW => a.powf(b),
            T_ATAN2 => a.atan2(b),
            _ => f64::NAN,
        }
    }

    #[expect(clippy::float_cmp, reason = "the operator means exactly equal")]
    fn compare(self, a: f64, b: f64) -> bool {
        match self.id {
            T_EQLC => a == b,
            T_NEQ => a != b,
            T_GTR => a > b,
            T_LSS => a < b,
            T_GTE => a >= b,
            T_LTE => a <= b,
            _ => false,
        }
    }

    /// The value of two: for a comparison the kept one, where it holds.
    fn two(self, a: f64, b: f64, kept: f64) -> Option<f64> {
        match (self.compares, self.bool) {
            (false, _) => Some(self.compute(a, b)),
            (true, true) => Some(truth(self.compare(a, b))),
            (true, false) => self.compare(a, b).then_some(kept),
        }
    }

    fn keeps_name(self) -> bool {
        self.compares && !self.bool
    }

    fn with_numbers(self, rows: Vec<Row>, numbers: &[f64], swapped: bool) -> Result<Vec<Row>, QueryError> {
        let rows = rows.into_iter().map(|row| {
            let values = row.values.into_iter().zip(numbers).map(|(value, number)| {
                let value = value?;
                if swapped { self.two(*number, value, value) } else { self.two(value, *number, value) }
            });
            let tags = if self.keeps_name() { row.tags } else { row.tags.bare() };
            Row { values: values.collect(), tags }
        });
        distinct(rows.collect())
    }

    /// Whether the name goes with the operation; for `bool` it goes at the very end.
    fn drops_name(self) -> bool {
        !self.compares
    }

    fn joined(
        self,
        a: Vec<Row>,
        b: Vec<Row>,
        modifier: Option<&BinModifier>,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        let card = modifier.map_or(VectorMatchCardinality::OneToOne, |modifier| modifier.card.clone());
        // The "many" side comes first from here on.
        let (many, one, swapped, taken) = match &card {
            VectorMatchCardinality::OneToMany(labels) => (b, a, true, Some(&labels.labels[..])),
            VectorMatchCardinality::ManyToOne(labels) => (a, b, false, Some(&labels.labels[..])),
            _ => (a, b, false, None),
        };
        let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
        let mut ones: HashMap<Tags, Vec<&Row>> = HashMap::new();
        for row in &one {
            ones.entry(signature(&row.tags, matching)).or_default().push(row);
        }
        Self::unique(&many, &ones, swapped, grid)?;
        let mut rows = Vec::with_capacity(many.len());
        // Per group of matching labels, and for one-to-many per result: where a value was made already.
        let mut used: HashMap<(Tags, Option<Tags>), Vec<bool>> = HashMap::new();
        for row in many {
            let key = signature(&row.tags, matching);
            for partner in ones.get(&key).into_iter().flatten() {
                let tags = self.result_tags(&row.tags, &partner.tags, matching, taken);
                let used = used
                    .entry((key.clone(), taken.is_some().then(|| tags.clone())))
                    .or_insert_with(|| vec![false; grid.n]);
                let mut values = vec![None; grid.n];
                for (step, value) in values.iter_mut().enumerate() {
                    let (Some(mine), Some(theirs)) = (row.values[step], partner.values[step]) else { continue };
                    *value = if swapped { self.two(theirs, mine, theirs) } else { self.two(mine, theirs, mine) };
                    if value.is_some() && std::mem::replace(&mut used[step], true) {
                        let words = if taken.is_some() {
                            "multiple matches for labels: grouping labels must ensure unique matches"
                        } else {
                            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                        };
                        return Err(QueryError::Execution(words.to_owned()));
                    }
                }
                rows.push(Row { tags, values });
            }
        }
        distinct(rows)
    }

    /// On the "one" side no two series may match the same, at any step at which both sides have something.
    fn unique(many: &[Row], ones: &HashMap<Tags, Vec<&Row>>, swapped: bool, grid: Grid) -> Result<(), QueryError> {
        for (group, rows) in ones.iter().filter(|(_, rows)| rows.len() > 1) {
            for step in 0..grid.n {
                let there: Vec<&&Row> = rows.iter().filter(|row| row.values[step].is_some()).collect();
                if let [first, second, ..] = there[..]
                    && many.iter().any(|row| row.values[step].is_some())
                {
                    let side = if swapped { "left" } else { "right" };
                    return Err(QueryError::Execution(format!(
                        "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
                         [{}, {}];many-to-many matching not allowed: matching labels must be unique on one side",
                        second.tags, first.tags
                    )));
                }
            }
        }
        Ok(())
    }

    fn result_tags(self, many: &Tags, one: &Tags, matching: Option<&LabelModifier>, taken: Option<&[String]>) -> Tags {
        let mut tags = if self.drops_name() { many.bare() } else { many.clone() };
        match (taken, matching) {
            (None, Some(LabelModifier::Include(on))) => {
                let keep = |label: &str| on.labels.iter().any(|one| one == label);
                let name = tags.name.as_deref().filter(|_| keep("__name__"));
                tags = Tags::new(name, tags.labels.iter().filter(|(label, _)| keep(label)).cloned());
            }
            (None, Some(LabelModifier::Exclude(ignored))) => {
                for label in &ignored.labels {
                    tags = tags.with(label, "");
                }
            }
            (None, None) => {}
            (Some(taken), _) => {
                for label in taken {
                    tags = tags.with(label, one.get(label));
                }
            }
        }
        if self.bool { tags.bare() } else { tags }
    }
}

/// What two series must share to be matched.
fn signature(tags: &Tags, matching: Option<&LabelModifier>) -> Tags {
    match matching {
        None => tags.bare(),
        Some(LabelModifier::Include(on)) => {
            let keep = |label: &str| on.labels.iter().any(|one| one == label);
            let name = tags.name.as_deref().filter(|_| keep("__name__"));
            Tags::new(name, tags.labels.iter().filter(|(label, _)| keep(label)).cloned())
        }
        Some(LabelModifier::Exclude(ignored)) => {
            let keep = |label: &str| !ignored.labels.iter().any(|one| one == label);
            Tags::new(None, tags.labels.iter().filter(|(label, _)| keep(label)).cloned())
        }
    }
}

fn sets(op: u16, a: Vec<Row>, b: Vec<Row>, modifier: Option<&BinModifier>, grid: Grid) -> Vec<Row> {
    let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
    let presence = |rows: &[Row]| {
        let mut there: HashMap<Tags, Vec<bool>> = HashMap::new();
        for row in rows {
            let known = there.entry(signature(&row.tags, matching)).or_insert_with(|| vec![false; grid.n]);
            known.iter_mut().zip(&row.values).for_each(|(known, value)| *known |= value.is_some());
        }
        there
    };
    let masked = |mut rows: Vec<Row>, other: &HashMap<Tags, Vec<bool>>, wanted: bool| {
        for row in &mut rows {
            let there = other.get(&signature(&row.tags, matching));
            for (step, value) in row.values.iter_mut().enumerate() {
                if there.is_some_and(|there| there[step]) != wanted {
                    *value = None;
                }
            }
        }
        rows.retain(|row| row.values.iter().any(Option::is_some));
        rows
    };
    match op {
        T_LAND => masked(a, &presence(&b), true),
        T_LUNLESS => masked(a, &presence(&b), false),
        _ => {
            let left = presence(&a);
            let mut rows = a;
            for row in masked(b, &left, false) {
                // The same series may stand on the left at one step and on the right at another.
                match rows.iter_mut().find(|own| own.tags == row.tags) {
                    Some(own) => own.values.iter_mut().zip(row.values).for_each(|(own, value)| *own = own.or(value)),
                    None => rows.push(row),
                }
            }
            rows
        }
    }
}
