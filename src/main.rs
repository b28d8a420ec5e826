//! The `han-gpu` command.

fn main() -> std::process::ExitCode {
    han_gpu::cli::main()
}
