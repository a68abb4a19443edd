//! `--output` of commands that print for people or for programs.

/// The form of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    #[value(name = "table", alias = "text")]
    Text,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
}

/// The flag group.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct OutputFlags {
    /// Form of the output
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
}
