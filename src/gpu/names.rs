//! Which adapter a name means, and which name means an adapter.

use crate::error::{Error, Result};

/// A name for every adapter that means it and no other, from their drivers' names in the order of the list: that name, and from
/// the second one of a name on with a number, `NAME #2`. A card that two drivers list counts twice.
pub(super) fn settings(names: &[String]) -> Vec<String> {
    let number = |index: usize| 1 + names[..index].iter().filter(|name| is_same(name, &names[index])).count();
    let setting = |(index, name): (usize, &String)| match number(index) {
        1 => name.clone(),
        number => format!("{name} #{number}"),
    };
    names.iter().enumerate().map(setting).collect()
}

/// The adapter that an index, one of [`settings`], a whole name or a part of one means, case ignored. Of several of the same
/// name the first, or the one of the number that follows.
///
/// # Errors
/// When nothing answers to it, or adapters of different names do.
pub(super) fn find(wanted: &str, names: &[String]) -> Result<usize> {
    let settings = settings(names);
    let list = |indices: &[usize]| {
        indices.iter().map(|&index| format!("{index} = {}", settings[index])).collect::<Vec<_>>().join(", ")
    };
    let all: Vec<usize> = (0..names.len()).collect();
    let none = || {
        let known = ["auto".to_owned(), "cpu".to_owned(), list(&all)];
        let available = known.into_iter().filter(|known| !known.is_empty()).collect::<Vec<_>>().join(", ");
        Error::NoDevice { wanted: wanted.to_owned(), available }
    };
    if let Ok(index) = wanted.parse::<usize>() {
        return all.get(index).copied().ok_or_else(none);
    }
    let trimmed = wanted.trim();
    if let Some(index) = settings.iter().position(|setting| is_same(setting, trimmed)) {
        return Ok(index);
    }
    let (part, number) = split_number(trimmed);
    let fitting = fitting(part, names);
    let first = *fitting.first().ok_or_else(none)?;
    if fitting.iter().any(|&index| !is_same(&names[index], &names[first])) {
        let expected = format!("it fits several: {}; give a whole name or an index", list(&fitting));
        return Err(Error::setting("device", wanted, expected));
    }
    fitting.get(number - 1).copied().ok_or_else(none)
}

/// Adapters with this name, else those with a name that it is a part of.
fn fitting(part: &str, names: &[String]) -> Vec<usize> {
    let those = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        names.iter().enumerate().filter(|(_, name)| fits(name)).map(|(index, _)| index).collect()
    };
    let exact = those(&|name| is_same(name, part));
    let lower = part.to_lowercase();
    match exact.is_empty() && !part.is_empty() {
        true => those(&|name| name.to_lowercase().contains(&lower)),
        false => exact,
    }
}

/// A name and which one of that name is meant, from 1 on: the first if nothing else is said.
fn split_number(wanted: &str) -> (&str, usize) {
    let split = wanted.rsplit_once(" #").and_then(|(name, number)| {
        let number = number.parse().ok().filter(|&number| number > 0)?;
        Some((name, number))
    });
    split.unwrap_or((wanted, 1))
}

fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn names_match_in_part_and_indices_exactly() {
        let all = names(&["llvmpipe (LLVM 15)", "Radeon RX"]);
        assert_eq!(find("LLVMpipe", &all).unwrap(), 0);
        assert_eq!(find("1", &all).unwrap(), 1);
        // A number is an index and never a part of a name.
        for wanted in ["15", "2", "", " ", "geforce", "#1", "radeon #2", "radeon #0"] {
            let refused = find(wanted, &all).unwrap_err();
            assert!(matches!(refused, Error::NoDevice { .. }), "{wanted}: {refused}");
            assert!(refused.to_string().contains("auto, cpu, 0 = llvmpipe (LLVM 15), 1 = Radeon RX"));
        }
        assert!(find("geforce", &[]).unwrap_err().to_string().ends_with("auto, cpu"));
    }

    #[test]
    fn a_name_that_is_a_part_of_another_means_its_own_card() {
        let all = names(&["NVIDIA GeForce RTX 3060 Ti", "NVIDIA GeForce RTX 3060", "Intel UHD"]);
        assert_eq!(find("nvidia geforce rtx 3060", &all).unwrap(), 1);
        assert_eq!(find("nvidia geforce rtx 3060 #1", &all).unwrap(), 1);
        assert_eq!(find("3060 ti", &all).unwrap(), 0);
        let refused = find("rtx 3060", &all).unwrap_err();
        assert!(refused.is_usage());
        let listed = "0 = NVIDIA GeForce RTX 3060 Ti, 1 = NVIDIA GeForce RTX 3060; give";
        assert!(
            refused.to_string().contains("device = rtx 3060") && refused.to_string().contains(listed),
            "{refused}"
        );
    }

    #[test]
    fn every_twin_has_a_name_of_its_own_and_the_plain_name_means_the_first() {
        for all in [
            names(&["RTX 3060", "Arc", "RTX 3060", "rtx 3060", "RTX 3060 Ti", "Arc"]),
            names(&["GPU", "GPU #1", "GPU", "GPU #1"]),
        ] {
            for (index, setting) in settings(&all).iter().enumerate() {
                assert_eq!(find(setting, &all).unwrap(), index, "{setting} of {all:?}");
            }
        }
        let all = names(&["RTX 3060", "Arc", "RTX 3060"]);
        assert_eq!(settings(&all), ["RTX 3060", "Arc", "RTX 3060 #2"]);
        assert_eq!([find("rtx", &all), find("rtx #2", &all)].map(Result::unwrap), [0, 2]);
        // Taken out of the machine.
        assert!(find("RTX 3060 #3", &all).unwrap_err().to_string().contains("2 = RTX 3060 #2"));
    }
}
