// Corrected fields on later sites through one layer: see pairs/chains and pairs/fields_corrected.

#include pairs/chains

const CORRECTION_TENSORS: u32 = 1u;
