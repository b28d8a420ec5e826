//! Words that all commands understand alike: whole numbers such as 1e4, of which negative ones are refused as numbers and not taken for flags, and names of devices that shells
//! complete.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, error::Error};
use std::any::TypeId;
use std::ffi::OsStr;

/// Flags that name a device.
const DEVICE: &str = "device";
/// Numbers from here on have no exact neighbours as floats.
const LARGEST: f64 = (1_u64 << 53) as f64;

/// Gives every flag of a command and of its subcommands the words of its kind.
pub(super) fn understood(command: Command) -> Command {
    command.mut_args(understanding).mut_subcommands(understood)
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
