//! Compiled pipelines on disk, where the driver can give and take them.

use crate::cache;
use std::path::PathBuf;
use wgpu::{Adapter, Device, Features, PipelineCache, PipelineCacheDescriptor};

/// Largest file that is read.
const LARGEST: u64 = 256 << 20;

/// The driver's cache and the file that it is kept in.
#[derive(Debug)]
pub(super) struct CacheFile {
    cache: PipelineCache,
    path: PathBuf,
}

impl CacheFile {
    /// The cache of an adapter, with what an earlier run left; nothing where device or system have no place for it.
    pub(super) fn open(adapter: &Adapter, device: &Device) -> Option<Self> {
        if !device.features().contains(Features::PIPELINE_CACHE) {
            return None;
        }
        let path = cache::file(&wgpu::util::pipeline_cache_key(&adapter.get_info())?)?;
        let data = cache::read(&path, LARGEST);
        let descriptor =
            PipelineCacheDescriptor { label: Some("han-gpu"), data: data.as_deref(), fallback: true };
        // SAFETY: the file is in the user's own cache folder and written by `save` alone, from what the same call of an
        // earlier run returned; wgpu checks that adapter and driver are the same, and starts empty if they are not.
        let cache = unsafe { device.create_pipeline_cache(&descriptor) };
        Some(Self { cache, path })
    }

    pub(super) fn cache(&self) -> &PipelineCache {
        &self.cache
    }

    /// Keeps what has been compiled so far. A run does not depend on it: failures are only logged.
    pub(super) fn save(&self) {
        if let Some(data) = self.cache.get_data() {
            cache::write(&self.path, &data);
        }
    }
}
