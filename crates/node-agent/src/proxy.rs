//! The proxy that this host's environment names.

use std::env;

use hoist_node_config::ProxySettings;

/// `HTTPS_PROXY` and `NO_PROXY`, in either case of letters.
pub(crate) fn from_environment() -> Option<ProxySettings> {
    let value = |names: [&str; 2]| names.iter().find_map(|name| env::var(name).ok()).filter(|value| !value.is_empty());
    let https_proxy = value(["HTTPS_PROXY", "https_proxy"])?;
    // What is on the host, or is the node's own API, is never reached through a proxy.
    let own = "127.0.0.1,localhost,172.20.0.1";
    let no_proxy = match value(["NO_PROXY", "no_proxy"]) {
        Some(theirs) => format!("{theirs},{own}"),
        None => own.to_owned(),
    };
    Some(ProxySettings { https_proxy, no_proxy })
}

/// A client that goes through `proxy`, and through no other.
pub(crate) fn client(
    tls: rustls::ClientConfig,
    proxy: Option<&ProxySettings>,
) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .use_preconfigured_tls(tls)
        .no_proxy()
        .connect_timeout(std::time::Duration::from_secs(5));
    let builder = match proxy {
        None => builder,
        Some(proxy) => builder
            .proxy(reqwest::Proxy::https(&proxy.https_proxy)?.no_proxy(reqwest::NoProxy::from_string(&proxy.no_proxy))),
    };
    builder.build()
}
