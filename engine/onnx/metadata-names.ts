/** `metadata_props` of a compiled model: the execution provider that compiled it. */
export const COMPILED_EP = 'grove.compiled_by';
/** The version of that provider. */
export const COMPILED_EP_VERSION = 'grove.compiled_by_version';
