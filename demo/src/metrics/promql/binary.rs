//! Operators between numbers and series.

use std::{collections::HashMap, sync::Arc};

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
use crate::metrics::tsdb::{Pair, Tags};

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
            VectorMatchCardinality::OneToMany(labels) => (b, a, true, Some(labels)),
            VectorMatchCardinality::ManyToOne(labels) => (a, b, false, Some(labels)),
            _ => (a, b, false, None),
        };
        let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
        let mut ones: HashMap<Tags, Vec<&Row>> = HashMap::new();
        for row in &one {
            ones.entry(signature(&row.tags, matching)).or_default().push(row);
        }
        let mut rows = Vec::with_capacity(many.len());
        let mut used: HashMap<Tags, Vec<bool>> = HashMap::new();
        for row in many {
            let key = signature(&row.tags, matching);
            let Some(partners) = ones.get(&key) else { continue };
            let mut values = vec![None; grid.n];
            let mut tags = row.tags.clone();
            for (step, value) in values.iter_mut().enumerate() {
                let mut there = partners.iter().filter_map(|one| Some((*one, one.values[step]?)));
                let (Some(mine), Some((partner, theirs))) = (row.values[step], there.next()) else { continue };
                if there.next().is_some() {
                    return Err(QueryError::Execution(
                        "found duplicate series for the match group: many-to-many matching not allowed: matching labels \
                         must be unique on one side"
                            .to_owned(),
                    ));
                }
                *value = if swapped { self.two(theirs, mine, mine) } else { self.two(mine, theirs, mine) };
                if taken.is_none() && value.is_some() {
                    let taken = used.entry(key.clone()).or_insert_with(|| vec![false; grid.n]);
                    if std::mem::replace(&mut taken[step], true) {
                        return Err(QueryError::Execution(
                            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                                .to_owned(),
                        ));
                    }
                }
                tags = result_tags(
                    &row.tags,
                    partner,
                    matching,
                    taken.map(|labels| &labels.labels[..]),
                    self.keeps_name(),
                );
            }
            rows.push(Row { tags, values });
        }
        distinct(rows)
    }
}

/// What two series must share to be matched.
fn signature(tags: &Tags, matching: Option<&LabelModifier>) -> Tags {
    let kept = tags.labels.iter().filter(|(name, _)| match matching {
        None => true,
        Some(LabelModifier::Include(on)) => on.labels.iter().any(|one| **one == **name),
        Some(LabelModifier::Exclude(ignored)) => !ignored.labels.iter().any(|one| **one == **name),
    });
    Tags::new(None, kept.cloned())
}

fn result_tags(
    many: &Tags,
    one: &Row,
    matching: Option<&LabelModifier>,
    taken: Option<&[String]>,
    keeps_name: bool,
) -> Tags {
    let name = many.name.clone().filter(|_| keeps_name);
    let labels = match taken {
        // One to one: with `on` only these labels are left.
        None => match matching {
            Some(LabelModifier::Include(_) | LabelModifier::Exclude(_)) if !keeps_name => {
                signature(many, matching).labels
            }
            Some(LabelModifier::Include(_)) => signature(many, matching).labels,
            _ => Arc::clone(&many.labels),
        },
        Some(taken) => {
            let own = many.labels.iter().filter(|(name, _)| !taken.iter().any(|one| **one == **name)).cloned();
            let theirs = taken.iter().map(|name| -> Pair { (name.as_str().into(), one.tags.get(name).into()) });
            Tags::new(None, own.chain(theirs)).labels
        }
    };
    Tags { name, labels }
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
