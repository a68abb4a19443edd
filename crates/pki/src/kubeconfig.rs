//! Kubeconfig files. Cluster `cluster`, user and context `admin`, as HyperShift's tools expect.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// What a kubeconfig says.
#[derive(Clone, PartialEq, Eq)]
pub struct Kubeconfig<'a> {
    /// `https://host:port`.
    pub server: &'a str,
    /// PEM of the authorities that the server's certificate is checked against.
    pub certificate_authority_pem: &'a str,
    /// PEM of the client certificate.
    pub client_certificate_pem: &'a str,
    /// PEM of its key.
    pub client_key_pem: &'a str,
    /// Proxy on the way to the server.
    pub proxy_url: Option<&'a str>,
}

impl Kubeconfig<'_> {
    /// The file. JSON within YAML's rules would do; block YAML is what people expect to read.
    pub fn render(&self) -> String {
        let encode = |pem: &str| STANDARD.encode(pem);
        let proxy = self.proxy_url.map_or_else(String::new, |proxy| format!("    proxy-url: {}\n", json!(proxy)));
        format!(
            "apiVersion: v1\n\
             kind: Config\n\
             clusters:\n\
             - name: cluster\n\
             \x20 cluster:\n\
             \x20   server: {server}\n\
             {proxy}\
             \x20   certificate-authority-data: {authority}\n\
             contexts:\n\
             - name: admin\n\
             \x20 context:\n\
             \x20   cluster: cluster\n\
             \x20   user: admin\n\
             current-context: admin\n\
             users:\n\
             - name: admin\n\
             \x20 user:\n\
             \x20   client-certificate-data: {certificate}\n\
             \x20   client-key-data: {key}\n",
            server = json!(self.server),
            authority = encode(self.certificate_authority_pem),
            certificate = encode(self.client_certificate_pem),
            key = encode(self.client_key_pem),
        )
    }
}
