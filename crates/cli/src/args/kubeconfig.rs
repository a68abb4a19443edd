//! Which management cluster a command talks to.

use std::path::PathBuf;

/// The flag group.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct KubeconfigFlags {
    /// Kubeconfig of the management cluster; otherwise $KUBECONFIG, then ~/.kube/config, then the pod's own account
    #[arg(long, value_name = "FILE", help_heading = "Management cluster")]
    pub kubeconfig: Option<PathBuf>,
}
