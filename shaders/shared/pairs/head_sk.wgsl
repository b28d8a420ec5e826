// Fields on later sites through layers: see pairs/chains.

#include pairs/chains

const CORRECTION_TENSORS: u32 = 0u;
