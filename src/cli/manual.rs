//! `han-gpu completions` and `han-gpu manual`: the command line described for shells and for `man`.

use clap_complete::Shell;
use std::path::PathBuf;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu completions bash > ~/.local/share/bash-completion/completions/han-gpu
  han-gpu completions fish > ~/.config/fish/completions/han-gpu.fish")]
pub(super) struct Completions {
    shell: Shell,
}

/// Write man pages, one for every command.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu manual ~/.local/share/man/man1 && man han-gpu-train")]
pub(super) struct Manual {
    /// Folder; it is made if it does not exist
    folder: PathBuf,
}

pub(super) fn completions(arguments: &Completions) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command_line(), "han-gpu", &mut script);
    let script = String::from_utf8(script)?;
    let script = match arguments.shell {
        // clap_complete 4.6 has two names for a command with a hyphen: subcommands set one, and their words stand under the other.
        Shell::Bash => script.replace("han__subcmd__gpu", "han__gpu"),
        _ => script,
    };
    super::print(script.trim_end())
}

pub(super) fn manual(arguments: &Manual) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).map_err(|source| crate::Error::file("create", folder, source))?;
    clap_mangen::generate_to(super::command_line(), folder)
        .map_err(|source| crate::Error::file("write", folder, source))?;
    super::print(&format!("man pages in {}", folder.display()))
}
