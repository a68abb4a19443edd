//! Command lines of components: `--name=value`, in the order in which a reader looks for them.

/// A command line under construction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments(Vec<String>);

impl Arguments {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `--name=value`.
    #[must_use]
    pub fn flag(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.0.push(format!("--{name}={value}"));
        self
    }

    /// Adds `--name=value` when there is a value.
    #[must_use]
    pub fn optional(self, name: &str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.flag(name, value),
            None => self,
        }
    }

    /// The arguments as a container takes them.
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}
