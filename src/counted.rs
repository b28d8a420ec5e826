//! Numbers of things in words.

/// A number of things, as 1 step, 20 steps or 2 trajectories.
pub(crate) fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_no_plural() {
        assert_eq!([0, 1, 2].map(|count: u32| counted(count, "step")), ["0 steps", "1 step", "2 steps"]);
        assert_eq!(
            [1, 2].map(|count: usize| counted(count, "trajectory")),
            ["1 trajectory", "2 trajectories"]
        );
    }
}
