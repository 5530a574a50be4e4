//! The `alicerce` command: parse the arguments, call, exit with the code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    alicerce::cli::main()
}
