//! A number and its noun, in words that agree.

/// `1 event`, `2 events`. The noun is given for one.
pub(crate) fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stands_alone() {
        assert_eq!(counted(0_u64, "event"), "0 events");
        assert_eq!(counted(1_usize, "rule file"), "1 rule file");
        assert_eq!(counted(2_u64, "problem"), "2 problems");
    }
}
