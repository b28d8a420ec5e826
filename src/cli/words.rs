//! Words that all commands understand and say alike: whole numbers such as 1e4, of which negative ones are refused as numbers and not taken for flags, names of devices that shells
//! complete, and help in short and in full.

use clap::builder::{PossibleValue, StyledStr, TypedValueParser};
use clap::{Arg, ArgAction, Command, error::Error};
use std::any::TypeId;
use std::ffi::OsStr;

/// Flags that name a device.
const DEVICE: &str = "device";
/// Numbers from here on have no exact neighbours as floats.
const LARGEST: f64 = (1_u64 << 53) as f64;

/// The place of options that all commands have, behind their own.
pub(super) const LAST: usize = 1000;

/// Gives every flag of a command and of its subcommands the words of its kind, and every command a short help and a full one.
pub(super) fn understood(command: Command) -> Command {
    let full = format!("{} help", command.get_name());
    worded(command.max_term_width(super::columns::WIDTH), &full)
}

/// A command whose full help another command prints.
fn worded(command: Command, full: &str) -> Command {
    let command = command.mut_args(|argument| in_short(in_full(named(understanding(argument)))));
    match command.has_subcommands() {
        true => command.mut_subcommands(|inner| {
            let full = format!("{full} {}", inner.get_name());
            worded(inner, &full)
        }),
        false => {
            let help = help(&command, full);
            command.disable_help_flag(true).arg(help)
        }
    }
}

/// The flag that prints the short help, which fits two screens; the command `help` and the man page say the rest.
fn help(command: &Command, full: &str) -> Arg {
    let has_star = |argument: &Arg| argument.get_help().is_some_and(|help| help.to_string().ends_with("*]"));
    let stars = if command.get_arguments().any(has_star) { " (*: follows from others)" } else { "" };
    Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::HelpShort)
        .display_order(LAST)
        .help(format!("Help{stars}; in full: {full}"))
        .long_help("Print help in short")
}

/// Help in one line: words, then in brackets the names that are possible and the default.
pub(super) fn brief(words: &str, names: &[impl AsRef<str>], default: Option<&str>) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let names = Some(names.join(", ")).filter(|names| !names.is_empty());
    let default = default.map(|default| format!("default: {default}"));
    match names.into_iter().chain(default).collect::<Vec<_>>().join("; ") {
        inside if inside.is_empty() => words.to_owned(),
        inside => format!("{words} [{inside}]"),
    }
}

/// A paragraph of full help: the names that are possible.
pub(super) fn possible(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("\n\n[possible values: {}]", names.join(", "))
}

/// Takes the first paragraph of a comment for short help alone, where a second one says it in full.
fn in_full(argument: Arg) -> Arg {
    let text = |help: Option<&StyledStr>| help.map(ToString::to_string).unwrap_or_default();
    let (short, full) = (text(argument.get_help()), text(argument.get_long_help()));
    match full.strip_prefix(&short).and_then(|rest| rest.strip_prefix("\n\n")) {
        Some(full) => argument.long_help(full.to_owned()),
        None => argument,
    }
}

/// Says the names that are possible, and the default, in few words.
fn in_short(argument: Arg) -> Arg {
    // Switches take no value.
    let names: Vec<String> =
        match argument.is_hide_possible_values_set() || !argument.get_action().takes_values() {
            true => Vec::new(),
            false => argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect(),
        };
    if names.is_empty() {
        return argument;
    }
    let text = |help: Option<&StyledStr>| help.map(ToString::to_string);
    let (short, full) = (text(argument.get_help()), text(argument.get_long_help()));
    let own = argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
    let said = own.as_ref().map_or(String::new(), |default| format!(" [default: {default}]"));
    let short = short.unwrap_or_default();
    // A default that clap does not know stands in the text.
    let told = short.strip_suffix(']').and_then(|text| text.rsplit_once(" [default: "));
    let (words, default) =
        told.map_or((short.as_str(), own.as_deref()), |(words, default)| (words, Some(default)));
    let short = brief(words, &names, default);
    let argument = argument.help(short).hide_possible_values(true).hide_default_value(true);
    match full {
        Some(full) => argument.long_help(full + &said + &possible(&names)),
        None => argument,
    }
}

/// Names the value of a flag after its kind, where it is named after the flag alone.
fn named(argument: Arg) -> Arg {
    let own = argument.get_id().as_str().to_uppercase();
    let is_plain = argument.get_value_names().is_some_and(|names| names.iter().all(|name| *name == own));
    if !is_plain || argument.is_positional() || !argument.get_action().takes_values() {
        return argument;
    }
    let kind = argument.get_value_parser().type_id();
    let whole = [TypeId::of::<u32>(), TypeId::of::<u64>(), TypeId::of::<usize>(), TypeId::of::<i64>()];
    let is_name = argument.get_id() == DEVICE || !argument.get_possible_values().is_empty();
    let has_several = argument.get_value_delimiter().is_some();
    match () {
        () if whole.iter().any(|one| kind == *one) => {
            argument.value_name(if has_several { "N,.." } else { "N" })
        }
        () if kind == TypeId::of::<f64>() => argument.value_name("X"),
        () if is_name => argument.value_name(if has_several { "NAME,.." } else { "NAME" }),
        () => argument,
    }
}

fn understanding(argument: Arg) -> Arg {
    let kind = argument.get_value_parser().type_id();
    match () {
        () if argument.get_id() == DEVICE => argument.value_parser(Device).hide_possible_values(true),
        () if kind == TypeId::of::<u32>() => argument.value_parser(whole::<u32>).allow_negative_numbers(true),
        () if kind == TypeId::of::<u64>() => argument.value_parser(whole::<u64>).allow_negative_numbers(true),
        () if kind == TypeId::of::<usize>() => {
            argument.value_parser(whole::<usize>).allow_negative_numbers(true)
        }
        () if kind == TypeId::of::<i64>() => argument.value_parser(whole::<i64>).allow_negative_numbers(true),
        () if kind == TypeId::of::<f64>() => argument.allow_negative_numbers(true),
        () => argument,
    }
}

/// Reads 4000, 4e3 or 1.5e3, but no 0.5.
fn whole<N: TryFrom<i128>>(text: &str) -> Result<N, String> {
    let number = text.parse::<i128>().ok().or_else(|| {
        let number = text.parse::<f64>().ok()?;
        (number.fract() == 0.0 && number.abs() <= LARGEST).then_some(number as i128)
    });
    let is_box = text
        .split_once(['x', 'X'])
        .is_some_and(|(side, length)| [side, length].iter().all(|text| text.trim().parse::<u32>().is_ok()));
    let number = number.ok_or(match is_box {
        true => "it must be one whole number: all sides of a lattice are equal, and boxes that are longer than wide have --exact-length",
        false => "it must be a whole number, as 4000 or 4e3",
    })?;
    N::try_from(number).map_err(|_| "it is too large, or negative".to_owned())
}

/// Takes any word: devices have names. Those that every machine has are completed.
#[derive(Debug, Clone, Copy)]
struct Device;

impl TypedValueParser for Device {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        clap::builder::StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(["auto", "cpu", "0", "1"].into_iter().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_fit_a_terminal_as_they_stand() {
        fn check(command: &Command) {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in examples.lines() {
                assert!(
                    line.chars().count() <= super::super::columns::WIDTH,
                    "{}: {line}",
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&super::super::command_line());
    }

    #[test]
    fn whole_numbers_may_have_an_exponent() {
        for (text, number) in [("4000", 4000), ("4e3", 4000), ("1.5e3", 1500), ("1E4", 10_000), ("0", 0)] {
            assert_eq!(whole::<u32>(text), Ok(number), "{text}");
        }
        assert_eq!(whole::<u64>("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(whole::<i64>("-2e3"), Ok(-2000));
        assert!(whole::<i64>("16x32").unwrap_err().contains("--exact-length"));
        for text in ["", "x", "0.5", "1e-3", "nan", "inf", "1e40", "4e", "4 000"] {
            assert!(whole::<usize>(text).unwrap_err().contains("4e3"), "{text}");
        }
        for text in ["-1", "5e9"] {
            assert!(whole::<u32>(text).unwrap_err().contains("too large, or negative"), "{text}");
        }
    }
}
