import { z } from 'zod';

/** Python environments that Grove manages on a machine, for what it cannot do itself. */
export const TOOLCHAIN_NAMES = ['openvino', 'olive'] as const;
export type ToolchainName = (typeof TOOLCHAIN_NAMES)[number];
export const toolchainNameSchema = z.enum(TOOLCHAIN_NAMES);

/** Hexadecimal digits of a lock's digest that stand in an id. */
const LOCK_DIGITS = 12;

/** `openvino-3f2a91c0d4e5`: an environment of exactly these packages. It stands in profiles, requirements and conversion keys. */
export const toolchainIdSchema = z.string().regex(/^(?:openvino|olive)-[0-9a-f]{12}$/, 'not a toolchain id such as openvino-3f2a91c0d4e5');

/** Id of a toolchain whose packages have this digest. */
export function toolchainId(name: ToolchainName, lockDigest: string): string {
  return `${name}-${lockDigest.slice(0, LOCK_DIGITS)}`;
}

/** The name an id begins with. */
export function toolchainNameOf(id: string): string {
  return id.replace(/-[0-9a-f]{12}$/, '');
}

/**
 * The toolchain of that name among those offered: of several locks the last in order of their ids, so that equal fleets give equal conversions. An
 * offer without a lock counts only when nothing else is there. Undefined when nobody offers one.
 */
export function offeredToolchain(name: ToolchainName, offered: Iterable<string>): string | undefined {
  return [...offered]
    .filter((id) => toolchainNameOf(id) === name)
    .sort()
    .at(-1);
}

/** Words for the toolchain a pass needs: `the Olive toolchain (surgeon X)`; empty when it needs none. */
export function toolchainText({ known, detail }: { readonly known: 'native' | ToolchainName; readonly detail: string }): string {
  if (known === 'native') return '';
  return `the ${known === 'olive' ? 'Olive' : 'OpenVINO'} toolchain${detail}`;
}
