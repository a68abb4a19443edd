//! What anybody may fetch: the agent, whose hash is in the join line, and the authority, whose pin is there too.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{
        HeaderValue,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use futures::StreamExt as _;
use tokio_util::io::ReaderStream;
use tracing::error;

use crate::{
    access::{self, Peer},
    app::App,
    refusal::Refusal,
};

/// `GET /hoist-node`.
pub(crate) async fn hoist_node(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
) -> Result<Response, Refusal> {
    access::admit(&app, peer, false)?;
    let permit = Arc::clone(&app.downloads).try_acquire_owned().map_err(|_| Refusal::TooMany)?;
    let opened = async {
        let file = tokio::fs::File::open(&app.hoist_node).await?;
        let length = file.metadata().await?.len();
        Ok::<_, std::io::Error>((file, length))
    };
    let (file, length) = opened.await.map_err(|cause| {
        error!(path = %app.hoist_node.display(), %cause, "hoist-node cannot be served");
        Refusal::Unavailable("hoist-node is not available from this server; its image lacks it".to_owned())
    })?;
    // The permit lives as long as the body.
    let stream = ReaderStream::with_capacity(file, 64 * 1024).map(move |chunk| {
        let _ = &permit;
        chunk
    });
    let mut response = Body::from_stream(stream).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

/// `GET /v1/ca`.
pub(crate) async fn certificate_authority(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
) -> Result<Response, Refusal> {
    access::admit(&app, peer, false)?;
    let pem = tokio::fs::read_to_string(app.tls.certificate_authority()).await.map_err(|cause| {
        error!(%cause, "the certificate authority cannot be served");
        Refusal::Unavailable("the certificate authority is not available right now".to_owned())
    })?;
    Ok(([(CONTENT_TYPE, "application/x-pem-file")], pem).into_response())
}
