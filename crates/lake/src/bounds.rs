//! Which stretch of time and which classes a query's conditions leave: enough to pass over whole segments.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use ports::Segment;

use crate::columns::{CLASS, TIME};

/// What a segment must have to be of interest. Wide rather than exact: a bound that is not understood is no bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Earliest time, inclusive, in milliseconds.
    pub(crate) from: i64,
    /// Latest time, inclusive, in milliseconds.
    pub(crate) to: i64,
    /// Classes; `None` for any.
    pub(crate) classes: Option<Vec<i64>>,
}

impl Bounds {
    /// What these conditions leave together.
    pub(crate) fn of(conditions: &[Expr]) -> Self {
        let mut bounds = Self { from: i64::MIN, to: i64::MAX, classes: None };
        conditions.iter().for_each(|condition| bounds.narrow(condition));
        bounds
    }

    /// Whether a segment may have rows within.
    pub(crate) fn may_hold(&self, segment: &Segment) -> bool {
        let in_time = segment.time_min.0 <= self.to && segment.time_max.0 >= self.from;
        let in_class = self.classes.as_ref().is_none_or(|classes| {
            segment.classes.iter().any(|class| classes.contains(&i64::from(*class)))
        });
        in_time && in_class
    }

    fn narrow(&mut self, condition: &Expr) {
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                self.narrow(left);
                self.narrow(right);
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                self.compare(left, *op, right);
                if let Some(swapped) = op.swap() {
                    self.compare(right, swapped, left);
                }
            }
            Expr::Between(Between { expr, negated: false, low, high }) => {
                self.compare(expr, Operator::GtEq, low);
                self.compare(expr, Operator::LtEq, high);
            }
            Expr::InList(InList { expr, list, negated: false }) if is_column(expr, CLASS) => {
                let classes: Option<Vec<i64>> = list.iter().map(whole).collect();
                self.in_classes(classes);
            }
            _ => {}
        }
    }

    fn compare(&mut self, left: &Expr, op: Operator, right: &Expr) {
        if is_column(left, CLASS) && op == Operator::Eq {
            self.in_classes(whole(right).map(|class| vec![class]));
        }
        if !is_column(left, TIME) {
            return;
        }
        let Some((floor, ceiling)) = millis(right) else { return };
        if matches!(op, Operator::Eq | Operator::Gt | Operator::GtEq) {
            self.from = self.from.max(floor);
        }
        if matches!(op, Operator::Eq | Operator::Lt | Operator::LtEq) {
            self.to = self.to.min(ceiling);
        }
    }

    fn in_classes(&mut self, classes: Option<Vec<i64>>) {
        let Some(classes) = classes else { return };
        match &mut self.classes {
            Some(have) => have.retain(|class| classes.contains(class)),
            None => self.classes = Some(classes),
        }
    }
}

fn is_column(expression: &Expr, name: &str) -> bool {
    matches!(expression, Expr::Column(column) if column.name == name)
}

fn whole(expression: &Expr) -> Option<i64> {
    match expression {
        Expr::Literal(ScalarValue::Int64(number), _) => *number,
        _ => None,
    }
}

/// A time as milliseconds, rounded down and up.
fn millis(expression: &Expr) -> Option<(i64, i64)> {
    let Expr::Literal(value, _) = expression else { return None };
    let (ticks, per_milli) = match value {
        ScalarValue::TimestampSecond(Some(seconds), _) => (seconds.checked_mul(1000)?, 1),
        ScalarValue::TimestampMillisecond(Some(millis), _) => (*millis, 1),
        ScalarValue::TimestampMicrosecond(Some(micros), _) => (*micros, 1000),
        ScalarValue::TimestampNanosecond(Some(nanos), _) => (*nanos, 1_000_000),
        _ => return None,
    };
    let floor = ticks.div_euclid(per_milli);
    Some((floor, floor + i64::from(ticks.rem_euclid(per_milli) != 0)))
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{ident, lit};

    use super::*;

    fn at(millis: i64) -> Expr {
        lit(ScalarValue::TimestampMillisecond(Some(millis), Some("UTC".into())))
    }

    #[test]
    fn times_and_classes_of_a_conjunction_count() {
        let conditions = [
            ident(TIME).gt_eq(at(10)).and(at(20).gt(ident(TIME))),
            ident(CLASS).in_list(vec![lit(1i64), lit(2i64)], false),
            ident(CLASS).eq(lit(2i64)),
        ];
        let expected = Bounds { from: 10, to: 20, classes: Some(vec![2]) };
        assert_eq!(Bounds::of(&conditions), expected);
    }

    #[test]
    fn what_is_not_certain_is_no_bound() {
        let either = ident(TIME).gt(at(10)).or(ident(CLASS).eq(lit(2i64)));
        let not = Expr::Not(Box::new(ident(TIME).gt(at(10))));
        let unbound = Bounds { from: i64::MIN, to: i64::MAX, classes: None };
        assert_eq!(Bounds::of(&[either, not, ident(TIME).not_eq(at(5))]), unbound);
        let nanos = lit(ScalarValue::TimestampNanosecond(Some(-1), None));
        assert_eq!(Bounds::of(&[ident(TIME).lt(nanos.clone())]).to, 0);
        assert_eq!(Bounds::of(&[ident(TIME).gt(nanos)]).from, -1);
    }
}
