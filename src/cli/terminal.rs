//! What is known of the terminal: whether to colour, how wide it is, how to render an error on it.

use std::io::IsTerminal as _;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The terminal a run writes to.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// Standard output takes colour.
    pub color: bool,
    /// Standard error is a terminal that may show progress.
    pub progress: bool,
    /// Columns to fill: the terminal's, else 100.
    pub width: usize,
}

impl Terminal {
    /// Looks at standard output, standard error, `NO_COLOR`, `CLICOLOR_FORCE`, `TERM` and `COLUMNS`.
    pub fn detect(choice: ColorChoice) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR") => false,
            ColorChoice::Auto => set("CLICOLOR_FORCE") || (std::io::stdout().is_terminal() && !dumb),
        };
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let measured = terminal_width();
        let width: usize = columns.or(measured).unwrap_or(100);
        Self { color, progress: std::io::stderr().is_terminal() && !dumb, width: width.clamp(40, 200) }
    }

    /// Renders a diagnostic as it is shown on standard error.
    pub fn render_error(&self, error: &dyn Diagnostic) -> String {
        let theme = if self.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(self.width).with_links(false);
        let mut out = String::new();
        if handler.render_report(&mut out, error).is_err() {
            out = format!("{error}\n");
        }
        out
    }
}

/// Columns of the terminal on standard output, where it is one.
fn terminal_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(width.0))
}
