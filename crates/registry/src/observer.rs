//! What a caller may watch while images move, to draw a progress bar or write a line.

use hoist_release::ImageReference;

/// Receives progress. Every method has an empty default; calls come from the task that does the work and must not block.
pub trait Observer: Send + Sync {
    /// An image begins to move; `bytes` is its compressed size, present or not.
    fn image_started(&self, image: &ImageReference, bytes: u64) {
        let _ = (image, bytes);
    }

    /// So many bytes of the current image arrived, were sent or turned out to be there already.
    fn advanced(&self, bytes: u64) {
        let _ = bytes;
    }

    /// The image is complete.
    fn image_finished(&self, image: &ImageReference) {
        let _ = image;
    }
}

/// Watches nothing.
pub(crate) struct Silent;

impl Observer for Silent {}
