/** Version of the layout that this code reads and writes; raised when an older Grove would misread what a newer one writes. */
export const LAYOUT = 3;
