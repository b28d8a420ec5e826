//! Buffers with contents, without a panic on a device that is lost or full.

use super::scopes::Scopes;
use wgpu::{
    Buffer, BufferAddress, BufferDescriptor, BufferUsages, COPY_BUFFER_ALIGNMENT, Device, ErrorFilter,
};

/// Makes a buffer that holds `contents`, which are whole words.
///
/// # Errors
/// When the device gives no memory: it is lost, or full.
pub(super) fn upload(
    device: &Device,
    label: &str,
    contents: &[u8],
    usage: BufferUsages,
) -> Result<Buffer, String> {
    // No buffer is empty, nor is a mapped range.
    let size = (contents.len() as BufferAddress).max(COPY_BUFFER_ALIGNMENT);
    let scopes = Scopes::open(device, &[ErrorFilter::OutOfMemory]);
    let buffer =
        device.create_buffer(&BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: true });
    if scopes.close().is_some() {
        return Err(format!("out of memory for {} bytes", contents.len()));
    }
    let mapped = buffer.get_mapped_range_mut(..size);
    let mut view = mapped.map_err(|_| "the device was lost, or its memory is full".to_owned())?;
    view.slice(..contents.len()).copy_from_slice(contents);
    drop(view);
    buffer.unmap();
    Ok(buffer)
}
